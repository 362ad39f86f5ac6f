import Hummingbird
import ImagineAPI
import ServerStore

// What the routes of all dialects share: a call is checked, counted, drawn by a provider and charged.
extension ImagineService {
  /// - Throws: ``APIError`` 1206 for an operation that nobody here does.
  func checkOffer(_ operation: MediaOperation) throws(APIError) {
    if !upstreams.offer(operation) { try checkSupport(operation) }
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

  /// Makes the images of a call and charges it. If the client hangs up, the call stops.
  ///
  /// - Throws: ``APIError`` for a request that cannot be done, before anything is held for it; what
  ///   the provider throws, and then nothing is charged.
  func makeImages(
    _ call: ImageCall, for incoming: IncomingRequest
  ) async throws -> [EngineImage] {
    let operation = call.request.operation
    let size = try RequestCheck(configuration.limits).check(call.request)
    let price = ServicePrices.price(of: call)
    var call = call
    call.drawnSeed = incoming.seed
    let sentTo = incoming.keyed?.sentTo
    let candidates = try upstreams.candidates(for: call, sentTo: sentTo)
    guard candidates.isEmpty else {
      return try await charged(price, operation.name, incoming) { [call] in
        try await makeImages(call, at: candidates, for: incoming)
      }
    }
    guard sentTo == nil else { throw APIError.lostAttempt }
    try checkSupport(operation)
    call = call.withSeed
    let provider = try await provider(of: call, size, for: incoming)
    return try await charged(price, operation.name, incoming) { [call] in
      try await makeImages(call.request, by: provider)
    }
  }

  /// Makes the images of a call at one of the upstreams that it is for.
  private func makeImages(
    _ call: ImageCall, at candidates: [CurrentUpstreams.Candidate], for incoming: IncomingRequest
  ) async throws -> [EngineImage] {
    incoming.keyed?.answerDiffers()
    let upstreamCall = UpstreamCall(
      id: incoming.keyed?.call.id ?? incoming.id, candidates: candidates, count: call.count,
      converter: EngineConverter(engine: engine, queue: queue, account: incoming.account.id),
      limits: configuration.limits, logger: logger
    ) { try await incoming.keyed?.willSend($0) }
    let control = await engineControl(of: incoming)
    return try await upstreamCall.images { !control.isStopped }
  }

  /// The engine as the provider of a call's images.
  ///
  /// - Parameter size: of the call's image, if it has one.
  /// - Throws: the engine's errors for a call that it can never do.
  private func provider(
    of call: ImageCall, _ size: PixelSize?, for incoming: IncomingRequest
  ) async throws -> any Provider {
    var demand = await demand(of: incoming, bytes: try engine.memory(for: call, image: size))
    demand.count = call.count
    return EngineProvider(
      engine: engine, queue: queue, demand: demand, conversion: call.conversion(of:))
  }

  /// Makes the images of a request.
  func makeImages(
    _ request: ImagineAPI.Request, by provider: any Provider
  ) async throws -> [EngineImage] {
    let store = AnswerStore()
    switch try await provider.perform(request, CallContext(store: store)) {
    case .finished(let answer):
      return try answer.outputs.map {
        EngineImage($0, bytes: try store.content(of: $0.asset))
      }
    case .running: throw APIError(.internalError, "the provider made a job of an image")
    }
  }

  /// What an engine call of a client needs. It must stop if the client hangs up.
  private func demand(
    of incoming: IncomingRequest, bytes: Int, seconds: Double? = nil
  ) async -> EngineQueue.Demand {
    EngineQueue.Demand(
      bytes: bytes, control: await engineControl(of: incoming), seconds: seconds)
  }

  /// A control that stops a call if its client hangs up.
  func engineControl(of incoming: IncomingRequest) async -> EngineControl {
    if let control = incoming.control { return control }
    let client = await incoming.context.clientPresence()
    // The answer to a call with a key is kept for a client that comes back.
    let runsOn = incoming.keyed != nil
    return EngineControl(account: incoming.account.id) { runsOn || client?.isConnected == true }
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
    let purpose = "\(purpose) \(incoming.id)"
    guard let keyed = incoming.keyed else {
      let result = try await accountCharges.charge(
        price, to: incoming.account, for: purpose, work: work)
      faultInjection?.charge(incoming.account, route: incoming.http.uri.path)
      return result
    }
    let result = try await keyed.charge(
      price, to: incoming.account, for: purpose, by: accountCharges, work: work)
    if !keyed.isRepetition {
      faultInjection?.charge(incoming.account, route: incoming.http.uri.path)
    }
    return result
  }
}
