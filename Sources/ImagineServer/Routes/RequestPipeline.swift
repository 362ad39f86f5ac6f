import HTTPTypes
import Hummingbird
import Logging

/// Processes every request: id, origin check, route, token, handler, error answer, headers, log line.
struct RequestPipeline: HTTPResponder {
  let routes: RouteTable
  let authentication: CurrentAuthentication
  let originCheck: OriginCheck
  let allowance: @Sendable (Account) -> RateLimit.Allowance?
  let faultInjection: FaultInjection?
  /// The engine's version, sent with every answer so that nobody takes its images for a model's.
  let engine: String
  /// Seconds since 1970.
  let now: @Sendable () -> Double
  let logger: Logger

  func respond(to request: Request, context: ConnectionContext) async -> Response {
    let start = ContinuousClock.now
    let id = String(UInt64.random(in: .min ... .max), radix: 16)
    let path = request.uri.path
    var account: Account?
    var cause: (any Error)?
    var response: Response
    do {
      try originCheck.check(host: request.head.authority, origin: request.headers[.origin])
      let (route, parameters) = try routes.find(request.method, path)
      let caller =
        route.access == .open
        ? Account.local
        : try authentication.account(authorization: request.headers[.authorization], at: now())
      account = route.access == .open ? nil : caller
      let incoming = IncomingRequest(
        http: request, context: context, id: id, parameters: parameters, account: caller)
      if let faultInjection {
        response = try await faultInjection.answer(incoming, work: route.handler)
      } else {
        response = try await route.handler(incoming)
      }
    } catch {
      cause = error
      response = .error(APIError(error), in: Dialect(path: path))
    }
    if let account, let allowance = allowance(account) {
      response.headers.set("x-ratelimit-limit", String(allowance.limit))
      response.headers.set("x-ratelimit-remaining", String(allowance.left))
    }
    if request.method == .head { response = response.createHeadResponse() }
    response.headers.set("x-request-id", id)
    response.headers.set("x-imagine-engine", engine)
    log(request, path, response, id: id, account: account, start: start, cause: cause)
    return response
  }

  private func log(
    _ request: Request, _ path: String, _ response: Response, id: String, account: Account?,
    start: ContinuousClock.Instant, cause: (any Error)?
  ) {
    // Health checks come every few seconds and would fill the log.
    let level: Logger.Level =
      response.status.code >= 500 ? .error : path == "/healthz" ? .debug : .info
    guard level >= logger.logLevel else { return }
    var metadata: Logger.Metadata = [
      "request": .string(id), "method": .string(request.method.rawValue),
      "path": .string(String(path.prefix(400))),
      "status": .stringConvertible(response.status.code),
      "milliseconds": .stringConvertible(
        Int(((ContinuousClock.now - start).seconds * 1000).rounded())),
    ]
    if let account { metadata["account"] = .string(String(account.id.prefix(8))) }
    if let length = response.body.contentLength { metadata["bytes"] = .stringConvertible(length) }
    if let cause {
      metadata["error"] = .string((cause as? APIError)?.message ?? String(describing: cause))
    }
    logger.log(level: level, "request", metadata: metadata)
  }
}

extension HTTPFields {
  /// Sets a field that HTTPTypes has no constant for.
  mutating func set(_ name: String, _ value: String) {
    if let name = HTTPField.Name(name) { self[name] = value }
  }
}
