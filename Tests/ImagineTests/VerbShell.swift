import Foundation
import ImagineTestSupport
import Testing

/// Runs the commands of the shell against the rehearsal server.
struct VerbShell {
  let folder: TemporaryFolder
  let service: TrialService

  static func run(
    in folder: TemporaryFolder, _ body: (VerbShell) async throws -> Void
  ) async throws {
    try await TrialService.run("", over: .tcp, in: folder) { service in
      try await body(VerbShell(folder: folder, service: service))
    }
  }

  private var environment: [String: String] {
    service.environment.merging([
      "IMAGINE_HOME": folder.file("home"), "IMAGINE_TOKEN": "t",
    ]) { $1 }
  }

  func start(
    _ arguments: [String], killAt point: String? = nil, input: String? = nil
  ) throws -> Running {
    var environment = environment
    environment["IMAGINE_KILL_AT"] = point
    return try Program.imagine.start(
      arguments, environment: environment, input: input, in: folder.path)
  }

  @discardableResult
  func callAsFunction(
    _ arguments: String..., killAt point: String? = nil, input: String? = nil,
    status: Int32 = 0
  ) async throws -> Program.Outcome {
    let outcome = try await start(arguments, killAt: point, input: input).outcome()
    #expect(outcome.status == status, "\(arguments): \(outcome)")
    return outcome
  }

  /// Runs a script of the shell, whose `$0` is the program.
  func sh(_ script: String) async throws -> Program.Outcome {
    try await Program(path: "/bin/sh").run(
      ["-c", script, Program.imagine.path], environment: environment, in: folder.path)
  }

  /// The calls that the server charged.
  func charges() async throws -> Int {
    let answer = try await Program(path: "/usr/bin/env").run([
      "curl", "-s", "\(service.base)/x/rehearsal", "-H", "Authorization: Bearer t",
    ])
    let json = try JSONSerialization.jsonObject(with: Data(answer.output.utf8))
    return try #require((json as? [String: Any])?["charges"] as? Int)
  }
}
