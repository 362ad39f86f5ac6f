import ArgumentParser
import ImagineScripting
import Lua

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Runs the subcommands that are none of `lua`'s. Their usage errors exit with 64.
enum Subcommand {
  static func run(
    _ type: (some AsyncParsableCommand).Type, arguments: ArraySlice<LuaString>
  ) async -> Never {
    do {
      var command = try type.parseAsRoot(CommandWords.texts(arguments))
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
      let code = type.exitCode(for: error).rawValue
      let message = type.fullMessage(for: error)
      guard code == EXIT_SUCCESS else {
        if !message.isEmpty { Notice.writeRaw("\(message.printable)\n") }
        exit(code)
      }
      exit(writing(message))
    }
  }

  /// Writes what was asked for, such as the help.
  ///
  /// - Returns: the exit code.
  static func writing(_ text: String) -> Int32 {
    do {
      if !text.isEmpty { try Output.line(text) }
      return EXIT_SUCCESS
    } catch let code as ExitCode {
      return code.rawValue
    } catch {
      Notice.write("\(error)")
      return EXIT_FAILURE
    }
  }
}
