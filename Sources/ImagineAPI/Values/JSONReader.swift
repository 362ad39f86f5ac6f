/// A value of a JSON text.
public enum JSONNode {
  case null
  case boolean(Bool)
  case integer(Int64)
  case number(Double)
  case string([UInt8])
  case array([JSONNode])
  /// In the order of the text. If a name repeats, the last field counts.
  case object([(name: [UInt8], value: JSONNode)])
}

/// Reads JSON as RFC 8259 defines it: no trailing comma, no bytes after the value, only UTF-8.
///
/// Foundation's reader is not used: it accepts `1\\0002\\0` as 12, and reads 7.0 as an integer.
public struct JSONReader {
  private let text: [UInt8]
  private let name: String
  private let maxDepth: Int
  private var index = 0
  private var depth = 0
  private var uncounted = 0
  private let willTake: (Int) throws -> Void

  private static let digitBytes = UInt8(ascii: "0")...UInt8(ascii: "9")
  /// Levels of nesting by default; more than any document needs.
  public static let maxDepth = 512
  /// Memory of a node and its place in a list, in bytes.
  private static let nodeSize = 64

  /// - Parameters:
  ///   - name: of the text in messages.
  ///   - maxDepth: levels of nesting.
  ///   - willTake: called with a number of bytes before they are allocated.
  public init(
    _ text: [UInt8], name: String, maxDepth: Int = JSONReader.maxDepth,
    willTake: @escaping (Int) throws -> Void = { _ in }
  ) {
    self.text = text
    self.name = name
    self.maxDepth = maxDepth
    self.willTake = willTake
  }

  /// - Throws: ``ImagineError`` of kind `validation` with line and column; any error of `willTake`.
  public mutating func document() throws -> JSONNode {
    if text.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
    let node = try value()
    skipSpace()
    guard index == text.count else { throw fault("unexpected text after the value") }
    return node
  }

