import Foundation
import ImagineLua
import Lua
import Testing

@Suite("require finds the modules of the library")
struct LibraryTests {
  @Test("every module is available without an installation", arguments: ScriptLibrary.moduleNames)
  func present(name: String) throws {
    try runLua(
      """
      local module = require "\(name)"
      assert(type(module) == "table")
      assert(module == require "\(name)" and module == require "imagine.\(name)")
      """)
  }

  @Test("an unknown module is not found, with or without the prefix")
  func unknown() throws {
    #expect(
      try faultOfLua("require 'imagine.nothing'").contains("module 'imagine.nothing' not found"))
    #expect(try faultOfLua("require 'nothing'").contains("no file './nothing.lua'"))
  }

  @Test("a script's own file overrides a module, which keeps its full name")
  func own() throws {
    let folder = try ScratchFolder()
    try folder.write("return { own = true }", to: "json.lua")
    try runLua(
      """
      package.path = "\(folder.path)/?.lua;" .. package.path
      assert(require "json".own)
      assert(require "imagine.json".decode "1" == 1)
      assert(require "csv".decode_lines '{"a": 1}'[1].a == 1)
      """)
  }

  @Test("an installed module of the same name does not override the library")
  func installed() throws {
    let folder = try ScratchFolder()
    try folder.write("return { installed = true }", to: "json.lua")
    let interpreter = try LuaInterpreter()
    defer { interpreter.close() }
    let path = folder.path
    try interpreter.runBlocking { state in
      try state.run("package.path = package.path .. ';\(path)/?.lua'")
      try ScriptLibrary.install(in: state)
      try state.run("assert(not require 'json'.installed and require 'json'.encode)")
    }
  }

  @Test("package.preload overrides the library")
  func preload() throws {
    try runLua(
      """
      package.preload.slug = function() return "mine" end
      assert(require "slug" == "mine" and require "imagine.slug" "A b" == "a-b")
      """)
  }

  @Test("a state without require is left unchanged")
  func withoutPackage() throws {
    var configuration = LuaConfiguration()
    configuration.libraries = []
    let interpreter = try LuaInterpreter(configuration: configuration)
    defer { interpreter.close() }
    try interpreter.runBlocking { state in try ScriptLibrary.install(in: state) }
  }

  @Test("an error inside the library names the script's line")
  func position() throws {
    try runLua(
      """
      local csv = require "csv"
      local ok, fault = pcall(csv.read, "/nowhere/at-all.csv")
      assert(not ok and fault.kind == "io")
      local ok, fault = pcall(function()
        return csv.read "/nowhere/at-all.csv", 1
      end)
      assert(tostring(fault):find("^test.lua:5: cannot read /nowhere/at%-all.csv: No such file"), fault)
      assert(fault.traceback:find("test.lua:5", 1, true))
      """)
  }
}
