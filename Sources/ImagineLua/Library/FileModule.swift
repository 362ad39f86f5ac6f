import Crypto
import ImagineAPI
import ImagineSystem
import Lua

/// The Swift part of the module `fs`: file access. The calls block, because files that scripts read
/// whole are small.
enum FileModule {
  static func makeTable(in state: LuaState) throws -> LuaTable {
    let table = try state.makeTable(contents)
    try table.set(names)
    try table.set(LibraryFault.functions)
    let start = ContinuousClock.now
    try table.set("seconds", to: LuaNativeFunction { $0.results((.now - start) / .seconds(1)) })
    return table
  }

  /// Functions on the content of files.
  private static var contents: KeyValuePairs<String, LuaNativeFunction> {
    [
      "read": LuaNativeFunction { call in
        try call.refuseArguments(after: 1, of: "fs.read")
        return try call.results(LuaString(FilePath(call, 1).contents(for: call.state)))
      },
      "sha256": LuaNativeFunction { call in
        try call.refuseArguments(after: 1, of: "fs.sha256")
        var hash = SHA256()
        try FileReader(FilePath(call, 1)).forEachPiece { hash.update(bufferPointer: $0) }
        return try call.results(
          hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
      },
      "write": LuaNativeFunction { call in
        let path = try FilePath(call, 1)
        let bytes = try call.bytes(2)
        let options = try Options(call, 3, of: "fs.write", allowed: ["overwrite"])
        try path.makeParent()
        try path.write(bytes, replacing: options.boolean("overwrite") ?? true)
        return try call.results(path.luaString)
      },
      "append": LuaNativeFunction { call in
        try call.refuseArguments(after: 2, of: "fs.append", allowsIndex: false)
        let path = try FilePath(call, 1)
        let bytes = try call.bytes(2)
        try path.makeParent()
        try path.append(bytes)
        return try call.results(path.luaString)
      },
    ]
  }

  /// What the commands of the shell check before something is paid for that is to be saved.
  static func makePlaceTable(in state: LuaState) throws -> LuaTable {
    let table = try state.makeTable(places)
    try table.set(LibraryFault.functions)
    return table
  }

  private static let places: KeyValuePairs<String, LuaNativeFunction> = [
    "check_place": LuaNativeFunction { call in
      try FilePath(call, 1).checkIsPlace()
      return .none
    },
    "check_folder": LuaNativeFunction { call in
      try FilePath(call, 1).checkIsFolder()
      return .none
    },
    "resolve": LuaNativeFunction { call in
      let bytes = try call.bytes(1)
      let path = bytes.contains(0) ? nil : FilePath(bytes: bytes).resolved
      return try call.results(path.map { .string($0.luaString) } ?? LuaValue.nil)
    },
  ]

  /// Functions on files and folders by name.
  private static var names: KeyValuePairs<String, LuaNativeFunction> {
    [
      "info": LuaNativeFunction { call in
        try call.refuseArguments(after: 1, of: "fs.info")
        guard let status = try FilePath(call, 1).status() else {
          return try call.results(LuaValue.nil)
        }
        let table = try call.state.makeTable(fields: 3)
        try table.set("kind", to: status.isFile ? "file" : status.isFolder ? "folder" : "other")
        try table.set("size", to: status.byteCount)
        try table.set("modified", to: status.modifiedAt)
        return try call.results(table)
      },
      "list": LuaNativeFunction { call in
        let path = try FilePath(call, 1)
        let options = try Options(call, 2, of: "fs.list", allowed: ["recursive"])
        let names = try path.names(recursively: options.boolean("recursive") ?? false)
        return try call.results(names.map(\.luaString))
      },
      "mkdir": LuaNativeFunction { call in
        try call.refuseArguments(after: 1, of: "fs.mkdir")
        let path = try FilePath(call, 1)
        try AtomicFile.makeFolder(path)
        return try call.results(path.luaString)
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
        return try call.results(target.luaString)
      },
      "copy": LuaNativeFunction { call in
        let (source, target) = (try FilePath(call, 1), try FilePath(call, 2))
        let options = try Options(call, 3, of: "fs.copy", allowed: ["overwrite"])
        try target.makeParent()
        try source.copy(to: target, replacing: options.boolean("overwrite") ?? true)
        return try call.results(target.luaString)
      },
    ]
  }
}