  private var next: UInt8? { index < text.count ? text[index] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      index += 1
    }
  }

  private mutating func value() throws -> JSONNode {
    uncounted += Self.nodeSize
    if uncounted >= 1 << 16 {
      try willTake(uncounted)
      uncounted = 0
    }
    skipSpace()
    switch next {
    case UInt8(ascii: "{"): return try object()
    case UInt8(ascii: "["): return try array()
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .boolean(true))
    case UInt8(ascii: "f"): return try literal("false", .boolean(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    case let byte? where byte == UInt8(ascii: "-") || Self.digitBytes.contains(byte):
      return try number()
    case nil: throw fault("the text ends where a value is expected")
    default: throw fault("this is not a JSON value")
    }
  }

  private mutating func literal(_ word: StaticString, _ node: JSONNode) throws(ImagineError)
    -> JSONNode
  {
    let end = index + word.utf8CodeUnitCount
    let matches = word.withUTF8Buffer { word in
      end <= text.count && text[index..<end].elementsEqual(word)
    }
    guard matches else { throw fault("this is not a JSON value") }
    index = end
    return node
  }

  private mutating func enter() throws(ImagineError) {
    depth += 1
    guard depth <= maxDepth else {
      throw fault("too many nested arrays or objects: more than \(maxDepth)")
    }
    index += 1
    skipSpace()
  }

  private mutating func leave() {
    depth -= 1
    index += 1
  }

  private mutating func array() throws -> JSONNode {
    try enter()
    var elements: [JSONNode] = []
    while next != UInt8(ascii: "]") || !elements.isEmpty {
      elements.append(try value())
      if try !hasNext(UInt8(ascii: "]"), "array") { break }
    }
    leave()
    return .array(elements)
  }

  private mutating func object() throws -> JSONNode {
    try enter()
    var fields: [(name: [UInt8], value: JSONNode)] = []
    while next != UInt8(ascii: "}") || !fields.isEmpty {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw fault("a name in quotes is expected") }
      let name = try string()
      skipSpace()
      guard next == UInt8(ascii: ":") else { throw fault("a colon is expected") }
      index += 1
      fields.append((name, try value()))
      if try !hasNext(UInt8(ascii: "}"), "object") { break }
    }
    leave()
    return .object(fields)
  }

  /// Whether another element follows the comma; stops before the closing bracket otherwise.
  private mutating func hasNext(_ end: UInt8, _ name: String) throws(ImagineError) -> Bool {
    skipSpace()
    switch next {
    case end: return false
    case UInt8(ascii: ","):
      let comma = index
      index += 1
      skipSpace()
      if next == end { throw fault("a trailing comma", at: comma) }
      return true
    case nil: throw fault("the text ends within an \(name)")
    default: throw fault("a comma or the end of the \(name) is expected")
    }
  }

  private mutating func number() throws(ImagineError) -> JSONNode {
    let start = index
    if next == UInt8(ascii: "-") { index += 1 }
    if next == UInt8(ascii: "0") { index += 1 } else { try digits() }
    var isInteger = true
    if next == UInt8(ascii: ".") {
      isInteger = false
      index += 1
      try digits()
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      isInteger = false
      index += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { index += 1 }
      try digits()
    }
    let written = String(decoding: text[start..<index], as: UTF8.self)
    // An integer has no negative zero.
    if isInteger, written != "-0", let integer = Int64(written) { return .integer(integer) }
    guard let number = Double(written), number.isFinite else {
      throw fault("the number is too large", at: start)
    }
    return .number(number)
  }

  private mutating func digits() throws(ImagineError) {
    let start = index
    while let byte = next, Self.digitBytes.contains(byte) { index += 1 }
    guard index > start else { throw fault("a digit is expected") }
  }

  private mutating func string() throws(ImagineError) -> [UInt8] {
    let start = index
    index += 1
    var bytes: [UInt8] = []
    while true {
      let plain = index
      while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
        index += 1
      }
      bytes += text[plain..<index]
      switch next {
      case UInt8(ascii: "\""):
        index += 1
        guard String(validating: bytes, as: UTF8.self) != nil else {
          throw fault("Invalid UTF-8 in a string", at: start)
        }
        return bytes
      case UInt8(ascii: "\\"): bytes += try escape()
      case nil: throw fault("the text ends within a string")
      default: throw fault("a control character in a string must be escaped")
      }
    }
  }

  private mutating func escape() throws(ImagineError) -> [UInt8] {
    let start = index
    index += 1
    guard let letter = next else { throw fault("the text ends within a string") }
    index += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [letter]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"):
      var code = try fourDigits()
      if (0xD800..<0xDC00).contains(code), next == UInt8(ascii: "\\"), index + 1 < text.count,
        text[index + 1] == UInt8(ascii: "u")
      {
        index += 2
        let low = try fourDigits()
        guard (0xDC00..<0xE000).contains(low) else {
          throw fault("half of a surrogate pair is no character", at: start)
        }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else {
        throw fault("half of a surrogate pair is no character", at: start)
      }
      return Array(String(scalar).utf8)
    default: throw fault("unknown escape sequence", at: start)
    }
  }

  private mutating func fourDigits() throws(ImagineError) -> UInt32 {
    guard index + 4 <= text.count,
      text[index..<index + 4].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let code = UInt32(String(decoding: text[index..<index + 4], as: UTF8.self), radix: 16)
    else { throw fault("four hexadecimal digits are expected") }
    index += 4
    return code
  }

  private func fault(_ message: String, at place: Int? = nil) -> ImagineError {
    let before = text.prefix(place ?? index)
    let newline = UInt8(ascii: "\n")
    let line = before.count { $0 == newline } + 1
    let column = before.count - (before.lastIndex(of: newline).map { $0 + 1 } ?? 0) + 1
    return ImagineError(.validation, "\(name): line \(line), column \(column): \(message)")
  }
}
