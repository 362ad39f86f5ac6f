import ImagineCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The fields of a JSON object, as arguments to be checked.
struct JSONFields {
  /// A field that is null counts as absent.
  let fields: [String: Argument]

  /// - Throws: ``Failure`` 1100 where the bytes are no JSON object.
  init(_ bytes: [UInt8]) throws(Failure) {
    do {
      fields = try JSONDecoder().decode([String: Value].self, from: Data(bytes))
        .compactMapValues(\.argument)
    } catch {
      throw .invalid("the body is no JSON object")
    }
  }

  private struct Value: Decodable {
    let argument: Argument?

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
