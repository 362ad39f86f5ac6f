/// A Lua string: any bytes.
public struct LuaString: Hashable, Sendable {
  /// The bytes, unchanged.
  public var bytes: [UInt8]

  /// A string of these bytes.
  public init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// The UTF-8 bytes of a text.
  public init(_ text: String) {
    bytes = Array(text.utf8)
  }

  /// The bytes of a C string, without its terminator.
  public init(cString: UnsafePointer<CChar>) {
    var end = cString
    while end.pointee != 0 { end += 1 }
    bytes = Array(UnsafeRawBufferPointer(start: cString, count: end - cString))
  }

  /// The bytes decoded as UTF-8; invalid sequences become U+FFFD.
  public var text: String {
    String(decoding: bytes, as: UTF8.self)
  }

  /// The text, or `nil` if the bytes are not UTF-8.
  public var validText: String? {
    String(validating: bytes, as: UTF8.self)
  }
}

extension LuaString: ExpressibleByStringLiteral {
  public init(stringLiteral value: String) {
    self.init(value)
  }
}

extension LuaString: CustomStringConvertible {
  public var description: String { text }
}
