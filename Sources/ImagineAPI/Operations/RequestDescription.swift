/// A request as the journal, image metadata and recordings store it.
///
/// Images are identified by the SHA-256 of their content, never by a path, so that equal requests
/// match wherever the files are. It contains no token and no address.
///
/// ```json
/// {"operation":"fill","fields":{"prompt":"a boat"},"pictures":{"image":"3f9a…","mask":"77c1…"}}
/// ```
///
/// A field with several images has a list of hashes.
public struct RequestDescription: Sendable, Hashable, Codable {
  /// The operation's name in scripts.
  public var operation: String
  /// By script field names.
  public var fields: [String: Value]
  /// SHA-256 of the input images, in order, by field name.
  public var images: [String: [String]]
  /// Fields passed to the provider unchecked.
  public var extra: [String: Value]

  public init(
    operation: String, fields: [String: Value] = [:], images: [String: [String]] = [:],
    extra: [String: Value] = [:]
  ) {
    self.operation = operation
    self.fields = fields
    self.images = images
    self.extra = extra
  }

  /// - Parameter images: SHA-256 of the request's images, by field name.
  public init(_ request: Request, images: [String: [String]]) {
    self.init(
      operation: request.operation.name, fields: request.fields, images: images,
      extra: request.extra)
  }

  /// The description as JSON with sorted members: equal requests give equal texts.
  public var json: String { value.json }

  /// The text that older versions gave for the same request: it has `7` for 7.0.
  public var jsonOfVersion1: String { value.json(wholeNumbersAsIntegers: true) }

  /// The description as a JSON object.
  package var value: Value {
    var members: [String: Value] = ["operation": .text(operation), "fields": .table(fields)]
    if !images.isEmpty { members["pictures"] = .table(images.mapValues(Self.value)) }
    if !extra.isEmpty { members["extra"] = .table(extra) }
    return .table(members)
  }

  private static func value(of hashes: [String]) -> Value {
    hashes.count == 1 ? .text(hashes[0]) : .list(hashes.map(Value.text))
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
    append("picture ", images.mapValues { $0.joined(separator: " ") })
    append("extra ", extra.mapValues(\.canonicalText))
    append("hidden ", redactedHashes)
    return text
  }

  /// Reads what ``json`` wrote.
  ///
  /// - Throws: ``ImagineError`` of kind `validation` for anything else.
  public init(json: String) throws {
    try self.init(Value(json: Array(json.utf8), name: "the description of a request"))
  }

  /// Reads what ``value`` gave.
  package init(_ value: Value) throws(ImagineError) {
    guard let members = value.table, let operation = members["operation"]?.text else {
      throw ImagineError(.validation, "a request is described without its operation")
    }
    var images: [String: [String]] = [:]
    for (name, value) in members["pictures"]?.table ?? [:] {
      images[name] = value.text.map { [$0] } ?? value.list?.compactMap(\.text) ?? []
    }
    self.init(
      operation: operation, fields: members["fields"]?.table ?? [:], images: images,
      extra: members["extra"]?.table ?? [:])
  }

  public init(from decoder: any Decoder) throws {
    try self.init(Value(from: decoder))
  }

  public func encode(to encoder: any Encoder) throws {
    try value.encode(to: encoder)
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
    let images = try Dictionary(
      uniqueKeysWithValues: images.map { field, hashes in
        (field, try hashes.map { try image(field, $0) })
      })
    var request = try operation.request(from: fields, images: images, source: .script)
    request.extra = extra
    return request
  }
}
