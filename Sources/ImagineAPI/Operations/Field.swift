/// A field of an operation: its values, and how it is sent.
public struct Field: Sendable, Hashable, Codable {
  /// The type and range of a field's values.
  public enum Kind: Sendable, Hashable, Codable {
    /// Text of at least one character.
    case text
    /// One of the names; case, spaces and underscores may differ (`SDXL 1.0` for `sdxl-1.0`).
    case choice([String])
    /// Any name. The service publishes no full list; the known names are for help and completion.
    case openChoice([String])
    /// A whole number.
    case integer(ClosedRange<Int64>)
    /// A number.
    case number(ClosedRange<Double>)
    /// True or false.
    case flag
    /// An image; sent as a file.
    case image
    /// A list of one to so many images, in order; each is sent as a file.
    case images(Int)
    /// A video; sent as a file.
    case video
    /// A sound; sent as a file.
    case audio
    /// A table with these fields.
    case table([Field])
    /// A number of seconds above 0; at most ``maxSeconds`` count, so infinity means no limit.
    case seconds
    /// A length in an image: pixels in these bounds, rounded, or a share such as `50%`.
    case length(ClosedRange<Int64>)
    /// ``PictureColor``, by name or in hexadecimal.
    case color
    /// A length for all four edges, or a table of `top`, `right`, `bottom` and `left`.
    case margins
    /// A list of one to so many tables with these fields. Where some of them are files, each table
    /// has one, and the files are in the order of the tables.
    case entries([Field], Int)
    /// A list of one to so many texts, which may be empty.
    case texts(Int)
    /// What only a script can give, such as a function or a table, in words. Its caller checks it.
    case other(String)
  }

  /// The most seconds that a field of the kind `seconds` counts.
  public static let maxSeconds = 1e9

  /// Whether a request must have the field.
  public enum Presence: Sendable, Hashable, Codable {
    case required
    case optional
    /// Optional; the service uses this value by default.
    case defaulted(String)
  }

  /// The name in scripts.
  public let name: String
  /// The name in the multipart body.
  public let wireName: String
  /// Other names that the server accepts, because clients in use send them.
  public let wireAliases: [String]
  public private(set) var kind: Kind
  public let presence: Presence
  /// The value that the host sends for a required field if the script gives none.
  public let hostDefault: String?
  /// The unit of a number, such as `pixels`; nil if it has none.
  public let unit: String?
  /// One line of help.
  public let summary: String

  public init(
    _ name: String, _ kind: Kind, _ presence: Presence, wireName: String? = nil,
    wireAliases: [String] = [], hostDefault: String? = nil, unit: String? = nil, summary: String
  ) {
    self.name = name
    self.kind = kind
    self.presence = presence
    self.wireName = wireName ?? name
    self.wireAliases = wireAliases
    self.hostDefault = hostDefault
    self.unit = unit
    self.summary = summary
  }

  /// The same field with other values, such as the narrower bounds of one service.
  public func limited(to kind: Kind) -> Field {
    var copy = self
    copy.kind = kind
    return copy
  }
}

extension Field {
  /// The values that the field takes, in words: `an integer of at least 1`.
  public var expectation: String {
    switch kind {
    case .text: "text of at least one character"
    case .choice(let names): "one of: \(names.joined(separator: ", "))"
    case .openChoice(let names): "a name such as \(names.prefix(3).joined(separator: ", "))"
    case .integer(let range) where range.lowerBound == range.upperBound:
      String(range.lowerBound)
    case .integer(let range):
      range.upperBound == .max
        ? "an integer of at least \(range.lowerBound)"
        : "an integer from \(range.lowerBound) to \(range.upperBound)"
    case .number(let range):
      "a number from \(Self.formatted(range.lowerBound)) to \(Self.formatted(range.upperBound))"
    case .flag: "true or false"
    case .image: "an image"
    case .images(let count): "a list of 1 to \(count) images"
    case .video: "a Video, or the path of an MP4 or MOV file"
    case .audio: "the path of a sound: wav, mp3, m4a, flac or ogg"
    case .table(let fields): "a table of \(fields.map(\.name).joined(separator: ", "))"
    case .seconds: "a number of seconds above 0"
    case .length(let range):
      "pixels from \(range.lowerBound) to \(range.upperBound), or a share such as \"50%\""
    case .color: PictureColor.expectation
    case .margins:
      "pixels, a share such as \"10%\", or a table of top, right, bottom and left"
    case .entries(let fields, let count):
      "a list of 1 to \(count) tables of \(fields.map(\.name).joined(separator: ", "))"
    case .texts(let count): "a list of 1 to \(count) texts"
    case .other(let words): words
    }
  }

