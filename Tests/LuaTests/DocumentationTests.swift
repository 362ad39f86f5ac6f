import Foundation
import Testing

@Suite("The documentation")
struct DocumentationTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private func text(_ path: String) throws -> String {
    try String(contentsOf: Self.root.appendingPathComponent(path), encoding: .utf8)
  }

  /// The fenced Swift code.
  private func code(of article: String) -> [String] {
    article.components(separatedBy: "```swift\n").dropFirst().compactMap {
      $0.components(separatedBy: "\n```").first
    }
  }

  @Test("the code of the article is the code that is compiled here")
  func articleCode() throws {
    let example = try text("Tests/LuaTests/EmbeddingExample.swift")
    let quoted = example.components(separatedBy: "from here to its end.\n\n").last
    let blocks = code(of: try text("Sources/Lua/Lua.docc/EmbeddingLua.md"))
    #expect(blocks.count > 3)
    #expect(blocks.joined(separator: "\n\n") + "\n" == quoted)
  }

  @Test("the example of the article does what the article says")
  func exampleRuns() async throws {
    #expect(try await sumUp(["tea", "cake", "tea"]) == 15)
    #expect(try await complaint(about: "shop.price 'tea'") == "nothing")
    #expect(
      try await complaint(about: "shop.price 'bread'")
        == "please order something else: there is no bread")
    #expect(try await complaint(about: "return ('x'):rep(1 << 30)") == "that is too much")
    #expect(
      try await complaint(about: "shop.money(1).times(2, 3)")
        == "order:1: bad argument #1 to 'times' (money expected, got number)")
    #expect(
      try await complaint(about: "while true do pcall(task.sleep, 60) end")
        .contains("this takes too long"))
  }

  @Test("the page lists the contract of every C function")
  func contracts() throws {
    let page = try text("Sources/Lua/Lua.docc/CLuaContracts.md")
    let folder = Self.root.appendingPathComponent("Sources/CLua/include")
    let declared = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".h") }
      .flatMap {
        try text("Sources/CLua/include/\($0)")
          .matches(of: /\b(clua_[a-z_]+)\(/).map { String($0.1) }
      }
    #expect(declared.count > 50)
    for name in Set(declared).sorted() {
      let row = page.split(separator: "\n").first { $0.hasPrefix("| `\(name)` |") }
      let cells = row?.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      #expect(cells?.count == 4 && cells?.contains("") == false, "\(name)")
      #expect(["no", "yes"].contains(cells?[1]), "\(name)")
    }
  }
}
