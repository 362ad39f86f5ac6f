import Foundation
import ImagineAPI
import ImagineTestSupport
import Testing

/// Runs the client against a server with injected faults.
@Suite("A faulty service charges no more than the retry policy allows")
struct RehearsalTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  /// Runs `body` with a rehearsal server and the environment with which scripts use it.
  private func withServer(
    _ plan: String, _ body: (_ environment: [String: String]) async throws -> Void
  ) async throws {
    try FileSystem.write("paint = \"card\"\n\(plan)", to: folder.file("plan.toml"))
    let server = try Program.server.start(
      ["--port", "0", "--home", folder.file("home"), "--rehearse", folder.file("plan.toml")],
      environment: ["IMAGINE_HOME": folder.file("home")])
    defer { server.send(SIGKILL) }
    let address = try #require(await server.firstLine { $0.contains("http://") })
    let base = try #require(address.split(separator: " ").first { $0.hasPrefix("http://") })
    try await body([
      "IMAGINE_HOME": folder.file("home"), "IMAGINE_TOKEN": "test",
      "IMAGINE_BASE_URL": "\(base)/v2", "BASE": String(base),
    ])
  }

  private func run(
    _ script: String, _ environment: [String: String]
  ) async throws -> Program.Outcome {
    try await Program.imagine.run(["-e", script], environment: environment, in: folder.path)
  }

  /// The number of calls that the server charged to the scripts' token.
  private func charges(_ environment: [String: String]) async throws -> Int {
    let answer = try await Program(path: "/usr/bin/env").run([
      "curl", "-s", "\(environment["BASE"] ?? "")/x/rehearsal", "-H", "Authorization: Bearer test",
    ])
    let json = try JSONSerialization.jsonObject(with: Data(answer.output.utf8))
    return try #require((json as? [String: Any])?["charges"] as? Int)
  }

  private static let route = "route = \"/v2/image/generations\"\n"

  @Test("a script gets every row of the error table as an error of its kind")
  func table() async throws {
    let plan = APIErrorCode.all.enumerated().map { number, row in
      "[[fault]]\n\(Self.route)after = \(number)\ncount = 1\ncode = \(row.code)\n"
    }.joined()
    let rows = APIErrorCode.all.map { row in
      "{\(row.code), \(row.status), '\(row.kind.rawValue)', '\(row.name)', \(row.remedy == .retry), "
        + "'\(row.remedy == .uncertain ? "unknown" : "no")'}"
    }.joined(separator: ",\n")
    try await withServer(plan) { environment in
      let outcome = try await run(
        """
        for _, row in ipairs{\(rows)} do
          local ok, fault = pcall(imagine.generate, { prompt = "x", retries = 0 })
          local code, status, kind, name, retryable, charged = table.unpack(row)
          assert(not ok, "no error for " .. code)
          assert(fault.code == code and fault.status == status and fault.kind == kind
            and fault.name == name and fault.retryable == retryable and fault.charged == charged,
            code .. ": " .. tostring(fault) .. " " .. fault.charged)
          assert(imagine.is_error(fault) == fault and fault.endpoint == "POST /image/generations")
          assert(fault.traceback:find("stack traceback", 1, true))
          imagine.configure{ rate = 100000 }
        end
        assert(imagine.generate("x").width == 1024)
        """, environment)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(try await charges(environment) == 1)
    }
  }

  @Test(
    "a call that did not start is retried and charged once",
    arguments: [
      "status = 429\ncode = 1202\nretry_after = 0", "code = 1200\nretry_after = 0",
      "close = \"before\"",
    ])
  func retried(fault: String) async throws {
    try await withServer("[[fault]]\n\(Self.route)count = 1\n\(fault)\n") { environment in
      let outcome = try await run(
        "local ok, fault = pcall(imagine.generate, 'x') print(ok or fault.charged)", environment)
      #expect(outcome.status == 0, "\(outcome.errors)")
      // A connection that is closed without an answer leaves the charge unknown to the client,
      // although the server did no work.
      let isClosed = fault.contains("close")
      #expect(outcome.output == (isClosed ? "unknown\n" : "true\n"))
      #expect(try await charges(environment) == (isClosed ? 0 : 1))
    }
  }

  @Test(
    "a call that may have been charged is retried only with retry_uncertain",
    arguments: ["close = \"after\"", "body = \"cut\"", "body = \"stall\""])
  func uncertain(fault: String) async throws {
    try await withServer("[[fault]]\n\(Self.route)count = 1\n\(fault)\n") { environment in
      let outcome = try await run(
        """
        local ok, fault = pcall(imagine.generate, { prompt = "x", timeout = 2 })
        assert(not ok and fault.charged == "unknown" and not fault.retryable, tostring(fault))
        """, environment)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(try await charges(environment) == 1)
    }
    try await withServer("[[fault]]\n\(Self.route)count = 1\n\(fault)\n") { environment in
      let outcome = try await run(
        "imagine.generate{ prompt = 'x', timeout = 2, retry_uncertain = true }", environment)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(try await charges(environment) == 2)
    }
  }

  @Test("a partial failure keeps the images that were generated")
  func partial() async throws {
    try await withServer("[[fault]]\n\(Self.route)after = 2\ncount = 1\ncode = 1100\n") {
      environment in
      let outcome = try await run(
        """
        imagine.configure{ concurrency = 1 }
        local ok, fault = pcall(imagine.generate, { prompt = "x", n = 4 })
        assert(not ok and fault.code == 1100 and #fault.results == 3, tostring(fault))
        """, environment)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(try await charges(environment) == 3)
    }
  }

  @Test("a wait survives transient faults of the status route")
  func patientWait() async throws {
    let plan = """
      [[fault]]
      route = "/v2/assets/*/status"
      count = 1
      status = 502

      """
    try await withServer(plan) { environment in
      let outcome = try await run(
        "assert(imagine.video('waves'):wait{ timeout = 120 }.format == 'mp4')", environment)
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
  }

  @Test("a wait that times out names the job, and the job continues")
  func shortWait() async throws {
    try await withServer("") { environment in
      let outcome = try await run(
        """
        local job = imagine.video('waves')
        local ok, fault = pcall(job.wait, job, { timeout = 0.01 })
        assert(not ok and fault.kind == "timeout" and fault.job == job.id and fault.retryable)
        assert(job:wait{ timeout = 120 }.format == "mp4")
        """, environment)
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
  }

  @Test("two hundred concurrent calls lose no image")
  func many() async throws {
    try await withServer("") { environment in
      let outcome = try await run(
        """
        imagine.configure{ concurrency = 32 }
        local seen, count = {}, 0
        local list = {}
        for index = 1, 200 do list[index] = index end
        for index, image in ipairs(task.map(list, function(index)
          return imagine.generate{ prompt = "number " .. index, seed = index }
        end, { limit = 64 })) do
          assert(image.seed == index)
          if not seen[image.sha256] then seen[image.sha256], count = true, count + 1 end
        end
        assert(count == 200)
        """, environment)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(try await charges(environment) == 200)
    }
  }
}
