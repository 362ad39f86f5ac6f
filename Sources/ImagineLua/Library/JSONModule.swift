import ImagineAPI
import Lua

/// The Swift part of the module `json`.
enum JSONModule {
  /// The name of the metatable of tables that are objects, even if they are empty.
  static let objectMark = "json.object"

  static func makeTable(in state: LuaState) throws -> LuaTable {
    let null = state.null
    let listMark = try state.makeTable(fields: 1)
    try listMark.set("__name", to: "json.array")
    let objectMark = try state.makeTable(fields: 1)
    try objectMark.set("__name", to: Self.objectMark)
    guard case .function(let getMetatable) = try state.globals.get("getmetatable") else {
      throw LuaError("'getmetatable' is not a function")
    }
    let table = try state.makeTable([
      "decode": LuaNativeFunction { call in
        let options = try Options(call, 2, of: "json.decode", allowed: ["drop_null"])
        let dropsNull = try options.boolean("drop_null") ?? false
        let memory = try call.state.reserve(bytes: call.byteCount(1))
        defer { memory.release() }
        let document = try JSONDocument(
          call.bytes(1), dropsNull: dropsNull, null: null, listMark: listMark
        ) { try memory.grow(by: $0) }
        return try call.results(document)
      },
      "encode": LuaNativeFunction { call in
        guard call.count > 0 else { throw LuaArgumentError(1, expected: "value") }
        let options = try Options(call, 2, of: "json.encode", allowed: ["pretty"])
        var writer = JSONWriter(
          isPretty: try options.boolean("pretty") ?? false,
          isMarkedAsList: { table in
            try getMetatable.call(table).first == .table(listMark)
          })
        return try call.results(LuaString(writer.text(of: call.value(1))))
      },
    ])
    try table.set(LibraryFault.functions)
    try table.set("null", to: null)
    try table.set("list_mark", to: listMark)
    try table.set("object_mark", to: objectMark)
    return table
  }
}

/// The Lua value of `null`, which a table can hold. There is one per state.
struct JSONNull: LuaUserdata {
  static let luaType = LuaUserdataType<JSONNull>(name: "json.null") { type in
    type.description { _ in "null" }
    type.equality { _, _ in true }
  }
}
