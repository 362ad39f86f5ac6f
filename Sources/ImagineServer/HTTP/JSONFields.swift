import ImagineAPI

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The fields of a JSON object, as unchecked arguments.
struct JSONFields {
  /// Without fields that are null.
  let fields: [String: FieldArgument]

  /// - Throws: ``APIError`` 1100 if the bytes are not a JSON object.
  init(_ bytes: [UInt8]) throws(APIError) {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .invalid("the body is not a JSON object: its text is not UTF-8")
    }
    let values = try? JSONDecoder().decode([String: Value].self, from: Data(bytes))
    // A string that cannot be decoded looks like a value of another type, or fails the whole body.
    if values?.values.contains(where: \.isOther) ?? true, Self.hasLoneSurrogate(text) {
      throw .invalid(
        "the body contains a string that is not Unicode: half of a surrogate pair (\\ud…)")
    }
    guard let values else { throw .invalid("the body is not a JSON object") }
    fields = values.compactMapValues(\.argument)
  }

  /// Whether a text has a `\u` escape for half of a surrogate pair.
  private static func hasLoneSurrogate(_ text: String) -> Bool {
    // Matched too, because an escaped backslash does not start another escape.
    let escapes = text.matches(of: /\\\\|\\u([0-9a-fA-F]{4})/)
    var high: Range<String.Index>?
    for escape in escapes {
      guard let unit = escape.1.flatMap({ UInt16($0, radix: 16) }) else { continue }
      let follows = high?.upperBound == escape.range.lowerBound
      switch unit {
      case 0xD800...0xDBFF:
        if high != nil { return true }
        high = escape.range
      case 0xDC00...0xDFFF:
        guard high != nil, follows else { return true }
        high = nil
      default:
        if high != nil { return true }
      }
    }
    return high != nil
  }

  private struct Value: Decodable {
    let argument: FieldArgument?

    var isOther: Bool { if case .other? = argument { true } else { false } }

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if container.decodeNil() {
        argument = nil
      } else if let value = try? container.decode(Bool.self) {
        argument = .boolean(value)
      } else if let value = try? container.decode(Int64.self) {
        argument = .integer(value)
      } else if let value = try? container.decode(Double.self) {
        argument = .number(value)
      } else if let value = try? container.decode(String.self) {
        argument = .text(value)
      } else {
        argument = .other(type: "list or object")
      }
    }
  }
}
