import Lua
import LuaPeers

let interpreter = try LuaInterpreter()
let peer = peer_open()
defer { peer_close(peer) }

try interpreter.runBlocking { state in
  try state.globals.set([
    "nothing": LuaNativeFunction { call in call.results() },
    "add": LuaNativeFunction { call in call.results(try call.number(1) + call.number(2)) },
    "addTyped": .typed { (left: Double, right: Double) in left + right },
    "length": LuaNativeFunction { call in
      call.results(try call.withBytes(1) { $0.count })
    },
    "sum": LuaNativeFunction { call in
      var sum = 0.0
      for name in Calls.fieldNames { sum += try call.field(1, name, as: Double.self) ?? 0 }
      return call.results(sum)
    },
    "wait": .async { _ in LuaAsyncCall { 1 } },
    "ready": .async { call in LuaAsyncCall(ready: call.results(1)) },
  ])
  try state.globals.set("point", to: Point(x: 3))
  try state.useGenerationalCollector()
}
peer_run(peer, "collectgarbage('generational')")

// Without arguments everything is measured, else the parts that are named.
let parts: [(name: String, rows: () throws -> [Row])] = [
  ("start-up", { Processes.startUpRows() }),
  ("pure", { [try PureLua.row(interpreter, peer)] + Processes.pureLuaRows() }),
  ("calls", { try Calls.rows(interpreter, peer) }),
  ("async", { try Tasks.callRows(interpreter, peer) }),
  ("tasks", { try Tasks.taskRows(interpreter, peer) }),
]
let wanted = CommandLine.arguments.dropFirst()
let rows = try parts.filter { wanted.isEmpty || wanted.contains($0.name) }.flatMap { try $0.rows() }
Report.print(rows)
interpreter.close()
