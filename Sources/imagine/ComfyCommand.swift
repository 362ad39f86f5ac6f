import ArgumentParser
import Foundation
import ImagineAPI
import ImagineScripting

/// `imagine comfy`: helps to configure workflows of ComfyUI.
struct ComfyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "imagine comfy", abstract: "Helps to configure workflows of ComfyUI.",
    subcommands: [Inspect.self])

  struct Inspect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prints what looks like an input in a workflow, and the lines for config.toml.",
      discussion: """
        The file is a workflow in API format: Workflow > Export (API) in ComfyUI.
        """)

    @Argument(help: "The workflow's file.") var file: FilePath

    @Option(help: "The id of the node that saves the result, if several do.") var output: String?

    func run() async throws {
      let folder = FileManager.default.currentDirectoryPath
      let text = try WorkflowInspection.text(of: file, in: folder, output: output)
      try Output.line(text.printable)
    }
  }
}
