import Testing

@testable import Lua

@Suite("Codable values cross between Swift and Lua")
struct CodingTests {
  struct Order: Codable, Equatable {
    enum State: String, Codable { case open, paid }
    struct Line: Codable, Equatable {
      var name: String
      var count: Int
      var price: Double
    }
    var state: State
    var lines: [Line]
    var notes: [String: String]
    var shelves: [Int: Bool]
    var weights: [Double?]
    var bytes: LuaString
    var discount: Double?
    var parent: [Order]
  }

  private static let order = Order(
    state: .paid,
    lines: [.init(name: "tea", count: 7, price: 7), .init(name: "猫", count: -1, price: 0.5)],
    notes: ["1": "a", "b": ""], shelves: [1: true, -3: false], weights: [1, nil, 2],
    bytes: LuaString([0, 255]), discount: nil, parent: [])

  /// Decodes the result of a chunk.
  private func decode<T: Decodable & Sendable>(_ type: T.Type, _ source: String) async throws -> T {
    let interpreter = try LuaInterpreter()
    defer { interpreter.close() }
    return try await interpreter.run { state in
      try state.decode(type, from: state.run(source, name: "=test").first ?? .nil)
    }
  }

  private func message<T: Decodable & Sendable>(_ type: T.Type, _ source: String) async -> String {
    do {
      return "no error: \(try await decode(type, source))"
    } catch let error as LuaError {
      return error.message
    } catch {
      return "\(error)"
    }
  }

  @Test("what is encoded is decoded again, and scripts see tables")
  func roundTrip() async throws {
    let interpreter = try LuaInterpreter()
    defer { interpreter.close() }
    let decoded = try await interpreter.run { state in
      let value = try state.encode(Self.order)
      try state.globals.set("order", to: value)
      try state.globals.set("null", to: state.null)
      _ = try state.run(
        """
        local line = order.lines[1]
        assert(order.state == "paid" and line.name == "tea" and #order.lines == 2)
        assert(math.type(line.count) == "integer" and math.type(line.price) == "float")
        assert(order.notes["1"] == "a" and order.notes[1] == nil)
        assert(order.shelves[1] == true and order.shelves[-3] == false)
        assert(#order.weights == 3 and order.weights[2] == null)
        assert(order.bytes == "\\0\\255" and order.discount == nil and #order.parent == 0)
        """)
      return try state.decode(Order.self, from: value)
    }
    #expect(decoded == Self.order)
  }

  @Test("integers and floats are kept apart")
  func numbers() async throws {
    #expect(try await decode([Double].self, "return {7, 7.5}") == [7, 7.5])
    #expect(
      await message([Int].self, "return {7, 7.0}")
        == "[2]: an integer expected, got the float 7.0")
    #expect(
      await message(UInt8.self, "return 256") == "an integer from 0 to 255 expected, got 256")
    #expect(await message(Int.self, "return '7'") == "an integer expected, got a string")
    #expect(await message(String.self, "return 7") == "a string in UTF-8 expected, got 7")
    let beyond = await #expect(throws: LuaError.self) {
      let interpreter = try LuaInterpreter()
      defer { interpreter.close() }
      try await interpreter.run { _ = try $0.encode(["a": [UInt64.max]]) }
    }
    #expect(beyond?.message == "a[1]: 18446744073709551615 is beyond Lua's integers")
  }

  @Test(
    "a wrong shape is an error that names the path",
    arguments: [
      ("{}", "state: the field is missing"),
      ("{state = 'lost'}", "state: Cannot initialize State from invalid String value lost"),
      ("{state = 'open', lines = 1}", "lines: a list expected, got 1"),
      ("{state = 'open', lines = {x = 1}}", "lines: a list expected, got a table with names"),
      (
        "{state = 'open', lines = {{}, nil, {}, x = 1}}",
        "lines: a list expected, got a table with gaps or names"
      ),
      (
        "{state = 'open', lines = {{name = 'a', count = 1.5}}}",
        "lines[1].count: an integer expected, got the float 1.5"
      ),
      (
        "{state = 'open', lines = {{name = '\\255'}}}",
        "lines[1].name: a string in UTF-8 expected, got a string that is not UTF-8"
      ),
      ("{state = 'open', lines = {}, notes = {'a'}}", "notes: names expected as keys, got 1"),
      (
        "{state = 'open', lines = {}, notes = {}, shelves = {a = true}}",
        "shelves: integers expected as keys, got a string"
      ),
      (
        "{state = 'open', lines = {}, notes = {[print] = 'a'}}",
        "notes: names expected as keys, got a function"
      ),
      ("7", "a table expected, got 7"), ("nil", "a table expected, got nil"),
      ("print", "a table expected, got a function"),
    ])
  func shapes(source: String, expected: String) async {
    #expect(await message(Order.self, "return \(source)") == expected)
  }

  indirect enum Tree: Codable {
    case leaf
    case node([Tree])
    init(from decoder: any Decoder) throws {
      self = .node(try decoder.singleValueContainer().decode([Tree].self))
    }
    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      if case .node(let trees) = self {
        try container.encode(trees)
      } else {
        try container.encode([Tree]())
      }
    }
  }

  final class Chain: Codable, Sendable {
    let next: Chain?
  }

  @Test("64 tables inside each other are read, and no more", arguments: [(64, true), (66, false)])
  func depth(levels: Int, isRead: Bool) async throws {
    let source = "local t = {} for i = 2, \(levels) do t = { next = t } end return t"
    #expect(await message(Chain.self, source).hasPrefix("no error") == isRead)
  }

  @Test("cycles, deep tables and tables of very many values are refused; metamethods are not run")
  func bounds() async throws {
    #expect(
      await message(Tree.self, "local t = {} t[1] = t return t")
        .hasSuffix("tables are nested deeper than 64 levels"))
    #expect(
      await message(Tree.self, "local t = {} for i = 1, 20 do t = {t, t, t} end return t")
        .hasSuffix("more than 4194304 values"))
    #expect(
      await message(
        [String: Int].self,
        "return setmetatable({}, {__index = error, __len = error, __pairs = error})")
        == "no error: [:]")
    let interpreter = try LuaInterpreter()
    defer { interpreter.close() }
    let deep = await #expect(throws: LuaError.self) {
      try await interpreter.run { state in
        _ = try state.encode((0..<100).reduce(Tree.leaf) { tree, _ in .node([tree]) })
      }
    }
    #expect(deep?.message.hasSuffix("values are nested deeper than 64 levels") == true)
  }

  @Test("a function of the host reads a structure, and its error names argument and path")
  func arguments() async throws {
    let functions: KeyValuePairs<String, LuaNativeFunction> = [
      "total": LuaNativeFunction { call in
        let lines = try call.decode(1, as: [Order.Line].self)
        return call.results(lines.reduce(0) { $0 + Double($1.count) * $1.price })
      }
    ]
    #expect(
      try await runLua("return total{{name = 'a', count = 2, price = 3}}", with: functions)
        == [.number(6)])
    let error = try await luaError("total{{name = 'a', count = 2}}", with: functions)
    #expect(
      error.message == "test:1: bad argument #1 to 'total' ([1].price: the field is missing)")
  }
}