  /// The most files that the field takes; 0 if it takes none.
  public var maxImages: Int {
    switch kind {
    case .image, .video, .audio: 1
    case .images(let count): count
    case .entries(let fields, let count): fields.contains { $0.maxImages > 0 } ? count : 0
    default: 0
    }
  }

  /// Whether it is a list of tables, whose files are beside them.
  var hasEntries: Bool { if case .entries = kind { true } else { false } }

  /// Formats a whole number without its fraction.
  static func formatted(_ number: Double) -> String {
    Int(exactly: number).map(String.init) ?? String(number)
  }

  /// The allowed names; nil if they cannot be listed.
  public var allowedNames: [String]? {
    if case .choice(let names) = kind { names } else { nil }
  }

  /// - Throws: ``ImagineError`` of kind `validation` if the field takes no files or not so many.
  func check(_ images: [ImageInput]) throws(ImagineError) {
    guard images.isEmpty || images.count > maxImages else { return }
    throw .invalid(
      field: name, given: images.count == 1 ? "a file" : "\(images.count) files",
      expected: expectation)
  }

  /// Checks an argument and converts it to the field's own spelling.
  ///
  /// Numbers may be given as text. Names of choices may differ in case and use spaces or
  /// underscores for dashes.
  ///
  /// - Throws: ``ImagineError`` of kind `validation` that names the field, what was given and what
  ///   is allowed.
  public func value(of argument: Value) throws(ImagineError) -> Value {
    switch (kind, argument) {
    case (.text, .text(let text)) where text.contains(where: { !$0.isWhitespace }):
      return .text(text)
    case (.text, .integer(let value)):
      return .text(String(value))
    case (.choice(let names), .text(let text)):
      if let name = Field.name(for: text, among: names) { return .text(name) }
    case (.openChoice(let names), .text(let text)) where !Field.normalized(text).isEmpty:
      return .text(Field.name(for: text, among: names) ?? text)
    case (.integer(let range), _):
      if let integer = argument.wholeNumber, range.contains(integer) { return .integer(integer) }
    case (.number(let range), _):
      if let number = argument.decimalNumber, range.contains(number) { return .number(number) }
    case (.flag, .flag(let value)):
      return .flag(value)
    case (.flag, .text("true")):
      return .flag(true)
    case (.flag, .text("false")):
      return .flag(false)
    case (.seconds, _):
      if let seconds = argument.decimal, seconds > 0 {
        return .number(min(seconds, Self.maxSeconds))
      }
    case (.length, _), (.color, _), (.margins, _), (.table, _), (.entries, _), (.texts, _):
      return try pictureValue(of: argument)
    default:
      break
    }
    throw .invalid(
      field: name, given: argument.quoted, expected: expectation, allowed: allowedNames)
  }

  /// The same field, restricted to its known names.
  var restrictedToKnownNames: Field {
    guard case .openChoice(let names) = kind else { return self }
    return limited(to: .choice(names))
  }

  private static func name(for text: String, among names: [String]) -> String? {
    if names.contains(text) { return text }
    let wanted = normalized(text)
    return names.first { normalized($0) == wanted }
  }

  /// A name in lower case with dashes, for comparison.
  private static func normalized(_ name: String) -> String {
    String(name.lowercased().map { $0 == " " || $0 == "_" ? "-" : $0 })
      .trimming("-")
  }
}

extension Value {
  fileprivate var wholeNumber: Int64? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int64(exactly: value)
    case .text(let text): Int64(text.trimming(" "))
    default: nil
    }
  }

  /// A finite number.
  var decimalNumber: Double? { decimal.flatMap { $0.isFinite ? $0 : nil } }

  /// A number, also an infinite one.
  fileprivate var decimal: Double? {
    if case .text(let text) = self { Double(text.trimming(" ")) } else { double }
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
