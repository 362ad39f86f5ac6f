import Foundation
import ImagineScripting

/// Listings for people: a line for each thing, its fields parted by tabs.
enum Listing {
  static func print(_ fields: String...) {
    Swift.print(fields.map(\.inOneLine).joined(separator: "\t"))
  }

  /// Amounts with their units, which are never added together.
  static func amounts(_ amounts: [String: Double]) -> [String] {
    amounts.sorted { $0.key < $1.key }.map { unit, amount in
      Price(millionths: Int64((amount * 1_000_000).rounded()), unit: unit).description
    }
  }
}

/// Listings for programs.
enum JSONOutput {
  static func print(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    Swift.print(String(decoding: try encoder.encode(value), as: UTF8.self))
  }
}

extension String {
  /// The text as a field of a listing: a prompt may have lines and tabs, and a service's words
  /// anything.
  var inOneLine: String {
    String(printable.map { $0.isNewline || $0 == "\t" ? " " : $0 })
  }
}
