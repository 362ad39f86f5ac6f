import ArgumentParser

/// The program.
@main
struct ImagineServerProgram: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "imagine-server",
    abstract: "Serves the Imagine API and an OpenAI-style images API.",
    subcommands: [
      ServeCommand.self, CheckCommand.self, TokenCommand.self, JobsCommand.self, LinksCommand.self,
      MoveCommand.self, HealthcheckCommand.self, EngineChildCommand.self,
    ],
    defaultSubcommand: ServeCommand.self)
}
