extension LuaState {
  /// Reads a Lua value as a `Decodable` type.
  ///
  /// ```swift
  /// struct Order: Codable { var name: String; var sizes: [Int] }
  /// let order = try state.decode(Order.self, from: state.run("return {name = 'tea', sizes = {1, 2}}")[0])
  /// ```
  ///
  /// Tables are read without metamethods, as what the type asks for: a list must have the positions
  /// 1 … n and nothing else. An integer is read only from a Lua integer, and a float from any number.
  /// ``null`` counts as nil. ``LuaString`` reads bytes that need not be UTF-8.
  ///
  /// - Throws: ``LuaError`` whose message begins with the path of the value, as in `sizes[2]: an
  ///   integer expected, got the float 1.5`; also for tables that are nested deeper than 64 levels,
  ///   as one that contains itself, and for more than four million values.
  public func decode<Output: Decodable>(
    _ type: Output.Type = Output.self, from value: LuaValue
  ) throws -> Output {
    let decoder = ValueDecoder(value, session: DecodingSession(state: self))
    do {
      return try decoder.decode(type)
    } catch let error as DecodingError {
      throw LuaError(error)
    }
  }

  /// Makes a Lua value of an `Encodable` value: structures and dictionaries become tables with
  /// names, lists become tables with positions from 1, integers stay integers, floats stay floats.
  ///
  /// An absent optional property has no field; nil in a list or a dictionary is ``null``.
  ///
  /// - Throws: ``LuaError`` whose message begins with the path of the value; also for values that
  ///   are nested deeper than 64 levels.
  public func encode(_ value: some Encodable) throws -> LuaValue {
    let node = EncodedNode()
    do {
      try ValueEncoder(node).encode(value)
      return try self.value(of: node)
    } catch let error as EncodingError {
      throw LuaError(error)
    }
  }
}

extension LuaCall {
  /// A table argument, or any other, as a `Decodable` type: ``LuaState/decode(_:from:)``.
  public func decode<Output: Decodable>(
    _ index: Int, as type: Output.Type = Output.self
  ) throws -> Output {
    do {
      return try state.decode(type, from: value(index))
    } catch let error as LuaError where error.underlying is DecodingError {
      throw LuaArgumentError(index, error.message)
    }
  }
}

/// The bounds of values that are converted.
enum CodingLimit {
  static let depth = 64
  /// The same for coders: a table has one, and its member another.
  static let steps = 2 * depth
  /// A table can hold another one many times, so few tables may be very many values.
  static let values = 1 << 22
}

/// A position of a list, from 1.
struct PositionKey: CodingKey {
  let position: Int

  init(_ position: Int) {
    self.position = position
  }

  init?(intValue: Int) { self.init(intValue) }
  init?(stringValue: String) { nil }
  var intValue: Int? { position }
  var stringValue: String { String(position) }
}

/// The key of the value that a superclass encodes into, as in other formats.
struct SuperKey: CodingKey {
  init() {}
  init?(intValue: Int) { nil }
  init?(stringValue: String) { nil }
  var intValue: Int? { nil }
  var stringValue: String { "super" }
}

/// Tells dictionaries from structures, whose containers look the same.
protocol DictionaryType {
  static var hasIntegerKeys: Bool { get }
}

extension Dictionary: DictionaryType {
  static var hasIntegerKeys: Bool { Key.self == Int.self }
}

extension LuaError {
  fileprivate init(_ error: DecodingError) {
    let (message, path): (String, [any CodingKey]) =
      switch error {
      case .keyNotFound(let key, let context):
        ("the field is missing", context.codingPath + [key])
      case .typeMismatch(_, let context), .valueNotFound(_, let context),
        .dataCorrupted(let context):
        (context.debugDescription, context.codingPath)
      @unknown default: ("\(error)", [])
      }
    self.init(Self.message(message, at: path), underlying: error)
  }

  fileprivate init(_ error: EncodingError) {
    guard case .invalidValue(_, let context) = error else {
      self.init("\(error)", underlying: error)
      return
    }
    self.init(Self.message(context.debugDescription, at: context.codingPath), underlying: error)
  }

  private static func message(_ text: String, at path: [any CodingKey]) -> String {
    var name = ""
    for key in path {
      if key.intValue.map(String.init) == key.stringValue {
        name += "[\(key.stringValue)]"
      } else {
        name += name.isEmpty ? key.stringValue : ".\(key.stringValue)"
      }
    }
    return name.isEmpty ? text : "\(name): \(text)"
  }
}
