/// One field of an operation: what a caller may write there, and what goes over the wire.
public struct Field: Sendable {
  /// What values a field takes.
  public enum Kind: Sendable {
    /// Text of at least one character.
    case text
    /// One of the names; spelling is forgiven (`SDXL 1.0` for `sdxl-1.0`).
    case choice([String])
    /// A name that the service publishes no full list of; those known are for help and completion.
    case openChoice([String])
    /// A whole number.
    case integer(ClosedRange<Int64>)
    /// A number.
    case number(ClosedRange<Double>)
    /// True or false.
    case flag
    /// A picture; goes over the wire as a file.
    case picture
  }

  /// Whether the wire needs the field.
  public enum Presence: Sendable {
    case required
    case optional
    /// The service takes this value where the field is missing.
    case defaulted(String)
  }

  /// The name in scripts.
  public let name: String
  /// The name in the multipart body.
  public let wireName: String
  /// Other names that the server accepts, because clients in use send them.
  public let wireAliases: [String]
  public let kind: Kind
  public let presence: Presence
  /// What the host sends where the script gives nothing, though the wire requires the field.
  public let hostDefault: String?
  /// Help, in a line.
  public let summary: String

  public init(
    _ name: String, _ kind: Kind, _ presence: Presence, wireName: String? = nil,
    wireAliases: [String] = [], hostDefault: String? = nil, summary: String
  ) {
    self.name = name
    self.kind = kind
    self.presence = presence
    self.wireName = wireName ?? name
    self.wireAliases = wireAliases
    self.hostDefault = hostDefault
    self.summary = summary
  }
}

/// A value as a script or a request's body gives it, before it is checked.
public enum Argument: Sendable {
  case text(String)
  case integer(Int64)
  case number(Double)
  case boolean(Bool)
  case picture(Picture)
  /// Anything else, by the name of its type: never allowed, but worth a clear error.
  case other(type: String)
}

/// A value that its field allows.
public enum FieldValue: Sendable, Hashable {
  case text(String)
  case integer(Int64)
  case number(Double)
  case flag(Bool)
  case picture(Picture)

  public var text: String? {
    if case .text(let value) = self { value } else { nil }
  }

  public var integer: Int64? {
    if case .integer(let value) = self { value } else { nil }
  }

  public var flag: Bool? {
    if case .flag(let value) = self { value } else { nil }
  }

  public var picture: Picture? {
    if case .picture(let value) = self { value } else { nil }
  }
}

extension Field {
  /// What the field takes, in words: `an integer of at least 1`.
  public var expectation: String {
    switch kind {
    case .text: "text of at least one character"
    case .choice(let names): "one of: \(names.joined(separator: ", "))"
    case .openChoice(let names): "a name such as \(names.prefix(3).joined(separator: ", "))"
    case .integer(let range):
      range.upperBound == .max
        ? "an integer of at least \(range.lowerBound)"
        : "an integer from \(range.lowerBound) to \(range.upperBound)"
    case .number(let range):
      "a number from \(Self.short(range.lowerBound)) to \(Self.short(range.upperBound))"
    case .flag: "true or false"
    case .picture: "a picture"
    }
  }

  /// A number without a fraction that says nothing.
  private static func short(_ number: Double) -> String {
    Int(exactly: number).map(String.init) ?? String(number)
  }

  /// The names that the field takes, where they can all be listed.
  public var allowedNames: [String]? {
    if case .choice(let names) = kind { names } else { nil }
  }

  /// The value that an argument means, in the field's own spelling.
  ///
  /// Numbers are accepted as text, and the names of choices in any case and with spaces or
  /// underscores for dashes.
  ///
  /// - Throws: ``ImagineError`` of kind `validation` that names the field, what was given and what
  ///   is allowed.
  public func value(of argument: Argument) throws(ImagineError) -> FieldValue {
    switch (kind, argument) {
    case (.text, .text(let text)) where text.contains(where: { !$0.isWhitespace }):
      return .text(text)
    case (.text, .integer(let value)):
      return .text(String(value))
    case (.choice(let names), .text(let text)):
      if let name = Field.name(for: text, among: names) { return .text(name) }
    case (.openChoice(let names), .text(let text)) where !Field.fold(text).isEmpty:
      return .text(Field.name(for: text, among: names) ?? text)
    case (.integer(let range), _):
      if let integer = argument.wholeNumber, range.contains(integer) { return .integer(integer) }
    case (.number(let range), _):
      if let number = argument.decimalNumber, range.contains(number) { return .number(number) }
    case (.flag, .boolean(let value)):
      return .flag(value)
    case (.flag, .text("true")):
      return .flag(true)
    case (.flag, .text("false")):
      return .flag(false)
    case (.picture, .picture(let picture)):
      return .picture(picture)
    default:
      break
    }
    throw .invalid(
      field: name, given: argument.quoted, expected: expectation, allowed: allowedNames)
  }

  /// The same field with a full list of its names.
  var closed: Field {
    guard case .openChoice(let names) = kind else { return self }
    return Field(
      name, .choice(names), presence, wireName: wireName, wireAliases: wireAliases,
      hostDefault: hostDefault, summary: summary)
  }

  private static func name(for text: String, among names: [String]) -> String? {
    if names.contains(text) { return text }
    let folded = fold(text)
    return names.first { fold($0) == folded }
  }

  /// A name without what people vary in writing it.
  private static func fold(_ name: String) -> String {
    String(name.lowercased().map { $0 == " " || $0 == "_" ? "-" : $0 })
      .trimming("-")
  }
}

extension Argument {
  fileprivate var wholeNumber: Int64? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int64(exactly: value)
    case .text(let text): Int64(text.trimming(" "))
    default: nil
    }
  }

  fileprivate var decimalNumber: Double? {
    let value: Double? =
      switch self {
      case .integer(let value): Double(value)
      case .number(let value): value
      case .text(let text): Double(text.trimming(" "))
      default: nil
      }
    return value.flatMap { $0.isFinite ? $0 : nil }
  }

  /// The argument as its writer would recognise it; long texts are cut.
  public var quoted: String {
    switch self {
    case .text(let text): text.count > 60 ? "\"\(text.prefix(57))...\"" : "\"\(text)\""
    case .integer(let value): String(value)
    case .number(let value): String(value)
    case .boolean(let value): String(value)
    case .picture: "a picture"
    case .other(let type): "a \(type)"
    }
  }
}

extension String {
  fileprivate func trimming(_ character: Character) -> String {
    guard let first = firstIndex(where: { $0 != character }),
      let last = lastIndex(where: { $0 != character })
    else { return "" }
    return String(self[first...last])
  }
}
