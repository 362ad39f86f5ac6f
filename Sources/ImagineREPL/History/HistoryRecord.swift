/// A statement in the history file: one line of JSON.
struct HistoryRecord: Equatable, Sendable {
  /// Seconds since 1970.
  var time: Int
  var session: String
  var statement: String

  var line: String {
    "{\"time\":\(time),\"session\":\(Self.quoted(session)),\"statement\":\(Self.quoted(statement))}\n"
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case let scalar where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  init(time: Int, session: String, statement: String) {
    (self.time, self.session, self.statement) = (time, session, statement)
  }

  /// Reads a line; nil if it is damaged.
  init?(line: ArraySlice<UInt8>) {
    var reader = Reader(bytes: line)
    guard let fields = reader.object(), case .number(let time)? = fields["time"],
      case .text(let session)? = fields["session"], case .text(let statement)? = fields["statement"]
    else { return nil }
    self.init(time: time, session: session, statement: statement)
  }

  /// Reads an object of strings and integers.
  private struct Reader {
    enum Value {
      case text(String), number(Int)
    }

    let bytes: ArraySlice<UInt8>
    var position: Int

    init(bytes: ArraySlice<UInt8>) {
      self.bytes = bytes
      position = bytes.startIndex
    }

    mutating func object() -> [String: Value]? {
      guard take("{") else { return nil }
      var fields: [String: Value] = [:]
      repeat {
        guard let name = text(), take(":"), let value = value() else { return nil }
        fields[name] = value
      } while take(",")
      return take("}") ? fields : nil
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
      while position < bytes.endIndex, bytes[position] == 0x20 { position += 1 }
      guard position < bytes.endIndex, UInt32(bytes[position]) == character.value else {
        return false
      }
      position += 1
      return true
    }

    private mutating func value() -> Value? {
      if let text = text() { return .text(text) }
      let digits = bytes[position...].prefix { (0x30...0x39).contains($0) }
      position += digits.count
      return Int(String(decoding: digits, as: UTF8.self)).map { .number($0) }
    }

    private mutating func text() -> String? {
      guard take("\"") else { return nil }
      var result: [UInt8] = []
      while position < bytes.endIndex {
        let byte = bytes[position]
        position += 1
        if byte == 0x22 { return String(validating: result, as: UTF8.self) }
        guard byte == 0x5c else {
          result.append(byte)
          continue
        }
        guard position < bytes.endIndex else { return nil }
        let escaped = bytes[position]
        position += 1
        switch escaped {
        case 0x22, 0x5c, 0x2f: result.append(escaped)
        case UInt8(ascii: "n"): result.append(0x0a)
        case UInt8(ascii: "t"): result.append(0x09)
        case UInt8(ascii: "u"):
          let digits = String(decoding: bytes[position...].prefix(4), as: UTF8.self)
          guard digits.utf8.count == 4, let value = UInt32(digits, radix: 16),
            let scalar = Unicode.Scalar(value)
          else {
            return nil
          }
          result.append(contentsOf: String(Character(scalar)).utf8)
          position += 4
        default: return nil
        }
      }
      return nil
    }
  }
}
