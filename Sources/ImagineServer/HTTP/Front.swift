import HTTPTypes
import Hummingbird
import Logging

/// Takes every request in and sends every answer out: request id, token, route, errors, log line.
struct Front: HTTPResponder {
  let routes: RouteTable
  let callers: CurrentCallers
  let check: CallerCheck
  let allowance: @Sendable (Account) -> RateLimit.Allowance?
  let rehearsal: Rehearsal?
  /// The version of the engine; answers carry it, so that nobody takes its pictures for a model's.
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
      try check.check(host: request.head.authority, origin: request.headers[.origin])
      let (route, parameters) = try routes.find(request.method, path)
      let caller =
        route.access == .open
        ? Account.local
        : try callers.account(authorization: request.headers[.authorization], at: now())
      account = route.access == .open ? nil : caller
      let call = Call(
        request: request, context: context, id: id, parameters: parameters, account: caller)
      if let rehearsal {
        response = try await rehearsal.answer(call, work: route.handler)
      } else {
        response = try await route.handler(call)
      }
    } catch {
      cause = error
      response = .failure(Failure(error), in: Dialect(path: path))
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
    // A probe asks every few seconds and tells nobody anything.
    let level: Logger.Level =
      response.status.code >= 500 ? .error : path == "/healthz" ? .debug : .info
    guard level >= logger.logLevel else { return }
    var facts: Logger.Metadata = [
      "request": .string(id), "method": .string(request.method.rawValue),
      "path": .string(String(path.prefix(400))),
      "status": .stringConvertible(response.status.code),
      "milliseconds": .stringConvertible(
        Int(((ContinuousClock.now - start).seconds * 1000).rounded())),
    ]
    if let account { facts["account"] = .string(String(account.id.prefix(8))) }
    if let length = response.body.contentLength { facts["bytes"] = .stringConvertible(length) }
    if let cause {
      facts["error"] = .string((cause as? Failure)?.message ?? String(describing: cause))
    }
    logger.log(level: level, "request", metadata: facts)
  }
}

extension HTTPFields {
  /// Sets a field that the HTTP library has no name for.
  mutating func set(_ name: String, _ value: String) {
    if let name = HTTPField.Name(name) { self[name] = value }
  }
}
