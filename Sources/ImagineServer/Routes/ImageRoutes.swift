import Hummingbird
import ImagineAPI

extension ImagineService {
  /// The operations that return an image.
  var imageRoutes: [Route] {
    MediaOperation.all.filter { $0.answer == .image }.map { operation in
      Route(.post, "/v2" + operation.path) { try await makeImage(operation, $0) }
    }
  }

  private func makeImage(_ operation: MediaOperation, _ incoming: IncomingRequest) async throws
    -> Response
  {
    try checkSupport(operation)
    try countCall(incoming)
    let form = try await Form(incoming.http, by: bodies, for: incoming.account)
    let request = withSeed(try form.request(for: operation))
    let size = try RequestCheck(configuration.limits).check(request)
    let image = try await runAndCharge(request, size, for: incoming)
    var response = Response.image(image)
    if let seed = request.seed { response.headers.set("x-imagine-seed", String(seed)) }
    return response
  }

  /// - Throws: ``APIError`` 1206 for an operation that the engine does not support, or cannot run at
  ///   present.
  func checkSupport(_ operation: MediaOperation) throws(APIError) {
    guard engine.supports(operation) else { throw .notOffered(operation.title) }
    if let reason = engine.unmetRequirement(for: operation) {
      throw APIError(.unsupported, reason)
    }
  }

  /// Counts a call that starts work against its token's rate limit.
  func countCall(_ incoming: IncomingRequest) throws(APIError) {
    guard let limit = rate(of: incoming.account) else { return }
    try rates.count(incoming.account.id, limit: limit)
  }

  /// What is left of an account's rate limit; nil if it has none.
  func allowance(of account: Account) -> RateLimit.Allowance? {
    rate(of: account).map { rates.allowance(of: account.id, limit: $0) }
  }

  private func rate(of account: Account) -> Int? {
    account.callsPerMinute ?? configuration.limits.callsPerMinute
  }

  /// Adds a random seed to a request without one, if its operation takes a seed.
  private func withSeed(_ request: ImagineAPI.Request) -> ImagineAPI.Request {
    request.seed == nil ? request.with(seed: .random(in: 1...2_147_483_647)) : request
  }

  /// Runs a request on the engine's threads and charges the account.
  ///
  /// If the client hangs up, the call stops and is not charged. A size that is impossible for the
  /// operation is refused before the call is queued.
  private func runAndCharge(
    _ request: ImagineAPI.Request, _ size: PixelSize?, for incoming: IncomingRequest
  ) async throws -> [UInt8] {
    let bytes = try engine.memory(
      for: request.operation, image: size, aspectRatio: request.aspectRatio)
    return try await charged(ServicePrices.price(of: request), request.operation.name, incoming) {
      try await run(incoming, bytes: bytes) { try engine.makeImage(request, $0) }
    }
  }

  /// Queues and runs an engine call, which stops if the client hangs up.
  func run<Result: Sendable>(
    _ incoming: IncomingRequest, bytes: Int,
    _ work: @escaping @Sendable (EngineControl) throws -> Result
  ) async throws -> Result {
    let client = await incoming.context.clientPresence()
    let control = EngineControl { client?.isConnected == true }
    return try await queue.run(
      EngineQueue.Demand(account: incoming.account.id, bytes: bytes, control: control)
    ) {
      try work(control)
    }
  }

  /// Does work, and charges it when it is done.
  func charged<Result>(
    _ price: Int64, _ purpose: String, _ incoming: IncomingRequest, work: () async throws -> Result
  ) async throws -> Result {
    let result = try await accountCharges.charge(
      price, to: incoming.account, for: "\(purpose) \(incoming.id)", work: work)
    faultInjection?.charge(incoming.account, route: incoming.http.uri.path)
    return result
  }
}
