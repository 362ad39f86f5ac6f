import Foundation
import ImagineAPI
import ImagineTestSupport
import Testing

@Suite("imagine help and imagine describe")
struct HelpCommandTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func imagine(_ arguments: [String], input: String? = nil) async throws
    -> Program.Outcome
  {
    try await Program.imagine.run(
      arguments,
      environment: ["IMAGINE_HOME": folder.file("home"), "XDG_CONFIG_HOME": folder.path],
      input: input, in: folder.path)
  }

  @Test("the examples of the help run")
  func examples() async throws {
    var script = """
      local photo = imagine.generate{ prompt = "a red bottle on a table", seed = 1 }
      photo:convert{ width = 256, height = 256 }:save("photo.png")
      local moon = imagine.generate{ prompt = "a white moon at night", seed = 1 }
      moon:convert{ width = 256, height = 256 }:save("mask.png")

      """
    for topic in HelpTopic.all() {
      script += "do\n\(topic.example)\nend\nprint('\(topic.name)')\n"
    }
    let outcome = try await imagine(["-"], input: script)
    #expect(outcome.status == 0, "\(outcome.errors)")
    for name in HelpTopic.names { #expect(outcome.output.contains("\(name)\n")) }
  }

  @Test("help without a word lists operations and commands")
  func startPage() async throws {
    let page = try await imagine(["help"])
    #expect(page.status == 0 && page.errors.isEmpty)
    #expect(try await imagine(["--verbose", "help"]).output == page.output)
    for name in HelpTopic.names + ["plan", "describe", "serve"] {
      #expect(page.output.contains("  \(name)"), "\(name)")
    }
  }

  @Test("help explains an operation; for a command it is the command's --help")
  func words() async throws {
    let topic = try #require(HelpTopic.named("upscale"))
    #expect(try await imagine(["help", "upscale"]).output == topic.text + "\n")
    let generate = try await imagine(["help", "generate"]).output
    #expect(generate.hasPrefix(try #require(HelpTopic.named("generate")).text))
    #expect(generate.contains("imagine generate --help"))
    #expect(try await imagine(["help", "batch"]).output.hasPrefix("usage: imagine batch FILE"))
    let help = try await imagine(["help", "rerun"])
    #expect(try await imagine(["rerun", "--help"]).output == help.output)
    #expect(try await imagine(["help", "run"]).output.hasPrefix("usage: imagine"))
    let unknown = try await imagine(["help", "upscal"])
    #expect(unknown.status == 64 && unknown.output.isEmpty)
    #expect(unknown.errors.contains("there is no help on 'upscal'; did you mean 'upscale'?"))
  }

  @Test("a script named help runs as a script")
  func script() async throws {
    try FileSystem.write("print('mine')", to: folder.file("help"))
    #expect(try await imagine(["help", "upscale"]).output == "mine\n")
  }

  @Test("describe writes a page, JSON and types, and replaces only the marked parts of a file")
  func describe() async throws {
    #expect(try await imagine(["describe"]).output.hasPrefix("# Reference\n"))
    let json = try await imagine(["describe", "--format", "json"]).output
    #expect(try JSONSerialization.jsonObject(with: Data(json.utf8)) is [String: Any])
    #expect(json.contains("\"see_also\""))

    let types = try await imagine(["describe", "--format", "types"]).output
    #expect(types.contains("function client.generate(call) end"))
    try FileSystem.write(
      """
      first
      -- begin generated: calls
      -- end generated: calls
      -- begin generated: methods
      old
      -- end generated: methods
      last

      """, to: folder.file("t.lua"))
    let written = try await imagine(["describe", "--format", "types", "-o", "t.lua"])
    #expect(written.status == 0 && written.output.isEmpty, "\(written.errors)")
    let file = try String(contentsOfFile: folder.file("t.lua"), encoding: .utf8)
    #expect(
      file.hasPrefix("first\n-- begin") && file.hasSuffix("-- end generated: methods\nlast\n"))
    #expect(file.contains("function client.generate(call) end") && !file.contains("\nold\n"))

    try FileSystem.write("mine\n", to: folder.file("mine.lua"))
    let refused = try await imagine(["describe", "--format", "types", "-o", "mine.lua"])
    #expect(refused.status == 1 && refused.errors.contains("no line '-- begin generated: calls'"))
    #expect(try String(contentsOfFile: folder.file("mine.lua"), encoding: .utf8) == "mine\n")
    #expect(try await imagine(["describe", "--types", "--format", "json"]).status == 64)
  }

  @Test("describe --types writes the providers of config.toml")
  func types() async throws {
    try FileSystem.write(
      """
      [providers.mine]
      kind = "openai"
      base_url = "http://127.0.0.1:8081/v1"
      model = "sd-1.5"
      """, to: folder.file("imagine/config.toml"))
    let types = try await imagine(["describe", "--types"])
    #expect(types.status == 0, "\(types.errors)")
    #expect(types.output.contains("---@param provider \"mine\""))
    // The editor's file is Lua, and does nothing.
    try FileSystem.write(types.output, to: folder.file("mine.lua"))
    #expect(try await imagine(["mine.lua"]).status == 0)
  }
}
