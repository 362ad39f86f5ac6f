import Crypto
import ImagineAPI
import ImagineProviders
import Synchronization

/// An upstream in use: its provider, its turns, and what is known of its health.
final class Upstream: Sendable {
  let description: UpstreamDescription
  let provider: any Provider
  /// The provider's operations, with the upstream's own styles.
  let operations: [MediaOperation]
  let turns: any TurnQueue
  let circuit: Circuit
  /// Whether its calls cost nothing. A call that nobody waits for is stopped then.
  let isFree: Bool
  /// Tells it from another service, or another account there, that takes its name: both would do again
  /// a call that this one knows by its key. A name and a digest.
  let identity: String
  /// What no answer may show: its address and its keys.
  private let confidential: [String]
  /// When the pause ends that it asked for.
  private let pause = Mutex<ContinuousClock.Instant?>(nil)

  /// - Parameters:
  ///   - turns: those of the upstream that it takes the place of, so that the capacity holds.
  ///   - keeper: of the turns that all servers share; nil for turns of this server alone.
  ///   - home: a folder for the files of programs.
  /// - Throws: `ImagineError` if its key is missing, or it has no such operation.
  init(
    _ description: UpstreamDescription, turns: (any TurnQueue)?, keeper: TurnKeeper?,
    limits: Limits,
    transport: HTTPTransport, environment: [String: String], home: String
  ) throws(ImagineError) {
    self.description = description
    provider = try description.provider.makeProvider(
      named: description.name, transport: transport, environment: environment, home: home,
      sends: true)
    let profile = provider.profile
    let names = description.styles + description.models
    operations =
      description.provider.kind == .imagine
      ? profile.operations.map { $0.taking(styles: names) } : profile.operations
    for name in description.operations {
      guard !profile.operations.contains(where: { $0.name == name }) else { continue }
      let known = profile.operations.map(\.name)
      throw .invalid(
        field: "\(description.provider.place).operations", given: "\"\(name)\"",
        expected: "one of: \(known.joined(separator: ", "))", allowed: known)
    }
    isFree = profile.operations.allSatisfy { operation in
      profile.prices.price(of: operation.name)?.millionths == 0
        && profile.prices.pricedStyles(of: operation.name).isEmpty
    }
    confidential = description.provider.confidentialTexts(environment)
    let digest = SHA256.hash(data: Array(confidential.joined(separator: "\n").utf8)).hexadecimal
    identity = "\(description.name) \(digest.prefix(16))"
    circuit = Circuit(mostFaults: limits.upstreamFaults, pause: limits.upstreamPauseSeconds)
    self.turns = turns ?? Self.turns(of: description, keeper, limits)
  }

  private static func turns(
    of description: UpstreamDescription, _ keeper: TurnKeeper?, _ limits: Limits
  ) -> any TurnQueue {
    guard let keeper else {
      return Turns(
        capacity: description.capacity, places: limits.imageQueue, seconds: limits.turnSeconds)
    }
    return SharedTurns(
      keeper, pool: description.name, capacity: description.capacity, places: limits.imageQueue,
      seconds: limits.turnSeconds)
  }

  var name: String { description.name }

  func operation(_ name: String) -> MediaOperation? {
    guard description.operations.isEmpty || description.operations.contains(name) else {
      return nil
    }
    return operations.first { $0.name == name }
  }

  /// How well the upstream fits a call.
  enum Match: Int, Comparable {
    /// It does the operation, whatever the style.
    case operation
    /// It is configured for the model or style.
    case name

    static func < (left: Match, right: Match) -> Bool { left.rawValue < right.rawValue }
  }

  /// Nil if the call is not for this upstream.
  func match(_ call: ImageCall) -> Match? {
    if let model = call.model { return description.models.contains(model) ? .name : nil }
    let asked = call.request
    guard operation(asked.operation.name) != nil else { return nil }
    // The one style of AI Backgrounds chooses nothing.
    let style = asked.operation.name == MediaOperation.addBackground.name ? nil : asked.style
    if let style, styles(of: asked.operation).contains(style) { return .name }
    let isNamed = description.operations.contains(asked.operation.name)
    return isNamed && (description.styles.isEmpty || style == nil) ? .operation : nil
  }

  /// The styles that it stands for. A model of videos is one, as videos have no other name.
  func styles(of operation: MediaOperation) -> [String] {
    guard self.operation(operation.name) != nil else { return [] }
    return description.styles + (operation.answer == .job ? description.models : [])
  }

  /// Whether a call may be sent to it now.
  var isReady: Bool { circuit.isPassable && pausedUntil == nil }

  /// When the pause that it asked for ends; nil if there is none.
  var pausedUntil: ContinuousClock.Instant? {
    pause.withLock { pause in
      if let until = pause, until <= .now { pause = nil }
      return pause
    }
  }

  /// How long the upstream does a call with a key once, in seconds; nil if it does not promise so, or
  /// for less than a call may take.
  func keyRetention() async -> Double? {
    let context = CallContext(store: AnswerStore())
    guard let seconds = try? await provider.keyRetention(context), seconds >= description.timeout
    else { return nil }
    return seconds
  }

  /// Sends a call. One with a key is sent again if its answer was lost.
  ///
  /// - Parameter key: the same for all attempts at the call; nil if the upstream promises nothing.
  /// - Throws: `ImagineError` of the provider.
  func perform(
    _ request: Request, _ context: CallContext, key: String?
  ) async throws -> Outcome {
    guard let key else { return try await provider.perform(request, context) }
    var context = context
    context.idempotencyKey = key
    do {
      return try await provider.perform(request, context)
    } catch let lost as ImagineError where lost.kind == .connection && lost.charged != .no {
      try? await Task.sleep(for: .seconds(RetryPolicy.firstPause))
      do {
        return try await provider.perform(request, context)
      } catch var error as ImagineError {
        // It may have been done the first time.
        error.charged = max(lost.charged, error.charged)
        throw error
      }
    }
  }

  /// Records what an error says about the upstream's health.
  func record(_ error: ImagineError) {
    switch error.kind {
    case .rateLimit:
      circuit.succeeded()
      let seconds = min(error.retryAfter ?? 1, RetryPolicy.maxRetryAfter)
      pause.withLock { $0 = max($0 ?? .now, .now + .clamped(seconds: max(0.05, seconds))) }
    case .validation, .refused, .jobFailed: circuit.succeeded()
    case .cancelled: circuit.abandoned()
    default: circuit.failed()
    }
  }

  /// A message of the upstream's without its address and its keys.
  func publicMessage(of error: ImagineError) -> String {
    var message = error.message
    if let endpoint = error.endpoint, message.hasPrefix("\(endpoint): ") {
      message.removeFirst(endpoint.count + 2)
    }
    for text in confidential { message = message.replacing(text, with: "…") }
    return message
  }
}

extension MediaOperation {
  /// The operation whose field `style` takes further names.
  func taking(styles: [String]) -> MediaOperation {
    guard !styles.isEmpty, let known = field("style")?.allowedNames else { return self }
    let names = known + styles.filter { !known.contains($0) }
    return with(
      fields: fields.map { $0.name == "style" ? $0.limited(to: .choice(names)) : $0 })
  }
}
