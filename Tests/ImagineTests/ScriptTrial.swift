import ImagineTestSupport

/// A suite that runs the program in a folder of its own, which also has its configuration.
protocol ScriptTrial {
  var folder: TemporaryFolder { get }
}

extension ScriptTrial {
  /// - Parameters:
  ///   - home: the folder of the journal, so that a suite can have several.
  ///   - point: the change of the journal at which the program is killed, such as `stored:2`.
  func run(
    _ arguments: [String], home: String = "home", killAt point: String? = nil
  ) async throws -> Program.Outcome {
    var environment = ["IMAGINE_HOME": folder.file(home), "XDG_CONFIG_HOME": folder.path]
    environment["IMAGINE_KILL_AT"] = point
    return try await Program.imagine.run(arguments, environment: environment, in: folder.path)
  }
}
