public import ImagineAPI
import ImagineSystem

/// Identifies a call within a run.
///
/// The key contains no global order: it stays the same whichever of several tasks comes first, and
/// an edited script keeps the calls that still match.
public struct CallKey: Sendable, Hashable, Codable {
  /// The provider and the request as the script gave it, without a seed that the host chose.
  public var request: String
  /// Number among equal requests of the run, from 1.
  public var occurrence: Int
  /// Number among the calls that make one list of images, from 0.
  public var part: Int

  /// - Parameter hidden: hashes of the redacted `extra` fields by name, so that calls that differ
  ///   only in one of them have different keys.
  public init(
    provider: String, request: RequestDescription, hidden: [String: String] = [:], count: Int?,
    occurrence: Int, part: Int = 0
  ) {
    let count = count.map { " ×\($0)" } ?? ""
    let text = request.canonicalText(redactedHashes: hidden)
    self.init(request: "\(provider)\(count) \(text)", occurrence: occurrence, part: part)
  }

  /// - Parameter request: the canonical text of provider and request.
  public init(request: String, occurrence: Int, part: Int) {
    self.request = request
    self.occurrence = occurrence
    self.part = part
  }
}

/// A call in the journal.
public struct JournaledCall: Sendable, Hashable, Codable {
  /// How far a call is. Its raw value is written to the journal.
  public enum State: String, Sendable, Codable, CaseIterable {
    /// About to be sent.
    case intent
    /// Being sent, or sent without an answer: it may have been billed.
    case sent
    /// The service returned a job's id or the addresses of its images.
    case accepted
    /// The answer is in the asset store.
    case stored
    /// The script has its result.
    case done
    /// The call ended with an error.
    case failed

    /// True for states that must be synced to disk before `record` returns; losing one could cause
    /// a second charge.
    public var requiresSync: Bool {
      switch self {
      case .sent, .accepted, .stored: true
      case .intent, .done, .failed: false
      }
    }

    /// Whether the result is in the asset store.
    public var isAnswered: Bool { self == .stored || self == .done }

    /// Whether a call in this state, with these sends, was or may have been billed, and has neither
    /// a result nor a way to fetch one.
    public func isUncertain(after sends: [Send]) -> Bool {
      !isAnswered && self != .accepted && sends.charged != .no
    }
  }

  /// The id of its run.
  public var run: String
  /// Identifies the call within its run.
  public var key: CallKey
  /// The name of the provider that the call is sent to.
  public var provider: String
  /// The request as sent, with the seed that the host chose.
  public var request: RequestDescription
  /// How far it is.
  public var state: State
  /// Whether it was billed, computed from ``sends``.
  public private(set) var charged: ImagineError.Charged
  /// Sends that were or may have been billed, in order. A send is removed only if it is known to be
  /// unbilled.
  public var sends: [Send] { didSet { charged = sends.charged } }
  /// Price of the next or the last send; nil if no price is known.
  public var price: Price?
  /// Seconds since 1970.
  public var beganAt: Double
  /// Seconds since 1970; nil while it is under way, and after a crash.
  public var endedAt: Double?
  /// The id of the job that the service started; nil if there is none.
  public var job: String?
  /// The ids of earlier sends that the service does not know, or whose jobs are over, oldest first.
  public var earlierJobs: [String]
  /// Addresses of images that are paid for and not downloaded yet.
  public var addresses: [String]
  /// Whether the job was deleted by the script.
  public var isDeleted: Bool
  /// The results: images, or a video and then its thumbnail.
  public var results: [StoredResult]
  /// Why it failed, in a line.
  public var error: String?
  /// The attempt of the run that last changed it, from 1.
  public var attempt: Int
  /// The derived images among its inputs.
  public var derived: [DerivedInput] = []
  /// Until when the service does the call once, however often it is sent with its key, in seconds
  /// since 1970; nil if it has not promised so.
  public var promisedUntil: Double?
  /// How many attempts in a row crashed during this call without progress of any call.
  public var crashCount: Int

