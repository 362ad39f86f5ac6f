/// Which call of a run it is.
///
/// There is no global order in it, so it means the same whichever of several tasks comes first, and
/// a script that was edited keeps what still matches.
public struct CallKey: Sendable, Hashable, Codable {
  /// The provider and the request as the script gave it: a seed that the host drew is not part of
  /// it.
  public var request: String
  /// Its number among the equal requests of the run, from 1.
  public var occurrence: Int
  /// Which of the calls that make one list of pictures, from 0.
  public var part: Int

  /// - Parameter hidden: hashes of those `extra` fields that the description does not tell, by their
  ///   names: two calls that differ in one of them are two calls.
  public init(
    provider: String, request: RequestDescription, hidden: [String: String] = [:], count: Int?,
    occurrence: Int, part: Int = 0
  ) {
    let count = count.map { " ×\($0)" } ?? ""
    let text = request.canonicalText(hidden: hidden)
    self.init(request: "\(provider)\(count) \(text)", occurrence: occurrence, part: part)
  }

  /// - Parameter request: the text that the provider and the request give.
  public init(request: String, occurrence: Int, part: Int) {
    self.request = request
    self.occurrence = occurrence
    self.part = part
  }
}

/// A call as the journal has it.
public struct JournaledCall: Sendable, Hashable, Codable {
  public enum State: String, Sendable, Codable, CaseIterable {
    /// It will be sent.
    case intent
    /// It is being sent, or was: whether it was billed is not known until there is an answer.
    case sent
    /// The service gave it a job's id, or the addresses of its pictures.
    case accepted
    /// Its answer is in the asset store.
    case stored
    /// The script has its result.
    case done
    /// It ended with an error.
    case failed

    /// Whether the journal syncs it to the disk before it goes on: losing one of these could cause a
    /// second charge.
    public var mustLast: Bool {
      switch self {
      case .sent, .accepted, .stored: true
      case .intent, .done, .failed: false
      }
    }

    /// Whether the result is in the asset store.
    public var isAnswered: Bool { self == .stored || self == .done }

    /// Whether a call in this state, with these sends, was billed or may have been, and has neither
    /// a result nor anything to get one from.
    public func isUncertain(after sends: [Send]) -> Bool {
      !isAnswered && self != .accepted && sends.charged != .no
    }
  }

  public var run: String
  public var key: CallKey
  public var provider: String
  /// As it is sent: with the seed that was drawn.
  public var request: RequestDescription
  public var state: State
  /// Whether it was billed, as far as it is known: by all of its ``sends``.
  public private(set) var charged: ImagineError.Charged
  /// Its sends that were billed, or may have been, the last one last. Only a send that is known to
  /// be unbilled is ever taken out again.
  public var sends: [Send] { didSet { charged = sends.charged } }
  /// What the next send costs, or the last one cost; nil where no price is known.
  public var price: Price?
  /// Seconds since 1970.
  public var beganAt: Double
  public var endedAt: Double?
  public var job: String?
  /// Where its pictures wait to be downloaded: they were paid for, and are not in the store yet.
  public var addresses: [String]
  /// Whether the job was deleted by the script.
  public var isDeleted: Bool
  /// What it gave: pictures, or a video and then its thumbnail.
  public var results: [StoredResult]
  /// Why it failed, in a line.
  public var error: String?
  /// Which attempt of the run moved it last.
  public var attempt: Int
  /// How many attempts in a row died in it while no call made progress.
  public var deaths: Int

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
    addresses = []
    isDeleted = false
    results = []
    deaths = 0
  }

  /// Seconds from its last send to its end, by a clock that may have been set back in between; what
  /// it waited for its turn does not count. Nil before the end, and where nothing was sent.
  public var duration: Double? {
    guard let endedAt, let sent = sends.last else { return nil }
    return max(0, endedAt - sent.at)
  }

  /// Whether its result is at hand.
  public var isAnswered: Bool { state.isAnswered }

  /// Whether it was billed, or may have been, although nothing came of it. What is known to cost
  /// nothing is never uncertain.
  public var isUncertain: Bool { state.isUncertain(after: sends) }
}

/// A file that a call gave, by its name in the asset store.
public struct StoredResult: Sendable, Hashable, Codable {
  public var sha256: String
  public var byteCount: Int
  /// The version of the built-in engine, where that drew it.
  public var engine: String?

  public init(_ asset: Asset, engine: String?) {
    sha256 = asset.sha256
    byteCount = asset.byteCount
    self.engine = engine
  }
}
