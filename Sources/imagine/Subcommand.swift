import ArgumentParser
import ImagineScripting

/// Runs the subcommands that are none of `lua`'s. Their usage errors exit with 64.
enum Subcommand {
  static func run(
    _ type: (some AsyncParsableCommand).Type, arguments: ArraySlice<String>
  ) async -> Never {
    do {
      var command = try type.parseAsRoot(Array(arguments))
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
      type.exit()
    } catch let error as ImagineError {
      // What it quotes may stand in a stranger's file.
      Notice.write(error.description.printable)
      type.exit(withError: ExitCode.failure)
    } catch {
      type.exit(withError: error)
    }
  }
}
