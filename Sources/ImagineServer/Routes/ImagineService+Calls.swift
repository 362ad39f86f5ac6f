import Hummingbird
import ImagineAPI

// What the routes of all dialects share: a call is checked, counted, drawn by a provider and charged.
extension ImagineService {
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

  /// Who makes the images of a request: the engine, until a server has others to choose from.
  ///
  /// - Parameter size: of the request's image, if it has one.
  /// - Throws: the engine's errors for a request that it can never do, so that nothing is held for
  ///   it.
  func provider(
    of request: ImagineAPI.Request, _ size: PixelSize?, for incoming: IncomingRequest
  ) async throws -> any Provider {
    EngineProvider(
      engine: engine, queue: queue,
      demand: await demand(of: incoming, bytes: try engine.memory(for: request, image: size)))
  }

  /// Makes the images of a request. If the client hangs up, the call stops.
  func makeImages(
    _ request: ImagineAPI.Request, by provider: any Provider
  ) async throws -> [EngineImage] {
    let store = AnswerStore()
    switch try await provider.perform(request, CallContext(store: store)) {
    case .finished(let answer):
      return try answer.outputs.map {
        EngineImage(bytes: try store.content(of: $0.asset), confidence: $0.confidence)
      }
    case .running: throw APIError(.internalError, "the provider made a job of an image")
    }
  }

  /// What an engine call of a client needs. It must stop if the client hangs up.
  private func demand(
    of incoming: IncomingRequest, bytes: Int, seconds: Double? = nil
  ) async -> EngineQueue.Demand {
    let client = await incoming.context.clientPresence()
    return EngineQueue.Demand(
      account: incoming.account.id, bytes: bytes,
      control: EngineControl { client?.isConnected == true }, seconds: seconds)
  }

  /// Queues and runs an engine call, which stops if the client hangs up.
  ///
  /// - Parameter seconds: the time limit; nil for that of images.
  func run<Result: Sendable>(
    _ incoming: IncomingRequest, bytes: Int, seconds: Double? = nil,
    _ work: @escaping @Sendable (EngineControl) throws -> Result
  ) async throws -> Result {
    let demand = await demand(of: incoming, bytes: bytes, seconds: seconds)
    return try await queue.run(demand) { try work(demand.control) }
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
