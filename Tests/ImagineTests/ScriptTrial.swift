import ImagineTestSupport

/// A suite that runs the program in a folder of its own, which also has its configuration.
protocol ScriptTrial {
  var folder: TemporaryFolder { get }
}

extension ScriptTrial {
  /// - Parameters:
  ///   - home: the folder of the journal, so that a suite can have several.
  ///   - environment: variables beside those of the folder.
  ///   - point: the change of the journal at which the program is killed, such as `stored:2`.
  func run(
    _ arguments: [String], home: String = "home", environment: [String: String] = [:],
    killAt point: String? = nil
  ) async throws -> Program.Outcome {
    var variables = ["IMAGINE_HOME": folder.file(home), "XDG_CONFIG_HOME": folder.path]
    variables["IMAGINE_KILL_AT"] = point
    variables.merge(environment) { $1 }
    return try await Program.imagine.run(arguments, environment: variables, in: folder.path)
  }
}
