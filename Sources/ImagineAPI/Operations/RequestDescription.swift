#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A request as the journal, image metadata and recordings store it.
///
/// Images are identified by the SHA-256 of their content, never by a path, so that equal requests
/// match wherever the files are. It contains no token and no address.
///
/// ```json
/// {"operation":"fill","fields":{"prompt":"a boat"},"pictures":{"image":"3f9a…","mask":"77c1…"}}
/// ```
public struct RequestDescription: Sendable, Hashable, Codable {
  /// A value other than an image.
  public enum Scalar: Sendable, Hashable {
    case text(String)
    case integer(Int64)
    case number(Double)
    case boolean(Bool)
  }

  /// The operation's name in scripts.
  public var operation: String
  /// By script field names.
  public var fields: [String: Scalar]
  /// SHA-256 of the input images, by field name.
  public var images: [String: String]
  /// Fields passed to the provider unchecked.
  public var extra: [String: Scalar]

  public init(
    operation: String, fields: [String: Scalar] = [:], images: [String: String] = [:],
    extra: [String: Scalar] = [:]
  ) {
    self.operation = operation
    self.fields = fields
    self.images = images
    self.extra = extra
  }

  /// - Parameter images: SHA-256 of the request's images, by field name.
  public init(_ request: Request, images: [String: String]) {
    self.init(
      operation: request.operation.name, fields: request.values.compactMapValues(Scalar.init),
      images: images, extra: request.extra)
  }

  /// The description as JSON with sorted members: equal requests give equal texts.
  public var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Encoding cannot fail: the checks of a call leave only finite numbers.
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  /// A text that is equal for equal requests and differs for all others. The length precedes each
  /// value, so that a value cannot imitate the end of another.
  ///
  /// This is several times faster than ``json``; resuming a run makes one text for each call.
  ///
  /// - Parameter redactedHashes: hashes of redacted `extra` fields, by field name.
  public func canonicalText(redactedHashes: [String: String] = [:]) -> String {
    var text = operation
    func append(_ kind: String, _ members: [String: String]) {
      for (name, value) in members.sorted(by: { $0.key < $1.key }) {
        text += " \(kind)\(name.utf8.count):\(name)=\(value.utf8.count):\(value)"
      }
    }
    append("", fields.mapValues(\.canonicalText))
    append("picture ", images)
    append("extra ", extra.mapValues(\.canonicalText))
    append("hidden ", redactedHashes)
    return text
  }

  /// Reads what ``json`` wrote.
  ///
  /// - Throws: `DecodingError` for anything else.
  public init(json: String) throws {
    self = try JSONDecoder().decode(Self.self, from: Data(json.utf8))
  }

  private enum CodingKeys: String, CodingKey {
    case operation, fields, extra
    case images = "pictures"
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      operation: try container.decode(String.self, forKey: .operation),
      fields: try container.decodeIfPresent([String: Scalar].self, forKey: .fields) ?? [:],
      images: try container.decodeIfPresent([String: String].self, forKey: .images) ?? [:],
      extra: try container.decodeIfPresent([String: Scalar].self, forKey: .extra) ?? [:])
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(operation, forKey: .operation)
    try container.encode(fields, forKey: .fields)
    if !images.isEmpty { try container.encode(images, forKey: .images) }
    if !extra.isEmpty { try container.encode(extra, forKey: .extra) }
  }
}

extension RequestDescription {
  /// Makes a request for a provider, with all checks, since the description may come from an
  /// untrusted file.
  ///
  /// - Parameters:
  ///   - operations: the provider's operations.
  ///   - image: finds an input image by the SHA-256 of its content.
  /// - Throws: ``ImagineError`` of kind `validation`; what `image` throws.
  public func request(
    for operations: [MediaOperation],
    image: (_ field: String, _ sha256: String) throws -> ImageInput
  ) throws -> Request {
    guard let operation = operations.first(where: { $0.name == self.operation }) else {
      throw ImagineError.invalid(
        field: "operation", given: "\"\(self.operation)\"",
        expected: "one of: \(operations.map(\.name).joined(separator: ", "))",
        allowed: operations.map(\.name))
    }
    var arguments = fields.mapValues(FieldArgument.init)
    for (field, sha256) in images {
      arguments[field] = .image(try image(field, sha256))
    }
    var request = try operation.request(from: arguments, source: .script)
    request.extra = extra
    return request
  }
}

extension RequestDescription.Scalar: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    // Most frequent types first: each failed attempt costs an error.
    if let value = try? container.decode(String.self) {
      self = .text(value)
    } else if let value = try? container.decode(Int64.self) {
      self = .integer(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else {
      self = .boolean(try container.decode(Bool.self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .text(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .boolean(let value): try container.encode(value)
    }
  }
}

extension RequestDescription.Scalar: CustomStringConvertible {
  /// The value as in a script; text without quotes.
  public var description: String {
    switch self {
    case .text(let value): value
    case .integer(let value): String(value)
    case .number(let value): String(value)
    case .boolean(let value): String(value)
    }
  }
}

extension RequestDescription.Scalar {
  /// The value after a letter for its type, so that the text "7" differs from the number.
  public var canonicalText: String {
    switch self {
    case .text: "s\(self)"
    case .integer: "i\(self)"
    case .number: "n\(self)"
    case .boolean: "b\(self)"
    }
  }

  /// Nil for an image.
  public init?(_ value: FieldValue) {
    switch value {
    case .text(let text): self = .text(text)
    case .integer(let number): self = .integer(number)
    case .number(let number): self = .number(number)
    case .flag(let flag): self = .boolean(flag)
    case .image: return nil
    }
  }
}

extension FieldArgument {
  fileprivate init(_ scalar: RequestDescription.Scalar) {
    switch scalar {
    case .text(let text): self = .text(text)
    case .integer(let number): self = .integer(number)
    case .number(let number): self = .number(number)
    case .boolean(let flag): self = .boolean(flag)
    }
  }
}
