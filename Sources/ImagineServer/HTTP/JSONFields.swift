import ImagineAPI

/// The fields of a JSON object, as unchecked arguments.
struct JSONFields {
  /// Without fields that are null.
  let fields: [String: Value]

  /// - Throws: ``APIError`` 1100 if the bytes are not a JSON object.
  init(_ bytes: [UInt8]) throws(APIError) {
    let value: Value
    do {
      value = try Value(json: bytes, name: "JSON")
    } catch {
      let reason = (error as? ImagineError)?.message ?? "\(error)"
      throw .invalid("the body is not a JSON object: \(reason)")
    }
    guard let members = value.table else { throw .invalid("the body is not a JSON object") }
    fields = members.filter { $0.value != .null }
  }
}
