import Foundation
import ImagineAPI
import ImagineScripting

/// Listings for people: one line per item, with fields separated by tabs.
enum Listing {
  static func print(_ fields: String...) throws {
    try Output.line(fields.map(\.inOneLine).joined(separator: "\t"))
  }

  /// Amounts with their units; different units are never added.
  static func amounts(_ amounts: [String: Double]) -> [String] {
    amounts.sorted { $0.key < $1.key }.map { unit, amount in
      Price(millionths: Int64((amount * 1_000_000).rounded()), unit: unit).description
    }
  }
}

/// Listings for programs: JSON with names in snake_case, and ISO 8601 for times, whose names end in
/// `_at`.
enum JSONOutput {
  static func print(_ value: some Encodable) throws {
    try Output.line(text(of: value))
  }

  /// The JSON, without a line break at its end.
  static func text(of value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    let lines = String(decoding: try encoder.encode(value), as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false).map(Self.withReadableTime)
    return lines.joined(separator: "\n").withoutControls
  }

  /// Converts a time from seconds since 1970. A JSON string contains no line break, so each line is
  /// one member.
  private static func withReadableTime(_ line: Substring) -> Substring {
    guard let end = line.firstRange(of: "_at\" : ")?.upperBound else { return line }
    let number = line[end...].prefix { $0.isNumber || $0 == "." || $0 == "-" }
    guard line.drop(while: { $0 == " " }).first == "\"", let seconds = Double(number),
      line[number.endIndex...].allSatisfy({ $0 == "," })
    else { return line }
    let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    let time = Date(timeIntervalSince1970: seconds).formatted(style)
    return "\(line[..<end])\"\(time)\"\(line[number.endIndex...])"
  }
}

extension String {
  /// Escapes control characters that a terminal would obey, such as U+009B; the JSON stays
  /// equivalent.
  var withoutControls: String {
    guard unicodeScalars.contains(where: \.isUnprintable) else { return self }
    return unicodeScalars.reduce(into: "") { text, scalar in
      if scalar.isUnprintable {
        for unit in String(scalar).utf16 { text += String(format: "\\u%04x", unit) }
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
  }
}
