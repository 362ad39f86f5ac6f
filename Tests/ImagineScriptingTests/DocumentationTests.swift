import Foundation
import ImagineRuns
import ImagineTesting
import Testing

/// The code of the pages is code that is compiled: the marked part of a file, from `// [NAME]` to
/// `// [end]`.
@Suite("The documentation")
struct DocumentationTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private static let sources = [
    "Tests/Examples/WorkflowExample/WorkflowExample.swift",
    "Tests/Examples/WorkflowExample/ScriptExample.swift",
    "Tests/Examples/WorkflowExample/FolderProvider.swift",
    "Tests/ImagineScriptingTests/DocumentedExamples.swift",
  ]

  private static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  /// The marked parts of the sources, without the indentation of their marks.
  private static func parts() throws -> Set<String> {
    var parts: Set<String> = []
    for source in sources {
      var part: [Substring]?
      var indentation = 0
      for line in try text(source).split(separator: "\n", omittingEmptySubsequences: false) {
        let words = line.drop { $0 == " " }
        if words == "// [end]" {
          if let part { parts.insert(part.joined(separator: "\n")) }
          part = nil
        } else if words.hasPrefix("// [") {
          part = []
          indentation = line.count - words.count
        } else {
          part?.append(line.dropFirst(min(indentation, line.count)))
        }
      }
    }
    return parts
  }

  @Test(
    "the Swift code of a page is compiled code",
    arguments: [
      "Sources/ImagineScripting/ImagineScripting.docc/ImagineScripting.md",
      "Sources/ImagineScripting/ImagineScripting.docc/WorkflowsFromSwift.md",
      "Sources/ImagineScripting/ImagineScripting.docc/ScriptsInAProgram.md",
      "Sources/ImagineScripting/ImagineScripting.docc/OwnProvider.md",
      "Sources/ImagineScripting/ImagineScripting.docc/TestingAWorkflow.md", "README.md",
    ])
  func code(page: String) throws {
    let parts = try Self.parts()
    let blocks = try Self.text(page).components(separatedBy: "```swift\n").dropFirst()
      .compactMap { $0.components(separatedBy: "\n```").first }
    #expect(!blocks.isEmpty)
    for block in blocks { #expect(parts.contains(block), "\(page):\n\(block)") }
  }

  @Test("the test of the page on testing does what it says")
  func testing() async throws {
    try await postcardsAreMade()
  }
}
