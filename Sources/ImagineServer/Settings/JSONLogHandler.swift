import ImagineAPI
import ImagineSystem
public import Logging
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Writes a line of JSON for each event to standard error:
/// `{"level":"info","logger":"imagine-server","message":"finished","metadata":{"job":"7"},"time":"…"}`.
public struct JSONLogHandler: LogHandler {
  private let label: String
  public var logLevel = Logger.Level.info
  public var metadata: Logger.Metadata = [:]

  public init(label: String) {
    self.label = label
  }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  public func log(event: LogEvent) {
    let line = Array((line(of: event, at: WallClock.now) + "\n").utf8)
    Self.standardError.withLock { descriptor in
      var rest = line[...]
      while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { continue }
        // Nobody can be told that the log is lost.
        guard count > 0 else { return }
        rest = rest.dropFirst(count)
      }
    }
  }

  /// Locked, so that lines of several threads do not mix.
  private static let standardError = Mutex(STDERR_FILENO)

  /// - Parameter time: seconds since 1970.
  func line(of event: LogEvent, at time: Double) -> String {
    let metadata = metadata.merging(event.metadata ?? [:]) { $1 }
    var members: [String: Value] = [
      "time": .text(Timestamp(seconds: time).description),
      "level": .text(event.level.rawValue), "logger": .text(label),
      "message": .text(event.message.description),
    ]
    if !metadata.isEmpty { members["metadata"] = .table(metadata.mapValues(Self.value)) }
    return Value.table(members).json
  }

  private static func value(of value: Logger.Metadata.Value) -> Value {
    switch value {
    case .string(let text): .text(text)
    case .stringConvertible(let number as any BinaryInteger):
      Int64(exactly: number).map(Value.integer) ?? .text("\(number)")
    case .stringConvertible(let number as Double) where number.isFinite: .number(number)
    case .stringConvertible(let value): .text(value.description)
    case .array(let values): .list(values.map(Self.value))
    case .dictionary(let values): .table(values.mapValues(Self.value))
    }
  }
}
