import ImagineAPI

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The fields of a JSON object, as unchecked arguments.
struct JSONFields {
  /// Without fields that are null.
  let fields: [String: Value]

  init(fields: [String: Value]) { self.fields = fields }

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

  /// The request that the fields describe, checked against the operation.
  ///
  /// An image is text in base64 or a data URL, or an object whose `image_url` is.
  func request(for operation: MediaOperation) throws -> ImagineAPI.Request {
    var arguments = fields
    var images: [String: [ImageInput]] = [:]
    for field in operation.fields where field.maxImages > 0 {
      for name in [field.wireName] + field.wireAliases {
        guard let given = arguments.removeValue(forKey: name) else { continue }
        images[name] = try (given.list ?? [given]).map { .bytes(try $0.imageBytes(name)) }
      }
    }
    return try operation.request(from: arguments, images: images, source: .wire)
  }
}

extension Value {
  /// The bytes of an image that JSON holds in base64.
  ///
  /// - Parameter field: the field, for errors.
  func imageBytes(_ field: String) throws(APIError) -> [UInt8] {
    guard let text = text ?? table?["image_url"]?.text ?? table?["image_url"]?.table?["url"]?.text
    else {
      throw .invalid(
        "field '\(field)': \(quoted) is no image (expected base64 or a data URL)", field: field)
    }
    guard !text.hasPrefix("http:"), !text.hasPrefix("https:") else {
      throw .invalid(
        "field '\(field)': this server fetches no images (expected base64 or a data URL)",
        field: field)
    }
    var base64 = text.utf8[...]
    if text.hasPrefix("data:"), let comma = base64.firstIndex(of: UInt8(ascii: ",")) {
      base64 = base64[base64.index(after: comma)...]
    }
    // Some clients break lines.
    guard let data = Data(base64Encoded: Data(base64), options: .ignoreUnknownCharacters),
      !data.isEmpty
    else {
      throw .invalid("field '\(field)': the text is not base64", field: field)
    }
    return Array(data)
  }
}
