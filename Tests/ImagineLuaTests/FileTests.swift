import Foundation
import ImagineAPI
import ImagineSystem
import Lua
import Testing

@Suite("fs")
struct FileTests {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func run(_ source: String) throws {
    try runLua("local fs, root = require 'fs', '\(folder.path)'\n" + source)
  }

  private func fault(_ call: String) throws -> String {
    try faultOfLua("local fs, root = require 'fs', '\(folder.path)'; \(call)")
      .replacing(folder.path, with: "ROOT")
  }

  @Test("a file is written with its missing folders and read back unchanged")
  func whole() throws {
    try run(
      #"""
      local bytes = ("\0\255é\r\n"):rep(1000)
      local path = fs.write(root .. "/a/b/c.bin", bytes)
      assert(path == root .. "/a/b/c.bin" and fs.read(path) == bytes)
      assert(fs.write(path, "") == path and fs.read(path) == "")
      -- Nothing else was left there.
      assert(table.concat(fs.list(root, { recursive = true }), " ") == "a a/b a/b/c.bin")
      """#)
  }

  @Test("overwrite = false leaves an existing file unchanged")
  func exclusive() throws {
    try run(
      """
      local path = fs.write(root .. "/a.txt", "first", { overwrite = false })
      for _, call in ipairs{
        function() fs.write(path, "second", { overwrite = false }) end,
        function() fs.copy(path, path, { overwrite = false }) end,
        function() fs.move(fs.write(root .. "/b.txt", "b"), path, { overwrite = false }) end,
      } do
        local ok, fault = pcall(call)
        assert(not ok and fault.kind == "io" and fault.message:find("exists", 1, true), fault)
      end
      assert(fs.read(path) == "first" and fs.read(root .. "/b.txt") == "b")
      assert(table.concat(fs.list(root), " ") == "a.txt b.txt")
      """)
  }

  @Test("append adds to the end of a file")
  func append() throws {
    try run(
      """
      local path = root .. "/logs/a.txt"
      fs.append(path, "one\\n")
      assert(fs.append(path, "two\\n") == path and fs.read(path) == "one\\ntwo\\n")
      """)
  }

  @Test("info returns kind, size and time; exists returns true or false")
  func info() throws {
    try run(
      """
      local info = fs.info(fs.write(root .. "/a.txt", "12345"))
      assert(info.kind == "file" and info.size == 5 and math.abs(info.modified - os.time()) < 60)
      assert(fs.info(root).kind == "folder" and fs.info(root .. "/none") == nil)
      assert(fs.exists(root) and not fs.exists(root .. "/none") and not fs.exists(root .. "/a.txt/b"))
      """)
  }

  @Test("a folder is listed in order, and removed with its contents only with recursive = true")
  func folders() throws {
    try run(
      """
      assert(fs.mkdir(root .. "/d/e") == root .. "/d/e" and fs.mkdir(root .. "/d/e"))
      for _, name in ipairs{ "b", "a", ".c", "B" } do fs.write(root .. "/d/" .. name, name) end
      assert(table.concat(fs.list(root .. "/d"), " ") == ".c B a b e")
      local ok, fault = pcall(fs.remove, root .. "/d")
      assert(not ok and fault.message:find("not empty", 1, true) and #fs.list(root .. "/d") == 5)
      assert(fs.remove(root .. "/d/a") and not fs.exists(root .. "/d/a"))
      assert(fs.remove(root .. "/d/e") and fs.remove(root .. "/d", { recursive = true }))
      assert(fs.remove(root .. "/d") == false and fs.remove(root .. "/d", { recursive = true }) == false)
      """)
  }

  @Test("remove deletes a symbolic link, not its target")
  func links() throws {
    try run(
      """
      fs.write(root .. "/kept/a", "a")
      assert(os.execute(("ln -s kept '%s/link'"):format(root)))
      assert(fs.remove(root .. "/link", { recursive = true }) and fs.exists(root .. "/kept/a"))
      """)
  }

  @Test("move and copy return the new path and replace an existing file")
  func moves() throws {
    try run(
      """
      local a, b = fs.write(root .. "/a", "a"), fs.write(root .. "/b", "b")
      assert(fs.move(a, b) == b and fs.read(b) == "a" and not fs.exists(a))
      assert(fs.copy(b, root .. "/new/c") == root .. "/new/c" and fs.read(root .. "/new/c") == "a")
      assert(fs.move(root .. "/new", root .. "/newer") and fs.read(root .. "/newer/c") == "a")
      """)
  }

  @Test("a system error names the path and the reason")
  func refused() throws {
    let nothing = "No such file or directory [io]"
    #expect(try fault("fs.read(root..'/x')") == "test.lua:1: cannot read ROOT/x: \(nothing)")
    #expect(try fault("fs.list(root..'/x')") == "test.lua:1: cannot list ROOT/x: \(nothing)")
    #expect(try fault("fs.copy(root..'/x', root..'/y')").contains("cannot read ROOT/x: \(nothing)"))
    #expect(try fault("fs.move(root..'/x', root..'/y')").contains("cannot move ROOT/x to ROOT/y: "))
    #expect(try fault("fs.write(root, 'x')").contains("cannot write ROOT: "))
    #expect(try fault("fs.read(root)").contains("cannot read ROOT: "))
    #expect(
      try fault("fs.mkdir(fs.write(root..'/f', ''))").contains("cannot make the folder ROOT/f: "))
    #expect(
      try fault("fs.append(root..'/f/g', 'x')").contains("cannot write ROOT/f/g: "))
  }

  @Test("an invalid path is refused", arguments: ["''", "'a\\0b'"])
  func paths(path: String) throws {
    #expect(try fault("fs.read(\(path))").contains("field 'path': "))
    #expect(try fault("fs.remove('/', { recursive = true })").contains("cannot remove /"))
    #expect(try fault("fs.remove('..', { recursive = true })").contains("cannot remove .."))
  }

  @Test("paths are split and joined as text")
  func names() throws {
    try run(
      """
      assert(fs.join("out", "cats/", "1.png") == "out/cats/1.png" and fs.join("a", "", "/b") == "/b")
      assert(fs.name "out/a.tar.gz" == "a.tar.gz" and fs.name "a/b/" == "b" and fs.name "/" == "/")
      assert(fs.folder "a/b/c" == "a/b" and fs.folder "a" == "." and fs.folder "/a" == "/")
      assert(fs.stem "a/b.tar.gz" == "b.tar" and fs.stem ".profile" == ".profile" and fs.stem "x" == "x")
      assert(fs.extension "a/Cat.PNG" == "png" and fs.extension ".profile" == "" and fs.extension "a.b/c" == "")
      """)
    #expect(try fault("fs.join('a', nil)").contains("fs.join: a nil is not allowed"))
  }

  @Test("a replaced file keeps its mode, and links to it still work")
  func kept() throws {
    let path = folder.path + "/secret"
    try Data("old".utf8).write(to: URL(filePath: path))
    #expect(chmod(path, 0o600) == 0 && symlink("secret", folder.path + "/link") == 0)
    #expect(symlink("new/target", folder.path + "/dangling") == 0)
    try run(
      """
      assert(fs.write(root .. "/secret", "one") and fs.write(root .. "/link", "two"))
      assert(fs.read(root .. "/secret") == "two")
      fs.copy(fs.write(root .. "/other", "three"), root .. "/link")
      assert(fs.read(root .. "/secret") == "three")
      fs.write(root .. "/dangling", "four")
      assert(fs.read(root .. "/new/target") == "four")
      """)
    var facts = stat()
    #expect(stat(path, &facts) == 0 && facts.st_mode & 0o7777 == 0o600)
    #expect(lstat(folder.path + "/link", &facts) == 0 && facts.st_mode & S_IFMT == S_IFLNK)
  }

  @Test("if several writers create one path without overwriting, one succeeds")
  func oneWins() async throws {
    let path = folder.path + "/prize"
    let wins = await withTaskGroup(of: Bool.self) { group in
      for number in 0..<16 {
        group.addTask {
          (try? FilePath(path).write(Array("writer \(number)".utf8), replacing: false)) != nil
        }
      }
      return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
    }
    #expect(wins == 1)
    for number in 0..<16 {
      try Data("\(number)".utf8).write(to: URL(filePath: path + ".\(number)"))
    }
    let moves = await withTaskGroup(of: Bool.self) { group in
      for number in 0..<16 {
        group.addTask {
          let source = FilePath(path + ".\(number)")
          return (try? source.move(to: FilePath(path + ".moved"), replacing: false)) != nil
        }
      }
      return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
    }
    #expect(moves == 1)
  }

  @Test("file names keep bytes that are not UTF-8")
  func bytes() throws {
    try run(
      #"""
      local names = { "caf\xe9", "\xff\xfe", "\xc3\xa9", "a\nb" }
      for index, name in ipairs(names) do fs.write(root .. "/d\xff/" .. name, tostring(index)) end
      local found = fs.list(root, { recursive = true })
      assert(#found == #names + 1 and found[1] == "d\xff")
      for index, name in ipairs(names) do
        assert(fs.read(root .. "/d\xff/" .. name) == tostring(index))
      end
      fs.move(root .. "/d\xff/caf\xe9", root .. "/d\xff/\xe8")
      assert(fs.read(root .. "/d\xff/\xe8") == "1" and not fs.exists(root .. "/d\xff/caf\xe9"))
      assert(fs.remove(root .. "/d\xff", { recursive = true }) and #fs.list(root) == 0)
      """#)
  }

  @Test("sha256 returns the hash of a file's content")
  func sha256() throws {
    try run(
      """
      assert(fs.sha256(fs.write(root .. "/abc", "abc"))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
      """)
  }
}
