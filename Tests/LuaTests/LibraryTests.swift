import Synchronization
import Testing

@testable import Lua

@Suite("A program chooses the libraries of its scripts and takes their output")
struct LibraryTests {
  @Test("a state has the libraries of its set and no others")
  func sets() async throws {
    let names = "coroutine debug io math os package require string table task utf8 dofile print"
    let sets: [(LuaLibraries, String)] = [
      (.all, names),
      (.pure, "coroutine math string table task utf8 print"),
      ([.basic, .os], "coroutine math os string table utf8 print"),
      (
        [.basic, .package, .io], "coroutine io math package require string table utf8 dofile print"
      ),
    ]
    for (set, expected) in sets {
      var configuration = LuaConfiguration()
      configuration.libraries = set
      let results = try await runLua(
        """
        local found = {}
        for name in ("\(names)"):gmatch("%a+%d*") do
          if _G[name] then found[#found + 1] = name end
        end
        return table.concat(found, " ")
        """, configuration: configuration)
      #expect(results == [.string(expected)])
    }
    var configuration = LuaConfiguration()
    configuration.libraries = [.task]
    #expect(throws: LuaError.self) { try LuaInterpreter(configuration: configuration) }
    configuration.libraries = []
    #expect(try await runLua("return print", configuration: configuration) == [.nil])
  }

  @Test("captured output has every write of every way to write, in order")
  func output() async throws {
    let written = Mutex<[(LuaStream, String)]>([])
    var configuration = LuaConfiguration()
    configuration.output = { stream, bytes in
      written.withLock { $0.append((stream, String(decoding: bytes, as: UTF8.self))) }
    }
    try await runLua(
      """
      print("a", 1, nil, setmetatable({}, {__tostring = function() return "own" end}))
      io.write("b", 2)
      io.stdout:write("c"):write("d")
      io.output():write("e")
      io.stderr:write("f")
      warn("@on")
      warn("g")
      print(("x"):rep(100000))
      task.map({1, 2}, function(n) task.sleep(0) print(n) end)
      io.stdout:setvbuf("full")
      io.write("last")
      """, configuration: configuration)
    let streams = written.withLock { $0 }
    let output = streams.filter { $0.0 == .output }.map(\.1)
    #expect(output.first == "a\t1\tnil\town\n")
    #expect(
      output.joined()
        == "a\t1\tnil\town\nb2cde" + String(repeating: "x", count: 100_000) + "\n1\n2\nlast")
    #expect(streams.filter { $0.0 == .error }.map(\.1).joined() == "fLua warning: g\n")
  }

  @Test("an error in a value's text is raised by a captured print")
  func failingText() async throws {
    var configuration = LuaConfiguration()
    configuration.output = { _, _ in }
    let error = try await luaError(
      "print(setmetatable({}, {__tostring = function() error('no text', 0) end}))",
      configuration: configuration)
    #expect(error.message == "no text")
  }

  @Test("a shutdown blocks no thread, ends the current run and can be repeated")
  func shutdown() async throws {
    let interpreter = try LuaInterpreter()
    let run = Task { try await interpreter.run { _ = try $0.run("task.sleep(3600)") } }
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<3 { group.addTask { await interpreter.shutdown() } }
    }
    let error = await #expect(throws: LuaError.self) { try await run.value }
    #expect(error?.kind == .closed)
    interpreter.close()
  }
}
