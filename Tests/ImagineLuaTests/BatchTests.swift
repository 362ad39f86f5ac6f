import Foundation
import Lua
import Testing

@Suite("scripts/batch.lua")
struct BatchTests {
  private static let script = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../scripts/batch.lua").standardizedFileURL.path

  @Test("1,000 rows become files and a report that includes the failures")
  func batch() throws {
    let folder = try ScratchFolder()
    let rows = (1...1000).map { $0 % 100 == 0 ? ",\($0)," : "\"a cat, number \($0)\",\($0),anime" }
    try folder.write("prompt,seed,style\n" + rows.joined(separator: "\n"), to: "rows.csv")
    try runLua(
      """
      local csv, fs = require "csv", require "fs"
      -- Stands in for the service: an image for a prompt, after some time.
      imagine = {
        generate = function(row)
          if not row.prompt then fs.read "/nowhere/at-all" end
          task.sleep(0)
          return { save = function(_, path) return fs.write(path, row.prompt .. row.seed) end }
        end,
      }
      local succeeded
      os.exit = function(code) succeeded = code end
      dofile "\(Self.script)"
      assert(succeeded == false)

      local out = "\(folder.path)/out"
      assert(#fs.list(out) == 991)
      assert(fs.read(out .. "/0007-a-cat-number-7.png") == "a cat, number 77")
      local report = csv.read(out .. "/report.csv")
      assert(#report == 1000 and report[7].file == out .. "/0007-a-cat-number-7.png")
      assert(report[7].seed == "7" and report[7].error == nil)
      assert(report[100].file == nil and report[100].error:find("cannot read /nowhere", 1, true))
      """, arguments: ["\(folder.path)/rows.csv", "--out", "\(folder.path)/out"])
  }

  @Test("the script has no more than 15 lines")
  func length() throws {
    let text = try String(contentsOfFile: Self.script, encoding: .utf8)
    let lines = text.split(separator: "\n").filter { !$0.hasPrefix("--") && !$0.hasPrefix("#") }
    #expect(lines.count <= 15)
  }
}
