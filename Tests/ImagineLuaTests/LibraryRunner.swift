import Foundation
import ImagineLua
import Lua
import Testing

/// Runs Lua as the script `test.lua` in a state that has the library.
@discardableResult
func runLua(_ source: String, arguments: [String] = []) throws -> [LuaValue] {
  let interpreter = try LuaInterpreter()
  defer { interpreter.close() }
  return try interpreter.runBlocking { state in
    try ScriptLibrary.install(in: state)
    let words = try state.makeTable(list: arguments.count)
    try words.set(0, to: "test.lua")
    for (index, word) in arguments.enumerated() { try words.set(index + 1, to: word) }
    try state.globals.set("arg", to: words)
    return try state.load(source, name: "@test.lua").call([])
  }
}

/// The error that a script raises, as `tostring` formats it.
func faultOfLua(_ source: String) throws -> String {
  let results = try runLua(
    """
    local ok, fault = pcall(function() \(source) end)
    return not ok and tostring(fault) or "no error", not ok and type(fault)
    """)
  return results.first?.text ?? ""
}

/// A folder for one test; `deinit` removes it.
final class ScratchFolder: Sendable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/imagine-lua-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
  }
}
