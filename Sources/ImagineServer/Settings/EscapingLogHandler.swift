import ImagineAPI
public import Logging

/// Escapes control characters in log messages and metadata, so that text from clients, files or
/// programs can neither break lines nor control a terminal.
public struct EscapingLogHandler: LogHandler {
  private var base: any LogHandler

  public init(_ base: any LogHandler) {
    self.base = base
  }

  public var logLevel: Logger.Level {
    get { base.logLevel }
    set { base.logLevel = newValue }
  }

  public var metadata: Logger.Metadata {
    get { base.metadata }
    set { base.metadata = newValue }
  }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { base[metadataKey: key] }
    set { base[metadataKey: key] = newValue.map(Self.escaped) }
  }

  public func log(event: LogEvent) {
    var event = event
    event.message = "\(Self.escaped(event.message.description))"
    event.metadata = event.metadata?.mapValues(Self.escaped)
    base.log(event: event)
  }

  private static func escaped(_ value: Logger.Metadata.Value) -> Logger.Metadata.Value {
    switch value {
    case .string(let text): .string(escaped(text))
    case .stringConvertible(let value): .string(escaped(value.description))
    case .array(let values): .array(values.map(escaped))
    case .dictionary(let values): .dictionary(values.mapValues(escaped))
    }
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("\n", with: "\\n").replacing("\t", with: "\\t").printable
  }
}
