import Foundation
import Testing

@Suite("fs.glob and fs.watch")
struct WatchTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func run(_ source: String) throws {
    try runLua("local fs, root = require 'fs', '\(folder.path)'\n" + source)
  }

  @Test("glob finds names by *, ?, sets and **")
  func glob() throws {
    try run(
      #"""
      for _, name in ipairs{ "a.png", "b.png", "ä.png", "b.jpg", ".hidden.png", "sub/c.png",
        "sub/deep/d.png", "sub/.git/e.png", "[x].png", "odd\xff.png" } do
        fs.write(root .. "/" .. name, "x")
      end
      os.execute("ln -s .. '" .. root .. "/sub/up'")
      local function names(pattern)
        local found = fs.glob(root .. "/" .. pattern)
        for index, path in ipairs(found) do found[index] = path:sub(#root + 2) end
        return table.concat(found, " ")
      end
      for pattern, expected in pairs{
        ["?.png"] = "a.png b.png ä.png", ["[ab].png"] = "a.png b.png", ["[!a].p*"] = "b.png ä.png",
        ["[ä].png"] = "ä.png", ["[á-ü].*"] = "ä.png", ["*[!a-z].png"] = "[x].png odd\xff.png ä.png",
        ["odd[\xfe-\xff].png"] = "odd\xff.png", ["s*/"] = "sub", ["sub/*/"] = "sub/deep sub/up",
        ["[a-c]*"] = "a.png b.jpg b.png", [".*.png"] = ".hidden.png", ["sub/*"] = "sub/c.png sub/deep sub/up",
        ["**/*.png"] = "[x].png a.png b.png odd\xff.png sub/c.png sub/deep/d.png ä.png",
        ["sub/**"] = "sub/c.png sub/deep sub/deep/d.png sub/up", ["**/deep/**/d.png"] = "sub/deep/d.png",
        ["sub/c.png"] = "sub/c.png", ["a.png/x"] = "", ["[[]x].png"] = "[x].png", ["nothing*"] = "",
        ["*\xff*"] = "odd\xff.png", ["[a"] = "", ["*/*/*.png"] = "sub/deep/d.png sub/up/[x].png"
          .. " sub/up/a.png sub/up/b.png sub/up/odd\xff.png sub/up/ä.png",
      } do
        assert(names(pattern) == expected, pattern .. ": " .. names(pattern))
      end
      assert(#fs.glob("") == 0 and fs.glob("/")[1] == "/" and fs.glob("/etc/pass*")[1] == "/etc/passwd")
      -- No pattern takes exponential time.
      fs.write(root .. "/" .. ("a"):rep(200), "x")
      assert(#fs.glob(root .. "/" .. ("*a"):rep(60) .. "b") == 0)
      """#)
    #expect(try faultOfLua("require 'fs'.glob(1)").contains("a number is not allowed"))
    #expect(try faultOfLua("require 'fs'.glob(('a/'):rep(99))").contains("at most 64 parts"))
  }

  @Test("watch gives each complete file once, and again when it has changed")
  func watch() throws {
    try run(
      """
      fs.write(root .. "/old.txt", "1")
      local writer = task.spawn(function()
        local file <close> = io.open(root .. "/slow.txt", "w")
        for _ = 1, 4 do
          file:write("piece"):flush()
          task.sleep(0.005)
        end
        file:close()
        fs.write(root .. "/skipped.png", "x")
        task.sleep(0.6)
        fs.write(root .. "/old.txt", "22")
      end)
      local found = {}
      for path in fs.watch(root, { pattern = "*.txt", interval = 0.25, timeout = 20 }) do
        local name = fs.name(path)
        found[#found + 1] = name .. " " .. fs.info(path).size
        if #found == 3 then break end
      end
      assert(table.concat(found, ", ") == "old.txt 1, slow.txt 20, old.txt 2", table.concat(found, ", "))
      writer:await()
      """)
  }

  @Test("watch may leave out what is there, look once, and end by its time")
  func ends() throws {
    try run(
      """
      fs.write(root .. "/a", "1")
      os.execute("touch -d '1 hour ago' '" .. root .. "/a'")
      local function all(options)
        local names = {}
        for path in fs.watch(root, options) do names[#names + 1] = fs.name(path) end
        return table.concat(names, " ")
      end
      assert(all{ timeout = 0 } == "a")
      assert(all{ timeout = 0.1, interval = 0.02, existing = false } == "")
      -- A file that comes with an old time is not complete at once.
      local next_path = fs.watch(root, { timeout = 0.1, interval = 0.04 })
      assert(fs.name(next_path()) == "a")
      fs.write(root .. "/b", "1")
      os.execute("touch -d '1 hour ago' '" .. root .. "/b'")
      local grower = task.spawn(function()
        task.sleep(0.02)
        fs.append(root .. "/b", "2")
        os.execute("touch -d '1 hour ago' '" .. root .. "/b'")
      end)
      local late = next_path()
      assert(late == nil or fs.info(late).size == 2)
      grower:await()
      """)
    for (options, words) in [
      ("'x', { intreval = 1 }", "fs.watch: unknown field 'intreval'; did you mean 'interval'?"),
      ("'.', { interval = 0 }", "field 'interval': 0 is not allowed"),
      ("'.', { timeout = 0/0 }", "field 'timeout'"), ("'.', { pattern = 1 }", "field 'pattern'"),
      ("'.', 1", "the options are a number"), ("'/no/such'", "there is no folder '/no/such'"),
      ("'/etc/passwd'", "there is no folder '/etc/passwd'"),
    ] {
      let fault = try faultOfLua("require 'fs'.watch(\(options))")
      #expect(fault.contains(words), "\(fault)")
    }
  }
}
