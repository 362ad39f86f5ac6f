import Foundation
import ImagineTestSupport
import ImagineTesting
import Testing

@Suite("The commands show and manage jobs, runs and the configuration")
struct CommandTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func imagine(
    _ arguments: [String], _ environment: [String: String] = [:]
  ) async throws -> Program.Outcome {
    var variables = environment
    variables["IMAGINE_HOME"] = folder.file("home")
    variables["XDG_CONFIG_HOME"] = folder.path
    return try await Program.imagine.run(arguments, environment: variables, in: folder.path)
  }

  private func json<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
    try JSONDecoder().decode(type, from: Data(text.utf8))
  }

  @Test("a run whose home is a relative path can be resumed from another folder")
  func relativeHome() async throws {
    try FileSystem.write(
      "imagine.generate('a') if not RESUMED then error('x') end", to: folder.file("work/a.lua"))
    func imagine(_ home: String, _ arguments: [String], in name: String) async throws
      -> Program.Outcome
    {
      try await Program.imagine.run(
        arguments,
        environment: [
          "IMAGINE_HOME": home, "XDG_CONFIG_HOME": folder.path,
          "LUA_INIT": arguments[0] == "runs" ? "RESUMED = true" : "",
        ],
        in: folder.file(name))
    }
    #expect(try await imagine("../kept", ["a.lua"], in: "work").status == 1)
    let runs = try await imagine("kept", ["runs"], in: "")
    let id = try #require(runs.output.split(separator: "\t").first.map(String.init))
    let resumed = try await imagine("kept", ["runs", "resume", id], in: "")
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try await imagine("kept", ["runs"], in: "").output.contains("\tfinished\t"))
    let doctor = try await imagine("none/yet", ["doctor"], in: "work")
    #expect(
      doctor.output.contains("ok      home: \(folder.file("work"))/none/yet"), "\(doctor.output)")
  }

  #if os(Linux)
    @Test("a script whose name is not UTF-8 can be resumed")
    func oddName() async throws {
      let outcome = try await Program(path: "/bin/sh").run(
        [
          "-c",
          """
          name=$(printf 'a\\377.lua')
          echo 'imagine.generate("a") error("stop", 0)' > "$name"
          "$0" "$name"
          "$0" --resume "$name"
          "$0" runs
          """, Program.imagine.path,
        ], environment: ["IMAGINE_HOME": folder.file("home"), "XDG_CONFIG_HOME": folder.path],
        in: folder.path)
      #expect(outcome.errors.contains("1 of 1 answers are kept"), "\(outcome.errors)")
      #expect(outcome.output.split(separator: "\n").count == 1, "\(outcome.output)")
    }
  #endif

  @Test("an empty IMAGINE_SERVER_PROGRAM counts as not set")
  func emptyVariable() async throws {
    let outcome = try await imagine(["serve", "--help"], ["IMAGINE_SERVER_PROGRAM": ""])
    #expect(!outcome.errors.contains("cannot start :"), "\(outcome.errors)")
  }

  @Test("cache prune refuses an invalid number of days", arguments: ["--days=-1", "--days=nan"])
  func pruningDays(option: String) async throws {
    #expect(try await imagine(["cache", "prune", option]).status == 64)
  }

  @Test("the jobs command lists, waits for, shows and deletes the job of a script")
  func jobs() async throws {
    let script = try await imagine(["-e", "print(imagine.video('waves at dusk').id)"])
    let id = script.output.trimmingCharacters(in: .newlines)
    try #require(!id.isEmpty, "\(script.errors)")

    struct Job: Decodable {
      let id: String
      let provider: String
      let prompt: String
    }
    let listed = try json([Job].self, try await imagine(["jobs", "list", "--json"]).output)
    #expect(listed.map(\.id) == [id])
    #expect(listed.first?.provider == "local")
    #expect(try await imagine(["jobs"]).output.contains("waves at dusk"))

    let waited = try await imagine(["jobs", "wait", id, "-o", "out/waves.mp4", "--json"])
    #expect(waited.status == 0, "\(waited.errors)")
    #expect(folder.files.contains("out/waves.mp4"))

    struct Status: Decodable {
      let id: String
      let state: String
      let progress: Double?
    }
    let status = try json(
      Status.self, try await imagine(["jobs", "show", id, "--json"]).output)
    #expect(status.id == id)
    #expect(status.state == "finished")
    #expect(status.progress == 1)

    #expect(try await imagine(["jobs", "delete", id]).status == 0)
    #expect(try await imagine(["jobs", "list"]).output.isEmpty)
    let gone = try await imagine(["jobs", "show", id])
    #expect(gone.status == 1)
    #expect(gone.errors.contains("not_found"))
  }

  @Test("a listing prints one line for each run and call, whatever the prompt contains")
  func oneLine() async throws {
    try FileSystem.write(
      #"imagine.generate{ prompt = "a cup\n\ton a\27[31m table", seed = 1 }"#,
      to: folder.file("cup.lua"))
    #expect(try await imagine(["cup.lua"]).status == 0)
    let runs = try await imagine(["runs"]).output
    #expect(runs.split(separator: "\n").count == 1)
    let id = String(runs.prefix { $0 != "\t" })
    let shown = try await imagine(["runs", "show", id]).output
    #expect(shown.hasSuffix("\ta cup  on a\\u{1B}[31m table\n"), "\(shown)")
  }

  @Test("doctor says which provider would be used and why, and finds no problem")
  func healthy() async throws {
    struct Finding: Decodable {
      let subject: String
      let verdict: String
      let detail: String
    }
    let outcome = try await imagine(["doctor", "--json"])
    #expect(outcome.status == 0, "\(outcome.output)")
    let findings = try json([Finding].self, outcome.output)
    let provider = try #require(findings.first { $0.subject == "provider local" })
    #expect(provider.detail.contains("no token is set"))
    #expect(findings.contains { $0.subject == "built-in engine" && $0.verdict == "fine" })
  }

  @Test("doctor says what to do about a refused token and does not print it")
  func refused() async throws {
    let stub = try await StubServer { _ in
      .json(401, #"{"status":"error","code":1001,"error":"Unauthorized","message":"no"}"#)
    }
    let outcome = try await imagine(
      ["doctor"], ["IMAGINE_TOKEN": "secret-token", "IMAGINE_BASE_URL": "\(stub.address)/v2"])
    #expect(outcome.status == 1)
    #expect(outcome.output.contains("PROBLEM provider imagine: IMAGINE_TOKEN is set"))
    #expect(outcome.output.contains("check the token"))
    #expect(!outcome.output.contains("secret-token"))
    await stub.close()
  }

  @Test("doctor reports an error in config.toml before a script uses it")
  func configuration() async throws {
    try FileSystem.write(
      """
      [providers.studio]
      kind = "openai"
      base_url = "https://images.example.com/v1"
      prices = { unit = "USD", genrate = 0.02 }
      """, to: folder.file("imagine/config.toml"))
    let outcome = try await imagine(["doctor"])
    #expect(outcome.status == 1)
    #expect(outcome.output.contains("PROBLEM configuration"))
    #expect(outcome.output.contains("providers.studio.prices: unknown field 'genrate'"))
  }

  @Test("--help prints options and commands to stdout; a wrong option is an error on stderr")
  func help() async throws {
    let help = try await imagine(["--help"])
    #expect(help.status == 0 && help.errors.isEmpty)
    for word in ["-e TEXT", "--memory SIZE", "--resume", "plan  ", "doctor  ", "serve  "] {
      #expect(help.output.contains(word), "\(word)")
    }
    #expect(try await imagine(["plan", "--help"]).output.contains("--json"))
    let wrong = try await imagine(["--nothing"])
    #expect(wrong.status == 1 && wrong.output.isEmpty)
    #expect(wrong.errors.contains("unrecognized option '--nothing'"))
  }
}
