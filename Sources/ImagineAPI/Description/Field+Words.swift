/// A field in words, for the help and the documentation.
extension Field {
  /// The type of the values, in a word.
  public var typeName: String {
    switch kind {
    case .text: "text"
    case .choice, .openChoice: "name"
    case .integer: "integer"
    case .number, .seconds: "number"
    case .flag: "true or false"
    case .image: "image"
    case .video: "video"
    case .audio: "sound"
    case .table: "table"
    case .images(let count): "list of 1 to \(count) images"
    case .length: "pixels or share"
    case .color: "color"
    case .margins: "pixels, share or table"
    case .entries(_, let count): "list of 1 to \(count) tables"
    case .texts(let count): "list of 1 to \(count) texts"
    case .other(let words): words
    }
  }

  /// The values that are allowed within the type: names, or bounds; nil for any.
  public var allowedText: String? {
    switch kind {
    case .choice(let names): names.joined(separator: ", ")
    case .openChoice(let names): "\(names.joined(separator: ", ")), or another"
    case .integer(let range):
      range.upperBound == .max
        ? "at least \(range.lowerBound)" : "\(range.lowerBound) … \(range.upperBound)"
    case .number(let range):
      "\(Self.formatted(range.lowerBound)) … \(Self.formatted(range.upperBound))"
    case .seconds: "above 0"
    case .length(let range): "\(range.lowerBound) … \(range.upperBound), or such as 50%"
    case .color: "a name, #rrggbb, #rrggbbaa or transparent"
    case .margins: "top, right, bottom, left"
    case .entries(let fields, _), .table(let fields):
      fields.map(\.name).joined(separator: ", ")
    case .text, .flag, .image, .video, .audio, .images, .texts, .other: nil
    }
  }

  /// The names that are known; empty if the values have none.
  public var knownNames: [String] {
    switch kind {
    case .choice(let names), .openChoice(let names): names
    default: []
    }
  }

  /// The value that applies if a script gives none; nil if there is none.
  public var standard: String? {
    if let hostDefault { return hostDefault }
    return if case .defaulted(let value) = presence { value } else { nil }
  }

  /// Whether a script must give the field.
  public var isRequired: Bool {
    guard case .required = presence else { return false }
    return hostDefault == nil
  }
}
