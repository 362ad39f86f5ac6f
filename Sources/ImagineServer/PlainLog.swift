import ImagineCore
public import Logging

/// A log whose lines are lines and nothing else: whatever a client, a file or a program wrote into
/// one, no control character reaches a terminal.
public struct PlainLog: LogHandler {
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
    set { base[metadataKey: key] = newValue.map(Self.plain) }
  }

  public func log(event: LogEvent) {
    var event = event
    event.message = "\(Self.plain(event.message.description))"
    event.metadata = event.metadata?.mapValues(Self.plain)
    base.log(event: event)
  }

  private static func plain(_ value: Logger.Metadata.Value) -> Logger.Metadata.Value {
    switch value {
    case .string(let text): .string(plain(text))
    case .stringConvertible(let value): .string(plain(value.description))
    case .array(let values): .array(values.map(plain))
    case .dictionary(let values): .dictionary(values.mapValues(plain))
    }
  }

  /// A tab or a line end within a value is spelt out, too.
  private static func plain(_ text: String) -> String {
    text.replacing("\n", with: "\\n").replacing("\t", with: "\\t").printable
  }
}
