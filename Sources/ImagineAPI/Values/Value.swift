/// A value of a script, a form, a JSON text or a TOML file. Everything that comes from outside is
/// this type until its field checks it, and stays this type after that.
///
/// Images are not values: a ``Request`` keeps them apart.
public indirect enum Value: Sendable, Hashable {
  case null
  case text(String)
  case integer(Int64)
  /// Always finite.
  case number(Double)
  case flag(Bool)
  case list([Value])
  case table([String: Value])

  /// Levels of nested lists and tables that are accepted from outside.
  public static let maxDepth = 32
  /// Entries of a list or a table that are accepted from a script.
  public static let maxEntries = 100_000
}

extension Value {
  public var text: String? { if case .text(let value) = self { value } else { nil } }
  public var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
  public var flag: Bool? { if case .flag(let value) = self { value } else { nil } }
  public var list: [Value]? { if case .list(let values) = self { values } else { nil } }
  public var table: [String: Value]? { if case .table(let values) = self { values } else { nil } }

  /// The number of an integer or a float.
  public var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// The value as the user wrote it, for messages; long text is shortened.
  public var quoted: String {
    switch self {
    case .text(let text): text.count > 60 ? "\"\(text.prefix(57))...\"" : "\"\(text)\""
    case .list: "a list"
    case .table: "a table"
    default: description
    }
  }
}

extension Value: CustomStringConvertible {
  /// The value as in a script: text without quotes, lists and tables as JSON.
  public var description: String {
    switch self {
    case .null: "null"
    case .text(let value): value
    case .integer(let value): String(value)
    case .number(let value): String(value)
    case .flag(let value): String(value)
    case .list, .table: json
    }
  }
}

extension Value {
  /// A text that is equal for equal values and differs for all others: a letter for the type and the
  /// value, with lengths before members. The text "7", the integer 7 and the float 7.0 differ.
  public var canonicalText: String {
    switch self {
    case .null: "z"
    case .text(let value): "s\(value)"
    case .integer(let value): "i\(value)"
    case .number(let value): "n\(value)"
    case .flag(let value): "b\(value)"
    case .list(let values):
      values.reduce(into: "l\(values.count)") { text, value in
        let value = value.canonicalText
        text += " \(value.utf8.count):\(value)"
      }
    case .table(let members):
      members.sorted { $0.key < $1.key }.reduce(into: "t\(members.count)") { text, member in
        let value = member.value.canonicalText
        text += " \(member.key.utf8.count):\(member.key)=\(value.utf8.count):\(value)"
      }
    }
  }
}

extension Value: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  public init(stringLiteral value: String) { self = .text(value) }
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(booleanLiteral value: Bool) { self = .flag(value) }
  public init(nilLiteral: ()) { self = .null }
  public init(arrayLiteral values: Value...) { self = .list(values) }
  public init(dictionaryLiteral members: (String, Value)...) {
    self = .table(Dictionary(members) { $1 })
  }
}
