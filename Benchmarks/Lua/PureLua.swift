import Lua
import LuaPeers

/// Lua that calls nothing of the host's.
enum PureLua {
  static let chunk = """
    local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
    local words = {}
    for index = 1, 200000 do words[#words + 1] = "word " .. index % 1000 end
    table.sort(words)
    local counts = {}
    for _, word in ipairs(words) do counts[word] = (counts[word] or 0) + 1 end
    return fib(27) + #words
    """

  static func row(_ interpreter: LuaInterpreter, _ peer: OpaquePointer?) throws -> Row {
    let times = try both(interpreter, peer, ours: chunk)
    return .times(
      "pure Lua, beside a plain C host", ours: times.ours, peer: times.peer, each: 1,
      target: "≤ 1.03×")
  }
}
