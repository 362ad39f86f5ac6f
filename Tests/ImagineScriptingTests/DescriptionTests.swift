import Foundation
import ImagineAPI
import ImagineTestSupport
import Testing

@testable import ImagineScripting

@Suite("What is generated from the descriptions")
struct DescriptionTests {
  private func committed(_ path: String) throws -> String {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
    return try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  @Test("the committed editor types are the generated ones; scripts/describe writes them")
  func editorTypes() throws {
    let file = try committed("stdlib/types/imagine.lua")
    #expect(try EditorTypes.replaced(in: file) == file)
  }

  @Test("the committed reference page is the generated one; scripts/describe writes it")
  func referencePage() throws {
    let file = try committed("Sources/ImagineScripting/ImagineScripting.docc/Reference.md")
    #expect(ReferencePage.text == file)
  }

  @Test("the editor types and the page name every option, setting and bound")
  func complete() {
    let fields =
      MediaOperation.all.flatMap(\.fields) + MediaOperation.openAIGenerate(model: nil).fields
      + CallField.all(for: .fill) + SettingField.all + WaitField.all + ConversionField.all
    let (types, page) = (EditorTypes.text, ReferencePage.text)
    for field in fields {
      #expect(types.contains("---@field \(field.name)"), "\(field.name)")
      #expect(page.contains("| `\(field.name)`"), "\(field.name)")
      guard field.knownNames.isEmpty, let allowed = field.allowedText else { continue }
      #expect(types.contains("; \(allowed)"), "\(field.name)")
      #expect(page.contains("| \(allowed) |"), "\(field.name)")
    }
  }

  @Test("only the part between its marks is replaced")
  func marks() throws {
    let text = "a\n-- begin generated: calls (x)\nold\n-- end generated: calls\nb\n"
    #expect(
      try MarkedText.replace(["calls": "new"], in: text)
        == "a\n-- begin generated: calls (x)\n\nnew\n\n-- end generated: calls\nb\n")
  }

  @Test(
    "a file without the marks, or with half of one, is refused",
    arguments: [
      "", "-- begin generated: calls\n", "-- end generated: calls\n",
      "-- begin generated: calls\n-- end generated: other\n",
      "-- begin generated: calls\n-- begin generated: calls\n-- end generated: calls\n",
      "-- begin generated: other\n-- end generated: other\n",
    ])
  func missingMarks(text: String) {
    let error = #expect(throws: ImagineError.self) {
      try MarkedText.replace(["calls": "new"], in: text)
    }
    #expect(error?.kind == .validation)
  }

  private func projectTypes(_ configuration: String) throws -> String {
    let folder = try TemporaryFolder()
    try FileSystem.write(configuration, to: folder.file("imagine/config.toml"))
    let environment = ["XDG_CONFIG_HOME": folder.path, "IMAGINE_HOME": folder.file("home")]
    let host = ScriptHost(
      .init(service: .environment(serverProgram: "/nonexistent"), environment: environment))
    defer { host.close() }
    return ProjectTypes.text(of: try host.configuredProviders())
  }

  @Test("the types of a configured provider have its model, sizes and prices, without its key")
  func configured() throws {
    let types = try projectTypes(
      """
      [providers.my-studio]
      kind = "openai"
      base_url = "https://images.example.com/v1"
      token_env = "UNSET_TOKEN"
      model = "sd-1.5"
      sizes = ["512x512", "768x512"]
      prices = { unit = "USD", generate = 0.02, "generate.sd-xl" = 0.04 }
      [providers.vendor]
      kind = "imagine"
      base_url = "https://images.example.com/v2"
      """)
    for line in [
      #"---@field model? "sd-1.5"|"sd-xl"|string the model; `sd-1.5` by default"#,
      #"---@field size? "512x512"|"768x512" "#,
      "--- - generate: 0.02 USD; 0.04 USD: sd-xl",
      #"---@param provider "my-studio""#, "---@return imagine.at.my_studio",
      "---@class imagine.at.vendor: imagine.named_client", "function vendor.upscale(call) end",
    ] {
      #expect(types.contains(line), "\(line)\n\(types)")
    }
    #expect(!types.contains("my_studio.upscale"))
  }

  @Test("names of providers and models cannot break out of the types")
  func hostileNames() throws {
    let types = try projectTypes(
      #"""
      [providers."end"]
      kind = "openai"
      base_url = "https://a.example.com/v1"
      model = "x\"\nos.execute('y')"
      [providers."a b"]
      kind = "imagine"
      base_url = "https://a.example.com/v2"
      [providers."a_b"]
      kind = "imagine"
      base_url = "https://a.example.com/v2"
      [providers."1\nos.exit()"]
      kind = "imagine"
      base_url = "https://a.example.com/v2"
      """#)
    for line in types.split(separator: "\n") {
      #expect(
        line.hasPrefix("---") || line.hasPrefix("local ") || line.hasPrefix("function "), "\(line)")
    }
    for name in ["end_", "a_b", "a_b_2", "_1_os_exit__"] {
      #expect(types.contains("local \(name) = {}"), "\(name)\n\(types)")
    }
  }

  @Test("the JSON has every operation, with the bounds of its fields")
  func json() throws {
    let encoder = JSONEncoder()
    let object = try JSONSerialization.jsonObject(with: encoder.encode(DescriptionForm()))
    let topics = try #require((object as? [String: Any])?["topics"] as? [[String: Any]])
    #expect(topics.compactMap { $0["name"] as? String } == HelpTopic.names)
    let groups = try #require(topics.first?["groups"] as? [[String: Any]])
    let fields = groups.flatMap { $0["fields"] as? [[String: Any]] ?? [] }
    let count = try #require(fields.first { $0["name"] as? String == "n" })
    #expect(count["minimum"] as? Int == 1 && count["maximum"] as? Int == 100)
  }
}
