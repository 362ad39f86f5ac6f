import Foundation
import ImagineTestSupport
import Testing

/// Runs scripts against a server that honours idempotency keys and counts its charges.
@Suite("At a server that honours idempotency keys, a call")
struct KeyedCallTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let script = """
    for index = 1, 3 do
      imagine.generate{ prompt = 'cat ' .. index, style = 'imagine-turbo' }:save(index .. '.png')
    end
    local spent = imagine.spent()
    print(spent.calls, spent.tokens)
    """

  private func run(
    faults: String = "", keys: Bool = true,
    _ body: (TrialService, [String: String]) async throws -> Void
  ) async throws {
    try await TrialService.run(
      Self.script, over: .tcp, in: folder, plan: (keys ? "idempotency = true\n" : "") + faults
    ) { service in
      try await body(
        service,
        service.environment.merging([
          "IMAGINE_HOME": folder.file("home"), "IMAGINE_TOKEN": "a",
        ]) { $1 })
    }
  }

  private func charges(_ service: TrialService) async throws -> Int {
    let json = try await Program(path: "/usr/bin/env").run([
      "curl", "-s", "\(service.base)/x/rehearsal", "-H", "Authorization: Bearer a",
    ]).output
    let object = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
    return try #require(object?["charges"] as? Int, "\(json)")
  }

  @Test("whose answer is lost is sent again, done and counted once", arguments: [true, false])
  func lostAnswer(keys: Bool) async throws {
    let faults = """
      [[fault]]
      route = "/v2/image/generations"
      after = 1
      count = 1
      close = "after"
      """
    try await run(faults: faults, keys: keys) { service, environment in
      let outcome = try await Program.imagine.run(
        ["--budget", "3", "script.lua"], environment: environment, in: folder.path)
      if keys {
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.hasPrefix("3\t3"))
        #expect(try await charges(service) == 3)
      } else {
        #expect(outcome.status != 0)
        #expect(try await charges(service) == 2)
      }
    }
  }

  @Test("that was sent before its host was killed is sent again on resume, and paid once")
  func killed() async throws {
    let faults = """
      [[fault]]
      route = "/v2/image/generations"
      after = 1
      count = 1
      body = "stall"
      """
    try await run(faults: faults) { service, environment in
      let host = try Program.imagine.start(
        ["script.lua"], environment: environment, in: folder.path)
      // The second call is done and charged; its answer has stopped half-way.
      while try await charges(service) < 2 { try await Task.sleep(for: .milliseconds(20)) }
      host.send(SIGKILL)
      _ = await host.outcome()
      let resumed = try await Program.imagine.run(
        ["--resume", "script.lua"], environment: environment, in: folder.path)
      #expect(resumed.status == 0, "\(resumed.errors)")
      #expect(resumed.output.hasPrefix("3\t3"), "\(resumed.output)")
      #expect(try await charges(service) == 3)
      #expect(folder.files.contains("3.png"))
    }
  }

  @Test("that was journaled as sent and never arrived is sent on resume without a question")
  func neverArrived() async throws {
    try await run { service, environment in
      let killed = try await Program.imagine.run(
        ["script.lua"], environment: environment.merging(["IMAGINE_KILL_AT": "sent:2"]) { $1 },
        in: folder.path)
      #expect(killed.status == 128 + SIGKILL)
      let resumed = try await Program.imagine.run(
        ["--resume", "script.lua"], environment: environment, in: folder.path)
      #expect(resumed.status == 0, "\(resumed.errors)")
      #expect(resumed.output.hasPrefix("3\t3"), "\(resumed.output)")
      #expect(try await charges(service) == 3)
    }
  }
}
