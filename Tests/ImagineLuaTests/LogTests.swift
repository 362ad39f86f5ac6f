import Lua
import Testing

@Suite("log")
struct LogTests {
  /// The lines that `calls` write, with TIME for the time.
  private func lines(_ calls: String) throws -> String {
    let results = try runLua(
      """
      local log, lines = require "log", {}
      log.configure{ write = function(line) lines[#lines + 1] = line end }
      \(calls)
      return table.concat(lines)
      """)
    return (results.first?.text ?? "").replacing(/\d\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ/, with: "TIME")
      .replacing(/\d\d:\d\d:\d\d/, with: "TIME")
  }

  @Test("a line of text has the time, the level, the message and sorted fields")
  func text() throws {
    #expect(
      try lines(#"log.info("drawn", { seed = 7, path = "a b.png", note = 'say "x"\n' })"#)
        == #"TIME info  drawn note="say \"x\"\n" path="a b.png" seed=7"# + "\n")
    #expect(try lines("log.error('two\\nlines')") == "TIME error two lines\n")
    #expect(try lines("log.warn(7)") == "TIME warn  7\n")
  }

  @Test("a line of JSON is one object for fields of any type")
  func json() throws {
    #expect(
      try lines(
        #"log.configure{format="json"} log.warn("x\ny\xff", { n = 1.5, list = { 1 }, f = task.sleep })"#
      )
      .replacing(/function: [^"]*/, with: "F")
        == #"{"f":"F","level":"warn","list":[1],"message":"x\ny?","n":1.5,"time":"TIME"}"# + "\n")
  }

  @Test("messages below the level are not written")
  func levels() throws {
    #expect(try lines("log.debug 'a' log.info 'b'") == "TIME info  b\n")
    #expect(try lines("log.configure{level='debug'} log.debug 'a'") == "TIME debug a\n")
    #expect(try lines("log.configure{level='off'} log.error 'a'") == "")
    try runLua("local log = require 'log'; assert(log.enabled 'info' and not log.enabled 'debug')")
  }

  @Test("an invalid setting is an error that names it")
  func settings() throws {
    #expect(
      try faultOfLua("require('log').configure{ level = 'loud' }")
        .contains("log.configure: 'loud' is not allowed (expected debug, info, warn, error or off)")
    )
    #expect(try faultOfLua("require('log').configure{ lvl = 1 }").contains("unknown field 'lvl'"))
    #expect(try faultOfLua("require('log').info('a', 'b')").contains("fields are a string"))
    // An invalid setting leaves the others unchanged.
    #expect(
      try lines("pcall(log.configure, { level = 'debug', format = 'xml' }) log.debug 'a'") == "")
  }
}
