import ImagineAPI
import Lua

/// A parsed JSON text, ready to be pushed to Lua.
struct JSONDocument: LuaPushable {
  private let root: JSONNode
  private let dropsNull: Bool
  private let null: LuaValue
  private let listMark: LuaTable

  /// - Parameters:
  ///   - dropsNull: whether fields that are `null` are left out.
  ///   - null: the Lua value of `null`.
  ///   - listMark: the metatable of arrays.
  ///   - willTake: called with a number of bytes before they are allocated.
  /// - Throws: ``ImagineError`` of kind `validation` with line and column.
  init(
    _ text: [UInt8], dropsNull: Bool, null: LuaValue, listMark: LuaTable,
    willTake: @escaping (Int) throws -> Void
  ) throws {
    var reader = JSONReader(text, name: "json.decode", willTake: willTake)
    root = try reader.document()
    self.dropsNull = dropsNull
    self.null = null
    self.listMark = listMark
  }

  func push(to state: LuaState) throws { try push(root, to: state) }

  private func push(_ node: JSONNode, to state: LuaState) throws {
    switch node {
    case .null: try null.push(to: state)
    case .boolean(let value): try value.push(to: state)
    case .integer(let value): try value.push(to: state)
    case .number(let value): try value.push(to: state)
    case .string(let bytes): try LuaString(bytes).push(to: state)
    case .array(let elements):
      try elements.map { Element(node: $0, document: self) }.push(to: state)
      try LuaTable.read(from: state, at: -1)?.setMetatable(listMark)
    case .object(let fields): try push(fields, to: state)
    }
  }

  private func push(_ fields: [(name: [UInt8], value: JSONNode)], to state: LuaState) throws {
    // Names that Swift treats as equal, such as two spellings of é, are different here.
    var members: [LuaString: Element] = [:]
    for (name, value) in fields { members[LuaString(name)] = Element(node: value, document: self) }
    if dropsNull {
      members = members.filter { if case .null = $0.value.node { false } else { true } }
    }
    let texts = Dictionary(members.map { ($0.key.text, $0.value) }) { $1 }
    if texts.count == members.count { return try texts.push(to: state) }
    let table = try state.makeTable(fields: members.count)
    for (name, value) in members { try table.set(.string(name), to: value) }
    try table.push(to: state)
  }

  private struct Element: LuaPushable {
    let node: JSONNode
    let document: JSONDocument

    func push(to state: LuaState) throws { try document.push(node, to: state) }
  }
}
