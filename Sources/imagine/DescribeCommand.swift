import ArgumentParser
import ImagineScripting
import ImagineSystem

/// `imagine describe`: what is generated from the descriptions of operations and fields.
struct DescribeCommand: AsyncParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case reference, types, json, man
  }

  static let configuration = CommandConfiguration(
    commandName: "imagine describe",
    abstract: "Writes the reference page, the editor types, the manual page, or JSON.",
    discussion: """
      reference  all operations, fields, providers, sizes and errors, as Markdown
      types      the generated parts of stdlib/types/imagine.lua, for editors; with --output they
                 replace the marked parts of that file
      json       the same descriptions for programs
      man        the manual page imagine(1)

      With --types it writes the types of the providers in config.toml: their operations with their
      models, sizes and prices. Save them beside imagine.lua.
      """)

  @Option(help: "What to write: reference, types, json or man.") var format: Format?

  @Flag(help: "Write the editor types of the providers in config.toml.") var types = false

  @Option(name: .shortAndLong, help: "The file to write; standard output by default.") var output:
    FilePath?

  func validate() throws {
    guard !types || format == nil else {
      throw ValidationError("--types and --format exclude each other")
    }
  }

  func run() async throws {
    let text = try text()
    guard let output else { return try Output.write(text) }
    try output.write(Array(text.utf8), replacing: true)
  }

  /// The text to write; ends with a line break.
  private func text() throws -> String {
    if types {
      let host = Program.makeHost()
      defer { host.close() }
      return ProjectTypes.text(of: try host.configuredProviders())
    }
    switch format ?? .reference {
    case .reference: return ReferencePage.text
    case .man: return ManualPage().text
    case .json: return try JSONOutput.text(of: DescriptionForm()) + "\n"
    case .types:
      guard let output else { return EditorTypes.text }
      let bytes = try FileReader(output).all()
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw ImagineError(.validation, "\(output) is not UTF-8")
      }
      return try EditorTypes.replaced(in: text)
    }
  }
}
