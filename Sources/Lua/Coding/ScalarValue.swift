/// A Swift type that is one Lua value and no table.
protocol ScalarValue {
  /// What is expected, for messages.
  static var expectation: String { get }
  /// Nil for a value of another type or out of range.
  static func read(_ value: LuaValue) -> Self?
  /// Nil if Lua has no such value.
  var luaValue: LuaValue? { get }
}

extension Bool: ScalarValue {
  static var expectation: String { "a boolean" }
  static func read(_ value: LuaValue) -> Bool? {
    if case .boolean(let flag) = value { flag } else { nil }
  }
  var luaValue: LuaValue? { .boolean(self) }
}

extension String: ScalarValue {
  static var expectation: String { "a string in UTF-8" }
  static func read(_ value: LuaValue) -> String? {
    if case .string(let string) = value { string.validText } else { nil }
  }
  var luaValue: LuaValue? { .string(self) }
}

extension LuaString: ScalarValue {
  static var expectation: String { "a string" }
  static func read(_ value: LuaValue) -> LuaString? {
    if case .string(let string) = value { string } else { nil }
  }
  var luaValue: LuaValue? { .string(self) }
}

extension Double: ScalarValue {
  static var expectation: String { "a number" }
  static func read(_ value: LuaValue) -> Double? {
    switch value {
    case .integer(let integer): Double(integer)
    case .number(let number): number
    default: nil
    }
  }
  var luaValue: LuaValue? { .number(self) }
}

extension Float: ScalarValue {
  static var expectation: String { "a number" }
  static func read(_ value: LuaValue) -> Float? { Double.read(value).map(Float.init) }
  var luaValue: LuaValue? { .number(Double(self)) }
}

extension ScalarValue where Self: FixedWidthInteger {
  static var expectation: String {
    Int64(exactly: Self.max) == .max
      ? "an integer" : "an integer from \(min) to \(Int64(exactly: max) ?? .max)"
  }
  static func read(_ value: LuaValue) -> Self? {
    if case .integer(let integer) = value { Self(exactly: integer) } else { nil }
  }
  var luaValue: LuaValue? { Int64(exactly: self).map(LuaValue.integer) }
}

extension Int: ScalarValue {}
extension Int8: ScalarValue {}
extension Int16: ScalarValue {}
extension Int32: ScalarValue {}
extension Int64: ScalarValue {}
extension UInt: ScalarValue {}
extension UInt8: ScalarValue {}
extension UInt16: ScalarValue {}
extension UInt32: ScalarValue {}
extension UInt64: ScalarValue {}

/// In other formats than Lua it is text.
extension LuaString: Codable {
  public init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode(String.self))
  }

  public func encode(to encoder: any Encoder) throws {
    guard let text = validText else {
      throw EncodingError.invalidValue(
        self,
        EncodingError.Context(
          codingPath: encoder.codingPath, debugDescription: "the string is not UTF-8"))
    }
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}

extension LuaValue {
  /// The value in a message.
  var wording: String {
    switch self {
    case .nil: "nil"
    case .boolean(let flag): "\(flag)"
    case .integer(let integer): "\(integer)"
    case .number(let number): "the float \(number)"
    case .string(let string): string.validText == nil ? "a string that is not UTF-8" : "a string"
    default: "a \(type)"
    }
  }
}
