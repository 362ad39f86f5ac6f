import Foundation
import Testing

@testable import Lua

/// Calls everything that a script can reach of this library with random arguments. Each call must
/// return or raise.
@Suite("Hostile calls")
struct FuzzTests {
  /// Generates the same numbers for the same seed.
  private struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (state >> 33) ^ (state << 31)
    }
    mutating func pick(_ list: [String]) -> String {
      list[Int.random(in: 0..<list.count, using: &self)]
    }
  }

  private static let functions = [
    "task.spawn", "task.sleep", "task.semaphore", "task.channel", "task.all", "task.any",
    "task.map", "task.settle", "task.timeout", "coroutine.create", "coroutine.resume",
    "coroutine.wrap", "coroutine.yield", "coroutine.status", "coroutine.close",
    "coroutine.isyieldable", "coroutine.running", "debug.getinfo", "debug.getlocal",
    "debug.setlocal", "debug.getupvalue", "debug.setupvalue", "debug.upvalueid",
    "debug.upvaluejoin", "debug.getuservalue", "debug.setuservalue", "debug.getmetatable",
    "debug.setmetatable", "debug.gethook", "debug.traceback", "debug.getregistry",
    "setmetatable", "getmetatable", "rawset", "rawget", "next", "tostring", "pcall", "xpcall",
    "error", "assert", "select", "echo", "now", "ready", "fail", "typed", "list", "os.exit",
    "collectgarbage", "method", "finalize", "table.sort", "string.gsub", "load", "pairs", "ipairs",
  ]

  private static let values = [
    "nil", "true", "0", "1", "-1", "2", "1e300", "-1e300", "0/0", "1/0", "-1/0", "0.5",
    "math.maxinteger", "math.mininteger", "1 << 53", "1e18", "''", "'n'", "'\\0\\xff'", "'3'",
    "'collect'", "'step'", "'__gc'", "('x'):rep(1 << 16)", "{}", "{1, 2, 3}", "self", "deep",
    "{a = 1}", "failing", "yielding", "lying", "print", "error", "coroutine.yield",
    "function(...) return ... end", "function() error({}) end", "function() task.sleep(0) end",
    "function() coroutine.yield(1) end", "function() while true do end end",
    "function() collectgarbage() return 1 end", "co", "coroutine.wrap(coroutine.yield)",
    "coroutine.running()", "handle", "channel", "semaphore", "permit", "counter", "io.stdout",
    "_G", "debug.getregistry()", "package.loaded", "string", "task", "last", "last",
    "debug.getmetatable(channel)", "debug.getmetatable(handle)", "debug.getmetatable('')",
  ]

  private static let prelude = """
    local self = {} self[1] = self self.self = self setmetatable(self, self)
    local deep = {} for i = 1, 1000 do deep = {deep} end
    local failing = setmetatable({}, {
      __index = error, __newindex = error, __len = error, __call = error, __gc = error,
      __close = error, __tostring = error, __eq = error, __lt = error, __pairs = error,
    })
    local yielding = setmetatable({}, {
      __index = function() task.sleep(0) end, __len = function() coroutine.yield() return 2 end,
      __call = coroutine.yield, __tostring = function() task.sleep(0) return 'y' end,
      __close = function() task.sleep(0) end, __pairs = coroutine.yield,
    })
    local lying = setmetatable({}, {
      __len = function() return math.maxinteger end, __index = function(_, k) return k end,
      __name = {}, __metatable = 7, __mode = 7, __tostring = function() return 1 end,
    })
    local co = coroutine.create(function(...) while true do coroutine.yield(...) end end)
    local handle = task.spawn(function() task.sleep(0.001) return 1, {} end)
    local channel, semaphore = task.channel(1), task.semaphore(1)
    local permit = semaphore:acquire()
    local counter = counter
    local last
    local pcall, pack = pcall, table.pack
    local objects = {handle, channel, semaphore, permit, counter}
    local names = {"await", "cancel", "outcome", "status", "title", "send", "receive", "close",
      "acquire", "release", "count", "add", "x", "__gc"}
    local rawmeta = debug.getmetatable
    local function method(object, name, ...)
      if math.type(name) == "integer" then name = names[name % #names + 1] end
      local function_ = object[name]
      return function_(object, ...)
    end
    local function finalize(object, other)
      return rawmeta(object).__gc(other == nil and object or other)
    end
    """

  private static func chunk(_ generator: inout Generator, calls: Int) -> String {
    var lines = [prelude]
    for _ in 0..<calls {
      let name = generator.pick(functions)
      let count = Int.random(in: 0...4, using: &generator)
      var arguments = (0..<count).map { _ in generator.pick(values) }
      if name == "method" {
        arguments.insert(String(Int.random(in: 0..<14, using: &generator)), at: 0)
        arguments.insert(
          generator.pick([
            "handle", "channel", "semaphore", "permit", "counter", "last", "objects[2]",
          ]),
          at: 0)
      }
      let call = ([name] + arguments).joined(separator: ", ")
      let limited = Int.random(in: 0..<4, using: &generator) == 0
      lines.append(
        limited
          ? "last = select(2, pcall(task and task.timeout or pcall, 0.002, \(call)))"
          : "last = select(2, pcall(\(call)))")
    }
    return lines.joined(separator: "\n")
  }

  /// `FUZZ_CALLS` sets the number of calls; use more by hand, under a sanitizer.
  @Test("never crash the process", .timeLimit(.minutes(10)))
  func calls() async throws {
    let environment = ProcessInfo.processInfo.environment
    let total = environment["FUZZ_CALLS"].flatMap(Int.init) ?? 3000
    let seed = environment["FUZZ_SEED"].flatMap(UInt64.init) ?? 12
    let perChunk = 30
    var configuration = LimitTests.quick
    configuration.grace = .milliseconds(5)
    configuration.memoryLimit = 32 << 20
    configuration.reportTaskError = { _ in }
    for index in 0..<(total / perChunk) {
      var generator = Generator(state: seed &+ UInt64(index) &* 7919)
      let source = Self.chunk(&generator, calls: perChunk)
      if environment["FUZZ_SHOW"] != nil {
        try source.write(
          toFile: "/tmp/fuzz-\(getpid()).lua", atomically: false, encoding: .utf8)
      }
      let interpreter = try LuaInterpreter(configuration: configuration)
      do {
        try await interpreter.run(timeLimit: .milliseconds(200)) { state in
          try OutOfMemoryTests.setUp(state)
          try state.globals.set("ready", to: Host.ready)
          try state.globals.set("typed", to: .typed { (a: Double, b: [String]?) in a })
          try state.globals.set("print", to: .init { _ in .none })
          try state.run("debug.debug = nil warn('@off')")
          _ = try state.run(source, name: "=fuzz")
        }
      } catch let error as LuaError {
        // The prelude itself is right.
        #expect(error.kind != .syntax, "\(error)")
      }
      interpreter.close()
    }
  }
}
