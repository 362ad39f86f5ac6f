import Lua
import LuaPeers

/// Calls that wait, and tasks.
enum Tasks {
  static let count = 20_000

  static func callRows(_ interpreter: LuaInterpreter, _ peer: OpaquePointer?) throws -> [Row] {
    let loop = "for index = 1, \(count) do wait() end"
    peer_run(peer, "function waits() \(loop) end")
    func row(_ name: String, _ chunk: String, target: String) throws -> Row {
      let times = try Clock.best([
        { try interpreter.runBlocking { state in _ = try state.run(chunk) } },
        { _ = peer_drive(peer, "waits") },
      ])
      return .times(name, ours: times[0], peer: times[1], each: count, target: target)
    }
    return [
      try row(
        "an async call whose answer is there",
        "task.spawn(function() for index = 1, \(count) do ready() end end):await()",
        target: ""),
      try row(
        "an async call of Swift work that does not suspend",
        "task.spawn(function() \(loop) end):await()", target: "≤ 10×"),
      try row(
        "a call that suspends its task",
        "task.spawn(function() for i = 1, \(count) do task.sleep(0) end end):await()", target: ""),
      try row(
        "the same, three coroutines deep",
        """
        local wrap = coroutine.wrap
        task.spawn(function()
          wrap(function() wrap(function() wrap(function()
            for i = 1, \(count) do task.sleep(0) end
          end)() end)() end)()
        end):await()
        """, target: ""),
    ]
  }

  static func taskRows(_ interpreter: LuaInterpreter, _ peer: OpaquePointer?) throws -> [Row] {
    [try sleepers(interpreter, peer), try sleeperTimes(interpreter, peer)]
  }

  /// How much ten thousand sleeping tasks hold, beside bare coroutines.
  static func sleepers(_ interpreter: LuaInterpreter, _ peer: OpaquePointer?) throws -> Row {
    peer_run(peer, "function sleepOnce() wait() end")
    let bytes = peer_sleepers(peer, "sleepOnce", 10_000)
    let before = ProcessMemory.residentBytes
    let during = Measurement()
    try interpreter.runBlocking { state in
      try state.globals.set(
        "measure",
        to: LuaNativeFunction { call in
          during.bytes = ProcessMemory.residentBytes
          return call.results()
        })
      try state.run(sleeperChunk)
    }
    let ours = Double(during.bytes - before) / 10_000
    return Row(
      name: "10,000 tasks asleep, memory each", ours: "\(Int(ours)) B", peer: "\(Int(bytes)) B",
      ratio: ours / bytes, target: "≤ 4,000 B")
  }

  static let sleeperChunk = """
    local tasks = {}
    for index = 1, 10000 do tasks[index] = task.spawn(task.sleep, 0.5) end
    task.sleep(0)
    measure()
    for index = 1, 10000 do tasks[index]:cancel() end
    """

  static func sleeperTimes(_ interpreter: LuaInterpreter, _ peer: OpaquePointer?) throws -> Row {
    let chunk = "for index = 1, 10000 do task.spawn(task.sleep, 0.001) end"
    let times = try Clock.best([
      { try interpreter.runBlocking { state in _ = try state.run(chunk) } },
      { _ = peer_sleepers(peer, "sleepOnce", 10_000) },
    ])
    return .times(
      "10,000 tasks made, asleep, woken: time each", ours: times[0], peer: times[1],
      each: 10_000)
  }
}

/// A number that a function of Lua's leaves for the benchmark.
///
/// `@unchecked Sendable`: written on the thread of Lua while the benchmark waits for it.
final class Measurement: @unchecked Sendable {
  var bytes = 0
}
