import ImagineAPI
public import Logging

/// Escapes control characters in log messages and metadata, so that text from clients, files or
/// programs can neither break lines nor control a terminal.
///
/// Keeps the metadata of the logger itself: most loggers of a request never write a line, and
/// another handler may format what it is given at once.
public struct EscapingLogHandler: LogHandler {
  private var base: any LogHandler
  public var metadata: Logger.Metadata = [:]
  public var metadataProvider: Logger.MetadataProvider?

  public init(_ base: any LogHandler) {
    self.base = base
  }

  public var logLevel: Logger.Level {
    get { base.logLevel }
    set { base.logLevel = newValue }
  }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  public func log(event: LogEvent) {
    var event = event
    event.message = "\(Self.escaped(event.message.description))"
    event.metadata =
      metadata
      .merging(metadataProvider?.get() ?? [:]) { $1 }
      .merging(event.metadata ?? [:]) { $1 }
      .mapValues(Self.escaped)
    base.log(event: event)
  }

  private static func escaped(_ value: Logger.Metadata.Value) -> Logger.Metadata.Value {
    switch value {
    case .string(let text): .string(escaped(text))
    // A number stays one, for logs that are read by programs.
    case .stringConvertible(let value) where value is any Numeric: .stringConvertible(value)
    case .stringConvertible(let value): .string(escaped(value.description))
    case .array(let values): .array(values.map(escaped))
    case .dictionary(let values): .dictionary(values.mapValues(escaped))
    }
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("\n", with: "\\n").replacing("\t", with: "\\t").printable
  }
}

extension Logger.MetadataProvider {
  /// Names the trace that the current task belongs to.
  public static let trace = Logger.MetadataProvider {
    TraceContext.current.map { ["trace": .string($0.trace)] } ?? [:]
  }
}
