import Lua
import LuaPeers

/// Runs one chunk in both hosts.
func both(
  _ interpreter: LuaInterpreter, _ peer: OpaquePointer?, ours: String, peer peerChunk: String? = nil
) throws -> (ours: Double, peer: Double) {
  let times = try Clock.best([
    { try interpreter.runBlocking { state in _ = try state.run(ours) } },
    { _ = peer_run(peer, peerChunk ?? ours) },
  ])
  return (times[0], times[1])
}

/// Calls between the languages.
enum Calls {
  static let count = 200_000
  static let fieldNames: [StaticString] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]

  static func loop(_ body: String, setUp: String = "") -> String {
    "\(setUp)\nfor index = 1, \(count) do \(body) end"
  }

  static func rows(_ interpreter: LuaInterpreter, _ peer: OpaquePointer?) throws -> [Row] {
    let cases: [(String, String, String, String)] = [
      ("Lua calls, no arguments", "local f = nothing", "f()", ""),
      ("Lua calls, two numbers", "local f = add", "f(index, 1.5)", "≤ 1.3×"),
      (
        "Lua calls, a string of 1 kB", "local f, s = length, string.rep('x', 1024)", "f(s)", ""
      ),
      (
        "Lua calls, a table of ten fields",
        "local f, t = sum, {a=1,b=2,c=3,d=4,e=5,f=6,g=7,h=8,i=9,j=10}", "f(t)", ""
      ),
      ("a property of a userdata", "local p = point", "local x = p.x", ""),
      ("a method of a userdata", "local p = point", "p:plus(1)", ""),
    ]
    var rows = try cases.map { name, setUp, body, target in
      let times = try both(interpreter, peer, ours: loop(body, setUp: setUp))
      return Row.times(name, ours: times.ours, peer: times.peer, each: count, target: target)
    }
    let typed = try both(
      interpreter, peer, ours: loop("f(index, 1.5)", setUp: "local f = addTyped"),
      peer: loop("f(index, 1.5)", setUp: "local f = add"))
    rows.append(
      .times("the same, typed: two numbers", ours: typed.ours, peer: typed.peer, each: count))
    rows.append(try fromSwift(interpreter, peer))
    return rows
  }

  /// Calls from Swift, and from C, of a function in Lua.
  static func fromSwift(_ interpreter: LuaInterpreter, _ peer: OpaquePointer?) throws -> Row {
    let chunk = "function luaAdd(a, b) return a + b end"
    peer_run(peer, chunk)
    let count = 20_000
    let times = try Clock.best([
      {
        try interpreter.runBlocking { state in
          try state.run(chunk)
          guard case .function(let add) = try state.globals.get("luaAdd") else { return }
          var sum = 0.0
          for index in 0..<count {
            sum += try add.call(Double(index), 1.0, returning: Double.self)
          }
          precondition(sum > 0)
        }
      },
      { _ = peer_call_lua(peer, "luaAdd", count) },
    ])
    return .times("Swift calls a Lua function", ours: times[0], peer: times[1], each: count)
  }
}
