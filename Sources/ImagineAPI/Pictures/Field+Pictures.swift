/// The values that only fields of picture steps take.
extension Field {
  /// The largest share of a length, in percent.
  static let maxPercent = 10_000.0

  /// - Throws: ``ImagineError`` of kind `validation` that names the field, what was given and what
  ///   is allowed.
  func pictureValue(of argument: Value) throws(ImagineError) -> Value {
    switch (kind, argument) {
    case (.length(let range), _):
      if let length = Self.length(argument, in: range) { return length }
    case (.color, .text(let text)):
      if let color = PictureColor(text) { return .text(color.text) }
    case (.margins, .table(let edges)): return .table(try margins(edges))
    case (.margins, _):
      if let length = Self.length(argument, in: Self.marginPixels) { return length }
    case (.table(let fields), .table(let given)):
      return .table(try members(given, fields, name))
    case (.table(let fields), .list(let none)) where none.isEmpty:
      return .table(try members([:], fields, name))
    case (.entries(let fields, let count), .list(let entries)):
      if 1...count ~= entries.count { return .list(try self.entries(entries, fields)) }
      throw .invalid(field: name, given: "a list of \(entries.count)", expected: expectation)
    case (.texts(let count), .list(let texts)):
      if 1...count ~= texts.count { return .list(try self.texts(texts)) }
      throw .invalid(field: name, given: "a list of \(texts.count)", expected: expectation)
    default: break
    }
    throw .invalid(field: name, given: argument.quoted, expected: expectation)
  }

  static let marginPixels: ClosedRange<Int64> = 0...Int64(PixelBudget.side)
  static let edges = ["top", "right", "bottom", "left"]

  /// Pixels, rounded, or a share as text.
  private static func length(_ argument: Value, in range: ClosedRange<Int64>) -> Value? {
    if case .text(let text) = argument, text.hasSuffix("%") {
      guard text.utf8.count <= 20, let percent = Value.text(String(text.dropLast())).decimalNumber,
        abs(percent) <= maxPercent, range.lowerBound < 0 || percent >= 0
      else { return nil }
      return .text("\(percent)%")
    }
    guard let pixels = argument.decimalNumber, abs(pixels) < 1e9 else { return nil }
    let whole = Int64(pixels.rounded())
    return range.contains(whole) ? .integer(whole) : nil
  }

  private func margins(_ given: [String: Value]) throws(ImagineError) -> [String: Value] {
    var margins: [String: Value] = [:]
    for (edge, value) in given.sorted(by: { $0.key < $1.key }) {
      guard Self.edges.contains(edge) else {
        throw .unknown(field: edge, of: name, allowed: Self.edges)
      }
      margins[edge] = try Field(
        "\(name).\(edge)", .length(Self.marginPixels), .optional, summary: ""
      ).value(of: value)
    }
    return margins
  }

  private func entries(
    _ entries: [Value], _ fields: [Field]
  ) throws(ImagineError) -> [Value] {
    var checked: [Value] = []
    for (index, entry) in entries.enumerated() {
      let place = "\(name)[\(index + 1)]"
      guard case .table(let given) = entry else {
        throw .invalid(field: place, given: entry.quoted, expected: "a table")
      }
      checked.append(.table(try members(given, fields, place)))
    }
    return checked
  }

  private func members(
    _ given: [String: Value], _ fields: [Field], _ place: String
  ) throws(ImagineError) -> [String: Value] {
    let names = fields.map(\.name)
    if let unknown = given.keys.sorted().first(where: { !names.contains($0) }) {
      throw .unknown(field: unknown, of: place, allowed: names)
    }
    var values: [String: Value] = [:]
    for field in fields {
      if let value = given[field.name] {
        // A file is beside the values; here is only that the table has one.
        values[field.name] =
          try field.maxImages > 0
          ? field.mark(value) : field.renamed("\(place).\(field.name)").value(of: value)
      } else if field.isRequired {
        throw .missing(
          field: field.name, of: place, expected: field.expectation, allowed: field.allowedNames)
      } else if let standard = field.standard {
        values[field.name] = try field.value(of: .text(standard))
      }
    }
    return values
  }

  private func mark(_ value: Value) throws(ImagineError) -> Value {
    guard value == .flag(true) else {
      throw .invalid(field: name, given: value.quoted, expected: expectation)
    }
    return value
  }

  private func texts(_ texts: [Value]) throws(ImagineError) -> [Value] {
    var checked: [Value] = []
    for (index, entry) in texts.enumerated() {
      switch entry {
      case .text, .integer: checked.append(.text(entry.description))
      default:
        throw .invalid(
          field: "\(name)[\(index + 1)]", given: entry.quoted, expected: "a text")
      }
    }
    return checked
  }

  private func renamed(_ name: String) -> Field {
    Field(name, kind, presence, summary: summary)
  }
}
