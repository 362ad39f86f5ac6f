/// What the decoders of one value share. Only its Lua thread uses it.
final class DecodingSession {
  let state: LuaState
  /// How many values may still be read.
  var valuesLeft = CodingLimit.values

  init(state: LuaState) {
    self.state = state
  }
}

/// Decodes one Lua value. What a type does not ask for is not read.
struct ValueDecoder: Decoder {
  let value: LuaValue
  let codingPath: [any CodingKey]
  let depth: Int
  let session: DecodingSession
  /// The type that is decoded, if it is a dictionary.
  let dictionary: (any DictionaryType.Type)?
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  init(
    _ value: LuaValue, session: DecodingSession, codingPath: [any CodingKey] = [], depth: Int = 0,
    dictionary: (any DictionaryType.Type)? = nil
  ) {
    self.value = value
    self.session = session
    self.codingPath = codingPath
    self.depth = depth
    self.dictionary = dictionary
  }

  /// The decoder of a value inside this one.
  func member(_ value: LuaValue, _ key: any CodingKey) -> ValueDecoder {
    ValueDecoder(value, session: session, codingPath: codingPath + [key], depth: depth + 1)
  }

  var isNull: Bool { value == .nil || value == session.state.null }

  func decode<T: Decodable>(_ type: T.Type) throws -> T {
    session.valuesLeft -= 1
    guard session.valuesLeft >= 0 else {
      throw corrupted("more than \(CodingLimit.values) values")
    }
    if let scalar = type as? any ScalarValue.Type {
      guard let result = scalar.read(value) as? T else {
        throw mismatch(type, expected: scalar.expectation)
      }
      return result
    }
    guard depth <= CodingLimit.steps else {
      throw corrupted("tables are nested deeper than \(CodingLimit.depth) levels")
    }
    return try T(
      from: ValueDecoder(
        value, session: session, codingPath: codingPath, depth: depth + 1,
        dictionary: type as? any DictionaryType.Type))
  }

  func table(_ type: Any.Type, expected: String) throws -> LuaTable {
    guard case .table(let table) = value else { throw mismatch(type, expected: expected) }
    guard depth <= CodingLimit.steps else {
      throw corrupted("tables are nested deeper than \(CodingLimit.depth) levels")
    }
    return table
  }

  func mismatch(_ type: Any.Type, expected: String) -> DecodingError {
    let context = DecodingError.Context(
      codingPath: codingPath, debugDescription: "\(expected) expected, got \(value.wording)")
    return value == .nil ? .valueNotFound(type, context) : .typeMismatch(type, context)
  }

  func corrupted(_ message: String) -> DecodingError {
    .dataCorrupted(DecodingError.Context(codingPath: codingPath, debugDescription: message))
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    KeyedDecodingContainer(try FieldsDecoder(self))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer { try ListDecoder(self) }

  func singleValueContainer() -> any SingleValueDecodingContainer { self }
}

extension ValueDecoder: SingleValueDecodingContainer {
  func decodeNil() -> Bool { isNull }
}

/// The fields of a table: of a structure, or of a dictionary, whose keys must all be of its type.
private struct FieldsDecoder<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let decoder: ValueDecoder
  let table: LuaTable
  /// Those of a dictionary.
  private let keys: [Key]
  var codingPath: [any CodingKey] { decoder.codingPath }

  init(_ decoder: ValueDecoder) throws {
    self.decoder = decoder
    table = try decoder.table([String: Any].self, expected: "a table")
    guard let dictionary = decoder.dictionary else {
      keys = []
      return
    }
    keys = try table.rawKeys(limit: decoder.session.valuesLeft).map { value in
      let key: Key? =
        dictionary.hasIntegerKeys
        ? Int.read(value).flatMap(Key.init(intValue:))
        : String.read(value).flatMap(Key.init(stringValue:))
      guard let key else {
        throw decoder.corrupted(
          dictionary.hasIntegerKeys
            ? "integers expected as keys, got \(value.wording)"
            : "names expected as keys, got \(value.wording)")
      }
      return key
    }
  }

  /// Those of a structure are read when a type asks for them, which few do.
  var allKeys: [Key] {
    guard decoder.dictionary == nil else { return keys }
    let names = (try? table.rawKeys(limit: CodingLimit.values)) ?? []
    return names.compactMap { name in
      guard case .string(let name) = name else { return nil }
      return name.validText.flatMap(Key.init(stringValue:))
    }
  }

  private func value(_ key: any CodingKey) throws -> LuaValue {
    if decoder.dictionary?.hasIntegerKeys == true, let integer = key.intValue {
      return try table.rawGet(.integer(Int64(integer)))
    }
    return try table.rawGet(.string(key.stringValue))
  }

  private func member(_ key: any CodingKey) throws -> ValueDecoder {
    decoder.member(try value(key), key)
  }

  /// The decoder of a field that must be there.
  private func present(_ key: Key) throws -> ValueDecoder {
    let member = try member(key)
    guard member.value != .nil else {
      throw DecodingError.keyNotFound(
        key,
        DecodingError.Context(codingPath: codingPath, debugDescription: "the field is missing"))
    }
    return member
  }

  func contains(_ key: Key) -> Bool { (try? value(key)).map { $0 != .nil } ?? false }
  func decodeNil(forKey key: Key) throws -> Bool { try member(key).isNull }

  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
    try present(key).decode(type)
  }

  func nestedContainer<NestedKey: CodingKey>(
    keyedBy type: NestedKey.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<NestedKey> {
    try present(key).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try present(key).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder { try member(SuperKey()) }
  func superDecoder(forKey key: Key) throws -> any Decoder { try member(key) }
}

/// The values of a list.
private struct ListDecoder: UnkeyedDecodingContainer {
  let decoder: ValueDecoder
  let table: LuaTable
  let length: Int
  private(set) var currentIndex = 0
  var codingPath: [any CodingKey] { decoder.codingPath }
  var count: Int? { length }
  var isAtEnd: Bool { currentIndex >= length }

  init(_ decoder: ValueDecoder) throws {
    self.decoder = decoder
    table = try decoder.table([Any].self, expected: "a list")
    length = try table.rawCount
    guard try table.isList(length: length) else {
      throw decoder.corrupted(
        length == 0
          ? "a list expected, got a table with names"
          : "a list expected, got a table with gaps or names")
    }
  }

  private func member() throws -> ValueDecoder {
    let key = PositionKey(currentIndex + 1)
    guard !isAtEnd else {
      throw DecodingError.valueNotFound(
        Any.self,
        DecodingError.Context(
          codingPath: codingPath + [key], debugDescription: "the list has \(length) values"))
    }
    return decoder.member(try table.rawGet(.integer(Int64(currentIndex + 1))), key)
  }

  private mutating func take<Result>(_ body: (ValueDecoder) throws -> Result) throws -> Result {
    let result = try body(member())
    currentIndex += 1
    return result
  }

  mutating func decodeNil() throws -> Bool {
    guard try member().isNull else { return false }
    currentIndex += 1
    return true
  }

  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
    try take { try $0.decode(type) }
  }

  mutating func nestedContainer<NestedKey: CodingKey>(
    keyedBy type: NestedKey.Type
  ) throws -> KeyedDecodingContainer<NestedKey> {
    try take { try $0.container(keyedBy: type) }
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try take { try $0.unkeyedContainer() }
  }

  mutating func superDecoder() throws -> any Decoder { try take { $0 } }
}