  /// The names in JSON.
  private enum CodingKeys: String, CodingKey {
    case run, key, provider, request, state, charged, sends, price, beganAt, endedAt, job
    case earlierJobs, addresses, isDeleted, results, error, attempt, promisedUntil
    case crashCount = "deaths"
  }

  public init(
    run: String, key: CallKey, provider: String, request: RequestDescription, price: Price?,
    beganAt: Double, attempt: Int, sends: [Send] = []
  ) {
    self.run = run
    self.key = key
    self.provider = provider
    self.request = request
    self.price = price
    self.beganAt = beganAt
    self.attempt = attempt
    state = .intent
    self.sends = sends
    charged = sends.charged
    earlierJobs = []
    addresses = []
    isDeleted = false
    results = []
    crashCount = 0
  }

  /// Seconds from the last send to the end, without the time that it waited for its turn; never
  /// negative, even if the clock was set back. Nil before the end, and if nothing was sent.
  public var duration: Double? {
    guard let endedAt, let sent = sends.last else { return nil }
    return max(0, endedAt - sent.at)
  }

  /// What it cost, or will: the price of the last send, which the service may have named.
  public var cost: Price? { sends.last?.price ?? price }

  /// Whether the result is in the asset store.
  public var isAnswered: Bool { state.isAnswered }

  /// Whether it was or may have been billed, without a result. A call that is known to be free is
  /// never uncertain.
  public var isUncertain: Bool { state.isUncertain(after: sends) }

  /// Whether the call may be sent again with its key at no further charge.
  public var isPromised: Bool {
    guard let promisedUntil, !sends.isEmpty else { return false }
    return promisedUntil > WallClock.now
  }

  /// The key that names the call at its service.
  var idempotencyText: String { "\(run)#\(key.request)#\(key.occurrence)#\(key.part)" }

  /// Whether a send may have reached the service, and has no answer. Unlike ``isUncertain``, also for
  /// a free call.
  var mayBeKnown: Bool { !isAnswered && state != .accepted && !sends.isEmpty }

  /// Whether each send cost nothing, so that it is repeated without a question.
  var isFree: Bool { sends.allSatisfy { $0.price?.millionths == 0 } && price?.millionths == 0 }
}

/// A file that a call produced, by its hash in the asset store: the image that the script gets.
public struct StoredResult: Sendable, Hashable, Codable {
  /// A file of the asset store.
  public struct File: Sendable, Hashable, Codable {
    /// In hexadecimal.
    public var sha256: String
    /// Length of the file in bytes.
    public var byteCount: Int

    public init(_ asset: Asset) {
      sha256 = asset.sha256
      byteCount = asset.byteCount
    }

    init(sha256: String, byteCount: Int) {
      self.sha256 = sha256
      self.byteCount = byteCount
    }
  }

  /// In hexadecimal.
  public var sha256: String
  /// Length of the file in bytes.
  public var byteCount: Int
  /// The version of the built-in engine if that made it; nil otherwise.
  public var engine: String?
  /// The seed that made it, if the service said so; nil for that of the request.
  public var seed: Int64?
  /// How likely it is what was asked for, 0 … 1, if the service told.
  public var confidence: Double?
  /// The answer that was paid for, if this is a composite of it and the call's image.
  public var original: File?
  /// How far the answer was from the image outside the mask (``Composite/drift``). Nil if it was not
  /// measured: of anything but an edit inside a mask, at a provider that changes nothing outside, or
  /// without imagine-server.
  public var drift: Double?

  public init(_ asset: Asset, engine: String?) {
    self.init(Output(asset: asset, engine: engine))
  }

  init(_ output: Output) {
    sha256 = output.asset.sha256
    byteCount = output.asset.byteCount
    engine = output.engine
    seed = output.seed
    confidence = output.confidence
  }

  /// The file of the image itself.
  package var image: File { File(sha256: sha256, byteCount: byteCount) }

  /// The answer that was paid for.
  var paid: File { original ?? image }
}
