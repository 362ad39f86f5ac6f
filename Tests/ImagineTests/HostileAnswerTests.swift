import Foundation
import ImagineTestSupport
import ImagineTesting
import Testing

@Suite("Hostile input from outside becomes an error that a script can catch")
struct HostileAnswerTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func run(
    _ arguments: [String], _ more: [String: String] = [:]
  ) async throws -> Program.Outcome {
    var environment = ["IMAGINE_HOME": folder.file("home"), "XDG_CONFIG_HOME": folder.path]
    environment.merge(more) { $1 }
    return try await Program.imagine.run(arguments, environment: environment, in: folder.path)
  }

  @Test(
    "an invalid port is an error in a script, in the environment and in a provider",
    arguments: ["70000", "0", "-1", "99999999999"])
  func ports(port: String) async throws {
    let address = "http://127.0.0.1:\(port)"
    let script = try await run([
      "-e",
      """
      local ok, fault = pcall(imagine.open, '\(address)/x.png') print(ok, fault.kind)
      local ok, fault = pcall(imagine.provider, {kind = 'openai', base_url = '\(address)/v1'})
      print(ok, fault.kind)
      """,
    ])
    #expect(script.output == "false\tvalidation\nfalse\tvalidation\n", "\(script)")
    let variables = ["IMAGINE_BASE_URL": "\(address)/v2", "IMAGINE_TOKEN": "test-token"]
    let doctor = try await run(["doctor"], variables)
    #expect(doctor.status == 1, "\(doctor)")
    #expect(doctor.output.contains("IMAGINE_BASE_URL"), "\(doctor)")
  }

  @Test("a token that is not allowed in a header is an error")
  func tokens() async throws {
    for token in ["a\\nb", "a\\0b", "", " ", "a b", "t\\u{f6}k", "a\\127b", "\\xff"] {
      let outcome = try await run([
        "-e",
        """
        local ok, fault = pcall(imagine.provider,
          {kind = 'openai', base_url = 'http://127.0.0.1:9/v1', model = 'm', token = "\(token)"})
        print(ok, fault.kind, fault.field)
        """,
      ])
      #expect(outcome.output == "false\tvalidation\tprovider.token\n", "\(token): \(outcome)")
    }
  }

  @Test("a wait ends at its timeout when the service does not answer")
  func silentStatus() async throws {
    let stub = try await StubServer { request in
      request.method == "POST" ? .json(200, #"{"id":"v1","status":"processing"}"#) : .silence
    }
    let started = ContinuousClock.now
    let outcome = try await run(
      [
        "-e",
        """
        local job = imagine.video{prompt = 'w', style = 'fast-svd'}
        local ok, fault = pcall(imagine.wait, job, {timeout = 1})
        print(ok, fault.kind, fault.message)
        """,
      ], ["IMAGINE_TOKEN": "test-token", "IMAGINE_BASE_URL": "\(stub.address)/v2"])
    #expect(
      outcome.output.hasPrefix("false\ttimeout\tthe job v1 was not finished within 1.0 seconds"),
      "\(outcome)")
    #expect(ContinuousClock.now - started < .seconds(60))
    await stub.close()
  }

  @Test("a transient fault of a poll is retried, and an unknown state is named in the error")
  func transientFaults() async throws {
    let answers: [StubServer.Answer] = [
      .full(status: 200, body: Array("<html>busy</html>".utf8)), .close,
      .json(200, #"{"video":{"status":"hibernating"}}"#),
    ]
    let polls = Counter()
    let stub = try await StubServer { request in
      guard request.method == "GET" else { return .json(202, #"{"id":"v1"}"#) }
      return answers[min(await polls.next(), answers.count) - 1]
    }
    let outcome = try await run(
      [
        "-e",
        """
        local job = imagine.video{prompt = 'w', style = 'fast-svd'}
        local ok, fault = pcall(job.wait, job, {timeout = 5})
        print(ok, fault.kind, fault.message)
        """,
      ], ["IMAGINE_TOKEN": "test-token", "IMAGINE_BASE_URL": "\(stub.address)/v2"])
    #expect(outcome.output.contains("the service says 'hibernating'"), "\(outcome)")
    #expect(await polls.count >= answers.count)
    await stub.close()
  }
}

private actor Counter {
  private(set) var count = 0

  func next() -> Int {
    count += 1
    return count
  }
}
