import ImagineCore
import Lua

/// The Swift part of the module `fs`: what touches the disk. The calls block; files that scripts
/// read whole are small.
enum FileModule {
  static func makeTable(in state: LuaState) throws -> LuaTable {
    let table = try state.makeTable(contents)
    try table.set(names)
    try table.set(LibraryFault.functions)
    return table
  }

  /// What is in files.
  private static var contents: KeyValuePairs<String, LuaNativeFunction> {
    [
      "read": LuaNativeFunction { call in
        let path = try FilePath(call, 1)
        return try call.results(LuaString(path.contents()))
      },
      "write": LuaNativeFunction { call in
        let path = try FilePath(call, 1)
        let bytes = try call.bytes(2)
        let options = try Options(call, 3, of: "fs.write", allowed: ["overwrite"])
        try path.makeParent()
        try path.write(bytes, replacing: options.boolean("overwrite") ?? true)
        return try call.results(path.text)
      },
      "append": LuaNativeFunction { call in
        let path = try FilePath(call, 1)
        let bytes = try call.bytes(2)
        try path.makeParent()
        try path.append(bytes)
        return try call.results(path.text)
      },
    ]
  }

  /// Files and folders by their names.
  private static var names: KeyValuePairs<String, LuaNativeFunction> {
    [
      "info": LuaNativeFunction { call in
        guard let info = try FilePath(call, 1).info() else { return try call.results(LuaValue.nil) }
        let table = try call.state.makeTable(fields: 3)
        try table.set("kind", to: info.kind)
        try table.set("size", to: info.size)
        try table.set("modified", to: info.modified)
        return try call.results(table)
      },
      "list": LuaNativeFunction { call in
        let path = try FilePath(call, 1)
        let options = try Options(call, 2, of: "fs.list", allowed: ["recursive"])
        return try call.results(path.list(recursively: options.boolean("recursive") ?? false))
      },
      "mkdir": LuaNativeFunction { call in
        let path = try FilePath(call, 1)
        try path.makeFolder()
        return try call.results(path.text)
      },
      "remove": LuaNativeFunction { call in
        let path = try FilePath(call, 1)
        let options = try Options(call, 2, of: "fs.remove", allowed: ["recursive"])
        return call.results(try path.remove(recursively: options.boolean("recursive") ?? false))
      },
      "move": LuaNativeFunction { call in
        let (source, target) = (try FilePath(call, 1), try FilePath(call, 2))
        let options = try Options(call, 3, of: "fs.move", allowed: ["overwrite"])
        try target.makeParent()
        try source.move(to: target, replacing: options.boolean("overwrite") ?? true)
        return try call.results(target.text)
      },
      "copy": LuaNativeFunction { call in
        let (source, target) = (try FilePath(call, 1), try FilePath(call, 2))
        let options = try Options(call, 3, of: "fs.copy", allowed: ["overwrite"])
        try target.makeParent()
        try target.write(source.contents(), replacing: options.boolean("overwrite") ?? true)
        return try call.results(target.text)
      },
    ]
  }
}
