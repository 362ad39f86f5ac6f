/// A value that is being encoded. Containers can be asked for before their values are known, and
/// making a table can fail, so tables are made at the end.
final class EncodedNode {
  enum Content {
    case none
    /// Nil, which is null inside a table.
    case null
    case scalar(LuaValue)
    case list([EncodedNode])
    case table([(key: LuaValue, value: EncodedNode)])
  }

  var content = Content.none

  /// Adds a value to the table that this is.
  func member(_ key: LuaValue) -> EncodedNode {
    let node = EncodedNode()
    guard case .table(var members) = content else {
      content = .table([(key, node)])
      return node
    }
    content = .none
    members.append((key, node))
    content = .table(members)
    return node
  }

  /// Adds a value to the list that this is.
  func element() -> EncodedNode {
    let node = EncodedNode()
    guard case .list(var elements) = content else {
      content = .list([node])
      return node
    }
    content = .none
    elements.append(node)
    content = .list(elements)
    return node
  }
}

extension LuaState {
  /// Makes the tables of an encoded value.
  func value(of node: EncodedNode) throws -> LuaValue {
    switch node.content {
    case .none, .null: return .nil
    case .scalar(let value): return value
    case .list(let elements):
      let table = try makeTable(list: elements.count)
      for (offset, element) in elements.enumerated() {
        try table.set(offset + 1, to: member(element))
      }
      return .table(table)
    case .table(let members):
      let table = try makeTable(fields: members.count)
      for (key, value) in members { try table.set(key, to: member(value)) }
      return .table(table)
    }
  }

  private func member(_ node: EncodedNode) throws -> LuaValue {
    let value = try value(of: node)
    return value == .nil ? null : value
  }
}

/// Encodes one value into a node.
struct ValueEncoder: Encoder {
  let node: EncodedNode
  let codingPath: [any CodingKey]
  let depth: Int
  let hasIntegerKeys: Bool
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  init(
    _ node: EncodedNode, codingPath: [any CodingKey] = [], depth: Int = 0,
    hasIntegerKeys: Bool = false
  ) {
    self.node = node
    self.codingPath = codingPath
    self.depth = depth
    self.hasIntegerKeys = hasIntegerKeys
  }

  func member(_ node: EncodedNode, _ key: any CodingKey) -> ValueEncoder {
    ValueEncoder(node, codingPath: codingPath + [key], depth: depth + 1)
  }

  func encode<T: Encodable>(_ value: T) throws {
    if let scalar = value as? any ScalarValue {
      guard let lua = scalar.luaValue else {
        throw invalid(value, "\(value) is beyond Lua's integers")
      }
      node.content = .scalar(lua)
      return
    }
    guard depth <= CodingLimit.steps else {
      throw invalid(value, "values are nested deeper than \(CodingLimit.depth) levels")
    }
    try value.encode(
      to: ValueEncoder(
        node, codingPath: codingPath, depth: depth + 1,
        hasIntegerKeys: (T.self as? any DictionaryType.Type)?.hasIntegerKeys ?? false))
    if case .none = node.content {
      throw invalid(value, "the type \(T.self) has encoded nothing")
    }
  }

  private func invalid(_ value: Any, _ message: String) -> EncodingError {
    .invalidValue(
      value, EncodingError.Context(codingPath: codingPath, debugDescription: message))
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    if case .table = node.content {} else { node.content = .table([]) }
    return KeyedEncodingContainer(FieldsEncoder(encoder: self))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    if case .list = node.content {} else { node.content = .list([]) }
    return ListEncoder(encoder: self)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { self }
}

extension ValueEncoder: SingleValueEncodingContainer {
  func encodeNil() { node.content = .null }
}

private struct FieldsEncoder<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let encoder: ValueEncoder
  var codingPath: [any CodingKey] { encoder.codingPath }

  private func member(_ key: any CodingKey) -> ValueEncoder {
    let name: LuaValue =
      if encoder.hasIntegerKeys, let integer = key.intValue {
        .integer(Int64(integer))
      } else {
        .string(key.stringValue)
      }
    return encoder.member(encoder.node.member(name), key)
  }

  func encodeNil(forKey key: Key) { member(key).encodeNil() }
  func encode<T: Encodable>(_ value: T, forKey key: Key) throws { try member(key).encode(value) }

  func nestedContainer<NestedKey: CodingKey>(
    keyedBy type: NestedKey.Type, forKey key: Key
  ) -> KeyedEncodingContainer<NestedKey> {
    member(key).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    member(key).unkeyedContainer()
  }

  func superEncoder() -> any Encoder { member(SuperKey()) }
  func superEncoder(forKey key: Key) -> any Encoder { member(key) }
}

private struct ListEncoder: UnkeyedEncodingContainer {
  let encoder: ValueEncoder
  private(set) var count = 0
  var codingPath: [any CodingKey] { encoder.codingPath }

  init(encoder: ValueEncoder) {
    self.encoder = encoder
  }

  private mutating func element() -> ValueEncoder {
    count += 1
    return encoder.member(encoder.node.element(), PositionKey(count))
  }

  mutating func encodeNil() { element().encodeNil() }
  mutating func encode<T: Encodable>(_ value: T) throws { try element().encode(value) }

  mutating func nestedContainer<NestedKey: CodingKey>(
    keyedBy type: NestedKey.Type
  ) -> KeyedEncodingContainer<NestedKey> {
    element().container(keyedBy: type)
  }

  mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
    element().unkeyedContainer()
  }

  mutating func superEncoder() -> any Encoder { element() }
}
