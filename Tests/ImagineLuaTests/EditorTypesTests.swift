import Foundation
import ImagineAPI
import ImagineRuns
import Lua
import Testing

@testable import ImagineLua

/// Part of `stdlib/types/imagine.lua` is generated and part is written by hand; together they must
/// name everything that scripts can use.
@Suite("The editor types are complete")
struct EditorTypesTests {
  private let text: String

  init() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../stdlib/types/imagine.lua")
    text = try String(contentsOf: file, encoding: .utf8)
  }

  /// The fields of a class, including inherited ones.
  private func fields(of name: String) -> Set<String> {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard
      let start = lines.firstIndex(where: {
        $0 == "---@class \(name)" || $0.hasPrefix("---@class \(name): ")
      })
    else { return [] }
    let parent = lines[start].split(separator: ": ").dropFirst().first.map(String.init)
    let own = lines[(start + 1)...].prefix { $0.hasPrefix("---@field ") }
      .compactMap {
        $0.split(separator: " ").dropFirst().first.map { String($0.filter { $0 != "?" }) }
      }
    return Set(own).union(parent.map { fields(of: $0) } ?? [])
  }

  @Test(
    "the editor types name every field of every operation",
    arguments: MediaOperation.all.map(\.name))
  func operations(name: String) throws {
    let operation = try #require(MediaOperation.named(name))
    let known = fields(of: "imagine.\(name)_call")
    #expect(known.isSuperset(of: operation.fields.map(\.name)))
    #expect(known.isSuperset(of: ["provider", "cache", "extra"] + CallOptions.names))
    #expect(text.contains("function client.\(name)(call) end"))
    if operation.field("image") != nil {
      #expect(text.contains("function Image:\(name)(options) end"))
      #expect(!fields(of: "imagine.\(name)_options").contains("image"))
    }
  }

  @Test("the editor types name the fields of OpenAI-style services")
  func openAI() {
    let fields = MediaOperation.openAIGenerate(model: nil).fields.map(\.name)
    #expect(self.fields(of: "imagine.generate_call").isSuperset(of: fields))
  }

  @Test("the editor types name every field and method of images, jobs, videos and errors")
  func members() {
    for (name, members) in [
      ("Image", Image.luaType.memberNames), ("Job", Job.luaType.memberNames),
      ("Video", Video.luaType.memberNames), ("error", ErrorObject.luaType.memberNames),
    ] {
      let fields = fields(of: "imagine.\(name)")
      for member in members {
        #expect(
          fields.contains(member) || text.contains("function \(name):\(member)("),
          "\(name).\(member)")
      }
    }
  }

  @Test("the editor types name every style, aspect ratio, error kind and call state")
  func names() {
    let names =
      ImageStyle.allCases.map(\.rawValue) + AspectRatio.allCases.map(\.rawValue)
      + VideoStyle.known + ImagineError.Kind.allCases.map(\.rawValue)
      + JournaledCall.State.allCases.map(\.rawValue)
    for name in names { #expect(text.contains("\"\(name)\""), "\(name)") }
  }
}
