import Foundation
import Lua
import Testing

@testable import ImagineREPL

@Suite("The history file")
struct HistoryTests {
  private let path = FileManager.default.temporaryDirectory
    .appendingPathComponent("history-\(UUID().uuidString)/deep/history.jsonl").path

  @Test("statements come back in the next session, the own ones first")
  func sessions() throws {
    var first = HistoryFile(path: path, session: "1")
    first.add("x = 1", time: 1)
    var second = HistoryFile(path: path, session: "2")
    second.load()
    second.add("for i = 1, 2 do\n\tprint(\"é\\\\\")\nend", time: 2)
    first.add("y = 2", time: 3)
    #expect(second.recent == ["for i = 1, 2 do\n\tprint(\"é\\\\\")\nend", "x = 1"])
    var third = HistoryFile(path: path, session: "3")
    third.load()
    #expect(third.recent == ["y = 2", "for i = 1, 2 do\n\tprint(\"é\\\\\")\nend", "x = 1"])
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
  }

  @Test("a leading blank, a token and a very long text are not stored; damage is skipped")
  func exceptions() throws {
    var history = HistoryFile(path: path, session: "1")
    history.add(" hidden", time: 1)
    history.add("token = 'secret-token'", time: 1, secrets: ["secret-token", ""])
    history.add(String(repeating: "x", count: 70_000), time: 1)
    history.add("kept", time: 1)
    let handle = try #require(FileHandle(forWritingAtPath: path))
    handle.seekToEndOfFile()
    handle.write(Data("{\"time\":1,\"statem\n\u{0}garbage\n{}\n[]\n".utf8))
    history.add("also kept", time: 2)
    var next = HistoryFile(path: path, session: "2")
    next.load()
    #expect(next.recent == ["also kept", "kept"])
  }

  @Test("a record is one line of JSON that other programs read")
  func record() throws {
    let record = HistoryRecord(time: 5, session: "s", statement: "a\"\\\n\t\u{1}é")
    let object = try JSONSerialization.jsonObject(with: Data(record.line.utf8)) as? [String: Any]
    #expect(object?["statement"] as? String == record.statement)
    let bytes = Array(record.line.utf8)
    #expect(HistoryRecord(line: bytes[..<(bytes.count - 1)]) == record)
    for count in 0..<(bytes.count - 2) { #expect(HistoryRecord(line: bytes[..<count]) == nil) }
  }
}

@Suite("Output while the prompt is shown")
struct PendingOutputTests {
  @Test("whole lines appear soon, the rest of a line after silence, with a mark")
  func lines() {
    let start = ContinuousClock.now
    var output = PendingOutput()
    output.add(Array("one\ntw".utf8), at: start)
    #expect(output.take(at: start) == Array("one\n".utf8))
    #expect(output.take(at: start + .milliseconds(99)) == [])
    output.add(Array("o".utf8), at: start + .milliseconds(50))
    #expect(output.take(at: start + .milliseconds(120)) == [])
    let rest = String(decoding: output.take(at: start + .milliseconds(150)), as: UTF8.self)
    #expect(rest.hasPrefix("two") && rest.hasSuffix("\n"))
    #expect(output.isEmpty)
    // At most 30 times a second.
    output.add(Array("a\n".utf8), at: start + .milliseconds(160))
    #expect(output.take(at: start + .milliseconds(160)) == [])
    #expect(output.take(at: start + .milliseconds(190)) == Array("a\n".utf8))
  }

  @Test("a saved session is a script")
  func saved() {
    let text = SavedScript.text([
      ("local x = 1", false), ("x + 1", false), ("error('no')\nx = 2", true), ("f()", false),
    ])
    #expect(text == "local x = 1\nprint(x + 1)\n-- error('no')\n-- x = 2\nf()\n")
  }

  @Test("a saved session has the results of the prompt, and asks for no help")
  func savedResults() async throws {
    let text = SavedScript.text([
      ("help(print)", false), ("help 'styles'", false), ("function f() return 20 end", false),
      ("1", false), ("f() -- twenty", false), ("print();", false), ("x = _ + __", false),
      ("x, ___", false), ("local y = x return y", false), ("show = 5", false), ("return", false),
      ("do return 7 end", true), ("x = x + _ + y + show", false), ("x -- the x", false),
    ])
    let interpreter = try LuaInterpreter()
    let found = try await interpreter.run { state in
      _ = try state.run(text, name: "=saved")
      return try state.globals.get("x", as: Int.self)
    }
    await interpreter.shutdown()
    #expect(found == 68)
  }
}
