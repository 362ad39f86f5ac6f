extension Value {
  /// Reads a JSON text (RFC 8259). Numbers keep their type: `7` is an integer and `7.0` a float.
  ///
  /// - Parameter name: of the text in messages.
  /// - Throws: ``ImagineError`` of kind `validation` with line and column, also for lists and objects
  ///   nested deeper than ``maxDepth``.
  public init(json text: [UInt8], name: String = "JSON") throws {
    var reader = JSONReader(text, name: name, maxDepth: Self.maxDepth)
    self.init(try reader.document())
  }

  private init(_ node: JSONNode) {
    switch node {
    case .null: self = .null
    case .boolean(let value): self = .flag(value)
    case .integer(let value): self = .integer(value)
    case .number(let value): self = .number(value)
    case .string(let bytes): self = .text(String(decoding: bytes, as: UTF8.self))
    case .array(let elements): self = .list(elements.map(Value.init))
    case .object(let fields):
      self = .table(
        Dictionary(
          fields.map { (String(decoding: $0.name, as: UTF8.self), Value($0.value)) }
        ) { $1 })
    }
  }

  /// The value as JSON in one line, with sorted keys: equal values give equal texts.
  ///
  /// Foundation's encoder is not used: it writes the float 7.0 as the integer `7`.
  public var json: String { json(wholeNumbersAsIntegers: false) }

  /// - Parameter wholeNumbersAsIntegers: whether 7.0 is written as `7`, as older versions did.
  func json(wholeNumbersAsIntegers: Bool) -> String {
    var bytes: [UInt8] = []
    append(to: &bytes, wholeNumbersAsIntegers)
    return String(decoding: bytes, as: UTF8.self)
  }

  private func append(to bytes: inout [UInt8], _ wholeNumbersAsIntegers: Bool) {
    switch self {
    case .null: bytes += Array("null".utf8)
    case .text(let text): Self.append(text, to: &bytes)
    case .integer(let value): bytes += Array(String(value).utf8)
    case .number(let value):
      let text = String(value)
      bytes += Array(
        (wholeNumbersAsIntegers && text.hasSuffix(".0") ? text.dropLast(2) : text[...]).utf8)
    case .flag(let value): bytes += Array(String(value).utf8)
    case .list(let values):
      bytes.append(UInt8(ascii: "["))
      for (index, value) in values.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        value.append(to: &bytes, wholeNumbersAsIntegers)
      }
      bytes.append(UInt8(ascii: "]"))
    case .table(let members):
      bytes.append(UInt8(ascii: "{"))
      for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        Self.append(member.key, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        member.value.append(to: &bytes, wholeNumbersAsIntegers)
      }
      bytes.append(UInt8(ascii: "}"))
    }
  }

  private static func append(_ text: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    JSONEscape.append(text.utf8, to: &bytes)
    bytes.append(UInt8(ascii: "\""))
  }
}

/// Escapes strings for JSON.
public enum JSONEscape {
  /// Appends UTF-8 bytes; quotes, backslashes and control characters are escaped.
  public static func append(_ text: some Sequence<UInt8>, to bytes: inout [UInt8]) {
    for byte in text {
      switch byte {
      case UInt8(ascii: "\""): bytes += [0x5C, 0x22]
      case UInt8(ascii: "\\"): bytes += [0x5C, 0x5C]
      case 0x08: bytes += Array("\\b".utf8)
      case 0x09: bytes += Array("\\t".utf8)
      case 0x0A: bytes += Array("\\n".utf8)
      case 0x0C: bytes += Array("\\f".utf8)
      case 0x0D: bytes += Array("\\r".utf8)
      case 0..<0x20:
        bytes += Array("\\u00".utf8)
        bytes += Array(((byte < 16 ? "0" : "") + String(byte, radix: 16)).utf8)
      default: bytes.append(byte)
      }
    }
  }
}

/// For formats that other types are stored in. A whole float is read back as an integer.
extension Value: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    // Most frequent types first: each failed attempt costs an error.
    if let value = try? container.decode(String.self) {
      self = .text(value)
    } else if let value = try? container.decode(Int64.self) {
      self = .integer(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(Bool.self) {
      self = .flag(value)
    } else if container.decodeNil() {
      self = .null
    } else if let values = try? container.decode([Value].self) {
      self = .list(values)
    } else {
      self = .table(try container.decode([String: Value].self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .text(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .flag(let value): try container.encode(value)
    case .list(let values): try container.encode(values)
    case .table(let members): try container.encode(members)
    }
  }
}
