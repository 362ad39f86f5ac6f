/// One execution of a script. A run that crashed and was resumed is still the same run, with
/// several attempts.
public struct Run: Sendable, Hashable, Codable {
  /// How far a run is. Its raw value is written to the journal.
  public enum State: String, Sendable, Codable {
    /// Under way, or crashed: it is alive if a process has it locked.
    case running
    /// The script ended normally.
    case finished
    /// The script ended with an error, or was interrupted.
    case failed
  }

  /// Unique on a home; commands accept a prefix of it.
  public var id: String
  /// What it executes, and where.
  public var script: Script
  /// The seed of its random numbers; a resumed run uses the same.
  public var seed: RandomSeed
  /// Seconds since 1970.
  public var startedAt: Double
  /// Seconds since 1970; nil while it runs, and after a crash.
  public var endedAt: Double?
  public var state: State
  /// Number of the last attempt, from 1; each resume adds one.
  public var attempt: Int
  /// The process that has it locked, or had it last.
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

/// What a run executes. Runs of the same script with the same arguments are attempts at the same
/// work.
///
/// Path, arguments and folder are bytes, in the form of `String.init(fileNameBytes:)`.
public struct Script: Sendable, Hashable, Codable {
  /// Absolute path; `imagine batch` for that command; nil for `-e`, standard input, the REPL, and a
  /// program's own source.
  public var path: String?
  /// The arguments after the script's name.
  public var arguments: [String]
  /// Working folder at the start, which `imagine runs resume` restores for relative paths.
  public var folder: String
  /// SHA-256 of the source when the run began; nil if there is no file.
  public var sha256: String?

  /// Whether it is a file, and not a command of the program.
  public var isFile: Bool { path?.hasPrefix("/") ?? false }

  public init(
    path: String? = nil, arguments: [String] = [], folder: String = ".", sha256: String? = nil
  ) {
    self.path = path
    self.arguments = arguments
    self.folder = folder
    self.sha256 = sha256
  }
}

/// The seed of a run's random numbers: those of `math.random`, and the seeds of images without an
/// explicit one.
public struct RandomSeed: Sendable, Hashable, Codable {
  public var first: Int64
  public var second: Int64

  public init(first: Int64, second: Int64) {
    self.first = first
    self.second = second
  }

  /// A random seed.
  public static func random() -> RandomSeed {
    RandomSeed(first: .random(in: .min ... .max), second: .random(in: .min ... .max))
  }

  /// The seed for an image of a call. It depends on the run and the call's key only, not on the
  /// order of concurrent calls.
  ///
  /// - Returns: 1 … 2147483647.
  public func imageSeed(for key: CallKey) -> Int64 {
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
