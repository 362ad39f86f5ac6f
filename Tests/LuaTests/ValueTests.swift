import Testing

@testable import Lua

@Suite("Values")
struct ValueTests {
  @Test("round-trip, with integers and floats distinct")
  func roundTrip() async throws {
    let values: [LuaValue] = [
      .nil, .boolean(true), .boolean(false), .integer(.max), .integer(.min), .number(1),
      .number(-0.5), .string(""), .string("žluťoučký"),
    ]
    for value in values {
      let back = try await runLua("return same()", with: ["same": .init { try $0.results(value) }])
      #expect(back == [value])
    }
  }

  @Test("keep every byte of a string")
  func bytes() async throws {
    let all = LuaString(Array(0...255))
    let back = try await runLua(
      "local s = same() assert(#s == 256) return s .. ''",
      with: ["same": .init { try $0.results(all) }])
    #expect(back == [.string(all)])
  }

  @Test("a string that is not UTF-8 is shown with replacement characters")
  func lossyText() {
    let string = LuaString([0x61, 0xff, 0x62])
    #expect(string.text == "a\u{fffd}b")
    #expect(string.validText == nil)
  }

  @Test("lists and dictionaries become tables, and back")
  func collections() async throws {
    let interpreter = try LuaInterpreter()
    defer { interpreter.close() }
    try await interpreter.run { state in
      try state.globals.set("list", to: [1, 2, 3])
      try state.globals.set("map", to: ["a": 1.5])
      try state.run("assert(#list == 3 and list[3] == 3 and map.a == 1.5) list[4] = 4")
      #expect(try state.globals.get("list", as: [Int].self) == [1, 2, 3, 4])
      #expect(try state.globals.get("map", as: [String: Double].self) == ["a": 1.5])
    }
  }

  @Test("a field of the wrong type is an error that names it")
  func wrongField() async throws {
    let interpreter = try LuaInterpreter()
    defer { interpreter.close() }
    try await interpreter.run { state in
      let table = try state.makeTable()
      try table.set("width", to: "wide")
      let error = #expect(throws: LuaError.self) { try table.get("width", as: Int.self) }
      #expect(error?.message == "field 'width': integer expected, got string")
      #expect(try table.get("height", as: Int.self) == nil)
    }
  }

  @Test("tables are read and written with metamethods")
  func metamethods() async throws {
    let interpreter = try LuaInterpreter()
    defer { interpreter.close() }
    try await interpreter.run { state in
      try state.run(
        """
        log = {}
        t = setmetatable({}, {__index = function(_, k) return k .. "!" end,
          __newindex = function(_, k, v) log[k] = v end, __len = function() return 7 end})
        """)
      guard case .table(let table) = try state.globals.get("t") else {
        throw Unexpected("no table")
      }
      #expect(try table.get("a") == "a!")
      try table.set("b", to: 2)
      #expect(try table.count == 7)
      #expect(try state.run("return log.b") == [2])
    }
  }

  @Test("references free their value, whichever thread releases them")
  func referencesAreFreed() async throws {
    let interpreter = try LuaInterpreter()
    defer { interpreter.close() }
    let table = Shared<LuaTable?>(nil)
    try await interpreter.run { state in
      try state.run("weak = setmetatable({}, {__mode = 'v'}) weak[1] = {}")
      if case .table(let weak) = try state.globals.get("weak"),
        case .table(let element) = try weak.get(1)
      {
        table.value = element
      }
      try state.collectGarbage()
      #expect(try state.run("return weak[1] ~= nil") == [true])
    }
    await Task.detached { table.value = nil }.value
    try await interpreter.run { state in
      try state.collectGarbage()
      try state.collectGarbage()
      #expect(try state.run("return weak[1] == nil") == [true])
    }
  }

  @Test("a reference is rejected off its interpreter's thread")
  func wrongThread() async throws {
    let interpreter = try LuaInterpreter()
    defer { interpreter.close() }
    let table = try await interpreter.run { state in try state.makeTable() }
    let error = #expect(throws: LuaError.self) { try table.get("x") }
    #expect(error?.kind == .misuse)
  }

  @Test("a reference of another interpreter is rejected")
  func wrongInterpreter() async throws {
    let first = try LuaInterpreter()
    let second = try LuaInterpreter()
    defer {
      first.close()
      second.close()
    }
    let table = try await first.run { state in try state.makeTable() }
    try await second.run { state in
      let globals = try state.globals
      #expect(throws: LuaError.self) { try globals.set("t", to: table) }
    }
  }

  @Test("a reference can outlive its interpreter")
  func referenceAfterClose() async throws {
    let interpreter = try LuaInterpreter()
    let table = try await interpreter.run { state in try state.makeTable() }
    interpreter.close()
    #expect(throws: LuaError.self) { try table.get("x") }
  }
}
