/// One execution of a workflow, which may take several attempts: what died and was resumed is still
/// the same run.
public struct Run: Sendable, Hashable, Codable {
  public enum State: String, Sendable, Codable {
    /// Under way, or died: whether a process holds the run tells which.
    case running
    /// The script came to its end.
    case finished
    /// The script ended with an error, or was interrupted.
    case failed
  }

  public var id: String
  public var script: Script
  public var seed: RandomSeed
  /// Seconds since 1970.
  public var startedAt: Double
  /// Seconds since 1970; nil while it runs, and where it died.
  public var endedAt: Double?
  public var state: State
  /// How often it was taken up, the first time being 1.
  public var attempt: Int
  /// The process that holds it, or held it last.
  public var processID: Int32

  public init(
    id: String, script: Script, seed: RandomSeed, startedAt: Double, endedAt: Double? = nil,
    state: State = .running, attempt: Int = 1, processID: Int32
  ) {
    self.id = id
    self.script = script
    self.seed = seed
    self.startedAt = startedAt
    self.endedAt = endedAt
    self.state = state
    self.attempt = attempt
    self.processID = processID
  }
}

/// What a run executes: the same script with the same arguments is the same work.
///
/// Path, arguments and folder are bytes, in the form of `String.init(nameOf:)`.
public struct Script: Sendable, Hashable, Codable {
  /// Absolute; nil for what has no file: `-e`, standard input, the REPL, a program's own source.
  public var path: String?
  public var arguments: [String]
  /// Where it was started, so that its relative paths mean the same when it is resumed.
  public var folder: String
  /// SHA-256 of its source when the run began; nil where it has no file.
  public var sha256: String?

  public init(
    path: String? = nil, arguments: [String] = [], folder: String = ".", sha256: String? = nil
  ) {
    self.path = path
    self.arguments = arguments
    self.folder = folder
    self.sha256 = sha256
  }
}

/// What a run's random numbers come from: those of `math.random`, and the seeds of pictures that
/// were asked for without one.
public struct RandomSeed: Sendable, Hashable, Codable {
  public var first: Int64
  public var second: Int64

  public init(first: Int64, second: Int64) {
    self.first = first
    self.second = second
  }

  public static func random() -> RandomSeed {
    RandomSeed(first: .random(in: .min ... .max), second: .random(in: .min ... .max))
  }

  /// A seed for a picture of a call: the same for the same call of the same run, whatever else went
  /// on at the time.
  ///
  /// - Returns: 1 … 2147483647.
  public func pictureSeed(for key: CallKey) -> Int64 {
    var hash = UInt64(bitPattern: first)
    for byte in "\(key.request)#\(key.occurrence)".utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }
    hash = (hash ^ UInt64(bitPattern: second)) &+ 0x9E37_79B9_7F4A_7C15
    hash = (hash ^ hash >> 30) &* 0xBF58_476D_1CE4_E5B9
    hash = (hash ^ hash >> 27) &* 0x94D0_49BB_1331_11EB
    hash ^= hash >> 31
    return Int64(hash % 2_147_483_647) + 1
  }
}
