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

/// Runs the subcommands that do not run a script. Their usage errors exit with 64.
enum Subcommand {
  static func run(
    _ type: (some AsyncParsableCommand).Type, arguments: ArraySlice<LuaString>
  ) async -> Never {
    do {
      var command = try type.parseAsRoot(CommandLineText.texts(arguments))
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
      type.exit()
    } catch let error as ImagineError {
      // The message may quote an untrusted file.
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

  /// Writes requested output, such as the help.
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
