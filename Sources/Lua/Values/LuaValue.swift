/// A Lua value, held by Swift.
///
/// Tables, functions, userdata and coroutines are references that keep the value alive in its
/// interpreter. Any thread may hold and release them.
public enum LuaValue: Sendable, Equatable {
  case `nil`
  case boolean(Bool)
  case integer(Int64)
  case number(Double)
  case string(LuaString)
  case table(LuaTable)
  case function(LuaFunction)
  case userdata(LuaUserdataReference)
  case thread(LuaThread)
  /// A pointer that C code pushed.
  case lightUserdata(UInt)

  /// The string of this text.
  public static func string(_ text: String) -> LuaValue {
    .string(LuaString(text))
  }

  /// The type.
  public var type: LuaType {
    switch self {
    case .nil: .nil
    case .boolean: .boolean
    case .integer, .number: .number
    case .string: .string
    case .table: .table
    case .function: .function
    case .userdata, .lightUserdata: .userdata
    case .thread: .thread
    }
  }

  /// The text of a string, or `nil`.
  public var text: String? {
    if case .string(let string) = self { string.text } else { nil }
  }

  /// Whether it counts as true in a condition.
  public var isTrue: Bool {
    switch self {
    case .nil, .boolean(false): false
    default: true
    }
  }
}

extension LuaValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(booleanLiteral value: Bool) { self = .boolean(value) }
  public init(nilLiteral: ()) { self = .nil }
}

/// A Lua type.
public struct LuaType: Hashable, Sendable, CustomStringConvertible {
  let code: Int32

  /// No value: a missing argument.
  public static let none = LuaType(code: -1)
  public static let `nil` = LuaType(code: 0)
  public static let boolean = LuaType(code: 1)
  public static let lightUserdata = LuaType(code: 2)
  public static let number = LuaType(code: 3)
  public static let string = LuaType(code: 4)
  public static let table = LuaType(code: 5)
  public static let function = LuaType(code: 6)
  public static let userdata = LuaType(code: 7)
  public static let thread = LuaType(code: 8)

  /// The name that Lua's `type` returns.
  public var description: String {
    switch code {
    case 0: "nil"
    case 1: "boolean"
    case 2, 7: "userdata"
    case 3: "number"
    case 4: "string"
    case 5: "table"
    case 6: "function"
    case 8: "thread"
    default: "no value"
    }
  }
}
