import Foundation
import Lua
import Testing

@Suite("prompts")
struct PromptTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Prompts").path

  @Test("a template expands as dynamicprompts' combinatorial generator expands it")
  func expansions() throws {
    // The first sixty prompts, made by dynamicprompts 0.31 with the same wildcards.
    let results = try runLua(
      """
      local prompts, json, fs = require "prompts", require "json", require "fs"
      local cases = json.decode(fs.read("\(Self.folder)/expansions.json"))
      for _, case in ipairs(cases) do
        local given = prompts.expand(
          case.template, { wildcards = "\(Self.folder)/wildcards", limit = 60 })
        assert(json.encode(given) == json.encode(case.prompts),
          case.template .. " gave " .. json.encode(given))
      end
      return #cases
      """)
    guard case .integer(let count) = results.first else { throw LuaError("no count") }
    #expect(count > 150)
  }

  @Test(
    "what looks like syntax and is none stays as it is",
    arguments: [
      ("50% off, $5, a__b, C#, #ff0000, a}b|c", "50% off, $5, a__b, C#, #ff0000, a}b|c"),
      (##"\{a\|b\} \(x\) \\ \# 1 {a\$$b}"##, ##"{a|b} \(x\) \ # 1 a$$b"##),
      ("a # red\n#blue\nb", "a \n\nb"),
      ("____ ___ a __ b __ c", "____ ___ a __ b __ c"),
    ])
  func literals(template: String, prompt: String) throws {
    let results = try runLua(
      "return require 'prompts'.expand([=[\(template)]=])[1], #require 'prompts'.expand([=[\(template)]=])"
    )
    #expect(results.first?.text == prompt)
    #expect(results.last == .integer(1))
  }

  @Test("a value that is chosen once gives every case, equal at each use")
  func immediate() throws {
    try runLua(
      """
      local prompts = require "prompts"
      local template = "${x=!{a|b}}${x}${x} {1|2}"
      assert(table.concat(prompts.expand(template), ";") == "aa 1;aa 2;bb 1;bb 2")
      assert(prompts.count(template) == 4)
      for _, text in ipairs(prompts.pick("${x=!{a|b|c}}${x}${x}", { n = 20 })) do
        assert(text:sub(1, 1) == text:sub(2, 2))
      end
      local nested = prompts.pick("${x={2$$a|b} __w__}${x}", { wildcards = { w = { "{c|d}" } } })
      assert(nested[1]:find("^[ab],[ab] [cd]$"))
      """)
  }

  @Test(
    "a template that is wrong or too large is an error that says where and why",
    arguments: [
      ("x {a|b", "a { has no }, at character 3"), ("{~a|b}", "samplers"), ("%{a$$b}", "%{…}"),
      ("__x(a=b)__", "takes no variables"), ("__x/{a|b}__", "cannot contain {"),
      ("${x}", "variable 'x' is not set"), ("${x=a|b}", "needs { } around it"),
      ("{a|${x=1}}", "cannot be set inside"), ("{2 $$a|b}", "needs a count"),
      ("${x=a ${x}}${x}", "variable 'x' contains itself"),
      ("__loop__", "wildcard 'loop' contains itself"),
      (
        "__colour__ __colours__",
        "there is no wildcard 'colours' (in the table there are colour, loop)"
      ),
      ("é{", "at character 2"),
      (String(repeating: "{", count: 100_000), "more than 100 levels"),
      (String(repeating: "{1|2}", count: 10), "more than 1000 prompts"),
    ])
  func faults(template: String, reason: String) throws {
    let fault = try faultOfLua(
      """
      require "prompts".expand([=[\(template)]=],
        { wildcards = { loop = { "x __loop__" }, colour = { "red" } } })
      """)
    #expect(fault.contains(reason), "\(fault)")
  }

  @Test("a count is exact without making the prompts, and a limit makes no more than it gives")
  func counts() throws {
    try runLua(
      """
      local prompts = require "prompts"
      assert(prompts.count(("{1|2|3}"):rep(30)) == 3 ^ 30 // 1 | 0)
      assert(prompts.count("{1-2$$a|b|c} {x|x|y}") == 18)
      assert(prompts.count("{9$$a|b|c|d|e|f|g|h|i|j|k}") == 19958400)
      assert(#prompts.expand("{10$$a|b|c|d|e|f|g|h|i|j|k|l}", { limit = 5 }) == 5)
      """)
    #expect(
      try faultOfLua("require 'prompts'.count(('{1|2|3}'):rep(60))").contains("more than 2^63"))
    #expect(
      try faultOfLua(
        """
        local values = {}
        for index = 1, 400 do values[index] = tostring(index) end
        require "prompts".count("{__n__ __n__|x}", { wildcards = { n = values } })
        """
      ).contains("more than 100000 results"))
  }

  @Test("picks are the same in every run, follow the weights, and never repeat inside a choice")
  func picks() throws {
    try runLua(
      """
      local prompts = require "prompts"
      local function picks(options) return table.concat(prompts.pick("{3::s|r} {2$$a|b|c}", options), ";") end
      assert(picks{ n = 50 } == picks{ n = 50 } and picks{ n = 50 } ~= picks{ n = 50, seed = 2 })
      local sunny, texts = 0, prompts.pick("{3::s|r} {2$$a|b|c}", { n = 4000 })
      for _, text in ipairs(texts) do
        if text:sub(1, 1) == "s" then sunny = sunny + 1 end
        assert(text:sub(3, 3) ~= text:sub(5, 5))
      end
      assert(sunny > 2850 and sunny < 3150)
      """)
  }

  @Test("matrix combines parts, and read gives the prompts of a file")
  func lists() throws {
    let folder = try ScratchFolder()
    try folder.write("\u{FEFF}# prompts\r\n a cat \r\n\r\na dog\r\na cat\r\n", to: "list.txt")
    try folder.write(#"["a cat", "two\nlines"]"#, to: "list.json")
    try folder.write(#"["a cat", 7]"#, to: "wrong.json")
    try runLua(
      """
      local prompts = require "prompts"
      local function join(list) return table.concat(list, ";") end
      assert(join(prompts.matrix{ "a", "b", "c" }) == "a;a, b;a, c;a, b, c")
      assert(join(prompts.matrix({ "a", "b" }, { separator = "-" })) == "a;a-b")
      assert(join(prompts.read("\(folder.path)/list.txt")) == "a cat;a dog;a cat")
      assert(join(prompts.read("\(folder.path)/list.json")) == "a cat;two\\nlines")
      """)
    #expect(
      try faultOfLua("require 'prompts'.read('\(folder.path)/wrong.json')").contains("item 2"))
    #expect(try faultOfLua("require 'prompts'.matrix{}").contains("0 parts (expected 1 to 16)"))
    #expect(try faultOfLua("require 'prompts'.expand('a', { limt = 1 })").contains("limt"))
  }
}
