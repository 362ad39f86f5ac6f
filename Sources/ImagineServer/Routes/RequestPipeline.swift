import HTTPTypes
import Hummingbird
import ImagineAPI
import Logging

/// Processes every request: trace, origin check, route, token, handler, error answer, headers, metrics,
/// log line.
struct RequestPipeline: HTTPResponder {
  let routes: RouteTable
  let metrics: RequestMetrics
  let authentication: CurrentAuthentication
  let administrators: AdministratorAccess
  let originCheck: OriginCheck
  let clients: ClientAddresses
  let allowance: @Sendable (Account) -> RateLimit.Allowance?
  let faultInjection: FaultInjection?
  let bodies: BodyReader
  /// The engine's version, sent with every answer so that nobody takes its images for a model's.
  let engine: String
  /// Seconds since 1970.
  let now: @Sendable () -> Double
  let logger: Logger

  private static let probes: Set = ["/healthz", "/readyz", "/metrics"]

  /// What is known of a request at its end.
  private struct Outcome {
    var route: Int?
    var account: Account?
    var cause: (any Error)?
  }

  func respond(to request: Request, context: ConnectionContext) async -> Response {
    let start = ContinuousClock.now
    // Made anew from the address whenever it is read.
    let path = request.uri.path
    let trace = TraceContext(next: request.headers[.traceparent])
    return await TraceContext.$current.withValue(trace) {
      var outcome = Outcome()
      var response: Response
      do {
        response = try await answer(request, path, context, id: trace.span, &outcome)
      } catch {
        outcome.cause = error
        response = .error(APIError(error), in: Dialect(path: path))
      }
      if let account = outcome.account, let allowance = allowance(account) {
        response.headers[.rateLimitLimit] = String(allowance.limit)
        response.headers[.rateLimitRemaining] = String(allowance.left)
      }
      if request.method == .head { response = response.createHeadResponse() }
      response.headers[.requestID] = trace.span
      response.headers[.traceparent] = trace.headerValue
      response.headers.nameEngine(engine)
      let duration = ContinuousClock.now - start
      metrics.record(route: outcome.route, status: response.status.code, duration)
      log(request, path, context, response, trace, outcome, duration)
      return response
    }
  }

  private func answer(
    _ request: Request, _ path: String, _ context: ConnectionContext, id: String,
    _ outcome: inout Outcome
  ) async throws -> Response {
    try originCheck.check(host: request.head.authority, origin: request.headers[.origin])
    let (route, parameters) = try routes.find(request.method, path)
    outcome.route = route.number
    var caller = Account.local
    switch route.access {
    case .open: break
    case .token:
      caller = try await authentication.account(
        authorization: request.headers[.authorization], in: Dialect(path: path), at: now())
      outcome.account = caller
    case .administrator:
      try administrators.check(
        clients.client(of: request.headers, peer: context.channel.remoteAddress),
        authorization: request.headers[.authorization])
    }
    let incoming = IncomingRequest(
      http: request, context: context, id: id, parameters: parameters, account: caller,
      share: bodies.budget.share(of: caller))
    // Its files are in memory while it waits, whoever has read them.
    defer { withExtendedLifetime(incoming.share) {} }
    if let faultInjection {
      return try await faultInjection.answer(incoming, work: route.handler)
    }
    return try await route.handler(incoming)
  }

  private func log(
    _ request: Request, _ path: String, _ context: ConnectionContext, _ response: Response,
    _ trace: TraceContext, _ outcome: Outcome, _ duration: Duration
  ) {
    let status = response.status.code
    // Probes and scrapes come every few seconds and would fill the log.
    let isProbe = Self.probes.contains(path)
    let level: Logger.Level =
      switch (isProbe, status >= 500) {
      case (true, true): .warning
      case (true, false): .debug
      case (false, true): .error
      case (false, false): .info
      }
    guard level >= logger.logLevel else { return }
    var metadata: Logger.Metadata = [
      "request": .string(trace.span), "trace": .string(trace.trace),
      "client": .string(
        clients.client(of: request.headers, peer: context.channel.remoteAddress).name),
      "method": .string(request.method.rawValue), "path": .string(String(path.prefix(400))),
      "status": .stringConvertible(status),
      "milliseconds": .stringConvertible(Int((duration.seconds * 1000).rounded())),
    ]
    if let account = outcome.account {
      metadata["account"] = .string(String(account.id.prefix(8)))
    }
    if let length = response.body.contentLength { metadata["bytes"] = .stringConvertible(length) }
    if let cause = outcome.cause {
      metadata["error"] = .string((cause as? APIError)?.message ?? String(describing: cause))
    }
    logger.log(level: level, "request", metadata: metadata)
  }
}
