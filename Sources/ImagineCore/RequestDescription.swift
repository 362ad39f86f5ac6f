#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A request as it is written down: in the journal, in a picture's metadata, in a recording.
///
/// Pictures are named by the SHA-256 of their content, never by a path, so that the same request is
/// known again wherever its files lie. It holds no token and no address.
///
/// ```json
/// {"operation":"fill","fields":{"prompt":"a boat"},"pictures":{"image":"3f9a…","mask":"77c1…"}}
/// ```
public struct RequestDescription: Sendable, Hashable, Codable {
  /// A value that is no picture.
  public enum Scalar: Sendable, Hashable {
    case text(String)
    case integer(Int64)
    case number(Double)
    case boolean(Bool)
  }

  /// The operation's name, as scripts write it.
  public var operation: String
  /// By the fields' names in scripts.
  public var fields: [String: Scalar]
  /// SHA-256 of the input pictures, by the names of their fields.
  public var pictures: [String: String]
  /// Fields that were passed through unchecked.
  public var extra: [String: Scalar]

  public init(
    operation: String, fields: [String: Scalar] = [:], pictures: [String: String] = [:],
    extra: [String: Scalar] = [:]
  ) {
    self.operation = operation
    self.fields = fields
    self.pictures = pictures
    self.extra = extra
  }

  /// - Parameter pictures: SHA-256 of the request's pictures, by the names of their fields.
  public init(_ request: Request, pictures: [String: String]) {
    self.init(
      operation: request.operation.name, fields: request.values.compactMapValues(Scalar.init),
      pictures: pictures, extra: request.extra)
  }

  /// The description as JSON with its members in order: equal requests give equal texts.
  public var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Nothing in it can fail to encode: numbers are finite, by the checks of a call.
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  /// The description as one text to tell requests apart by: equal ones give equal texts, others
  /// others. Each value stands behind its length, so that none can be taken for the end of another.
  ///
  /// Not ``json``, which takes several times as long: a resumed run makes one for each of its calls.
  ///
  /// - Parameter hidden: hashes of `extra` fields that are not in the description, by their names.
  public func canonicalText(hidden: [String: String] = [:]) -> String {
    var text = operation
    func append(_ kind: String, _ members: [String: String]) {
      for (name, value) in members.sorted(by: { $0.key < $1.key }) {
        text += " \(kind)\(name.utf8.count):\(name)=\(value.utf8.count):\(value)"
      }
    }
    append("", fields.mapValues(\.canonicalText))
    append("picture ", pictures)
    append("extra ", extra.mapValues(\.canonicalText))
    append("hidden ", hidden)
    return text
  }

  /// Reads what ``json`` wrote.
  ///
  /// - Throws: `DecodingError` for anything else.
  public init(json: String) throws {
    self = try JSONDecoder().decode(Self.self, from: Data(json.utf8))
  }

  private enum CodingKeys: String, CodingKey { case operation, fields, pictures, extra }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      operation: try container.decode(String.self, forKey: .operation),
      fields: try container.decodeIfPresent([String: Scalar].self, forKey: .fields) ?? [:],
      pictures: try container.decodeIfPresent([String: String].self, forKey: .pictures) ?? [:],
      extra: try container.decodeIfPresent([String: Scalar].self, forKey: .extra) ?? [:])
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(operation, forKey: .operation)
    try container.encode(fields, forKey: .fields)
    if !pictures.isEmpty { try container.encode(pictures, forKey: .pictures) }
    if !extra.isEmpty { try container.encode(extra, forKey: .extra) }
  }
}

extension RequestDescription {
  /// The request that it describes, as a provider takes it: checked anew, since a description may
  /// come from a stranger's file.
  ///
  /// - Parameters:
  ///   - operations: what the provider does.
  ///   - picture: finds an input picture by the SHA-256 of its content.
  /// - Throws: ``ImagineError`` of kind `validation`; what `picture` throws.
  public func request(
    for operations: [Operation], picture: (_ field: String, _ sha256: String) throws -> Picture
  ) throws -> Request {
    guard let operation = operations.first(where: { $0.name == self.operation }) else {
      throw ImagineError.invalid(
        field: "operation", given: "\"\(self.operation)\"",
        expected: "one of: \(operations.map(\.name).joined(separator: ", "))",
        allowed: operations.map(\.name))
    }
    var arguments = fields.mapValues(Argument.init)
    for (field, sha256) in pictures {
      arguments[field] = .picture(try picture(field, sha256))
    }
    var request = try operation.request(from: arguments, by: .script)
    request.extra = extra
    return request
  }
}

extension RequestDescription.Scalar: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    // In the order in which they are met: each that is tried in vain costs an error.
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
  /// The value as a script writes it; texts without quotes.
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
  /// The value behind a letter for its type: the text "7" is not the number.
  public var canonicalText: String {
    switch self {
    case .text: "s\(self)"
    case .integer: "i\(self)"
    case .number: "n\(self)"
    case .boolean: "b\(self)"
    }
  }

  /// Nil for a picture.
  public init?(_ value: FieldValue) {
    switch value {
    case .text(let text): self = .text(text)
    case .integer(let number): self = .integer(number)
    case .number(let number): self = .number(number)
    case .flag(let flag): self = .boolean(flag)
    case .picture: return nil
    }
  }
}

extension Argument {
  fileprivate init(_ scalar: RequestDescription.Scalar) {
    switch scalar {
    case .text(let text): self = .text(text)
    case .integer(let number): self = .integer(number)
    case .number(let number): self = .number(number)
    case .boolean(let flag): self = .boolean(flag)
    }
  }
}
