import Foundation
import ImagineTestSupport
import ImagineTesting
import Synchronization
import Testing

/// Records a run against a service, closes the service, and replays the recording alone.
@Suite("A recorded run is replayed without network and without keys")
struct RecordingTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  /// Runs a script that saves into the folder in its first argument.
  private func run(
    _ options: [String], _ script: String = "workflow.lua", saving name: String,
    _ environment: [String: String] = [:]
  ) async throws -> Program.Outcome {
    var variables = environment
    variables["IMAGINE_HOME"] = folder.file("home/\(name)")
    variables["XDG_CONFIG_HOME"] = folder.file("home")
    variables["IMAGINE_SERVER_PROGRAM"] = "/nonexistent"
    return try await Program.imagine.run(
      options + [script, name], environment: variables, in: folder.path)
  }

  private func files(in name: String) throws -> [String: Data] {
    let names = folder.files.filter { $0.hasPrefix("\(name)/") }
    return try Dictionary(
      uniqueKeysWithValues: names.map { file in
        (
          String(file.dropFirst(name.count + 1)),
          try Data(contentsOf: URL(fileURLWithPath: folder.file(file)))
        )
      })
  }

  /// A stub of the Imagine API: a different image for each request, and a video from the second
  /// poll.
  private func makeService() async throws -> StubServer {
    let video = try await makeVideo()
    let polls = Mutex(0)
    return try await StubServer { request in
      let host = request.headers["host"] ?? ""
      switch request.target {
      case "/v2/video/text-to-video":
        return .json(200, #"{"id":"film-1","status":"processing"}"#)
      case "/v2/assets/film-1/status":
        let isFirst = polls.withLock { polls in
          polls += 1
          return polls == 1
        }
        if isFirst {
          return .json(
            200, #"{"status":"success","video":{"uuid":"film-1","status":"processing"}}"#)
        }
        let files = "http://\(host)/files"
        return .json(
          200,
          """
          {"status":"success","video":{"uuid":"film-1","status":"finished","url":{
            "generation":"\(files)/film.mp4?signature=SIGNED","thumbnail":"\(files)/a.png?signature=SIGNED"}}}
          """)
      case let target where target.hasPrefix("/files/film.mp4"):
        return .full(status: 200, body: video)
      case "/v2/image/background/remover":
        let key = request.headers["authorization"] ?? ""
        return .json(
          401, #"{"status":"error","code":1001,"error":"Unauthorized","message":"no \#(key)"}"#)
      default:
        return .full(status: 200, body: TinyImage.png(with: request.text.filter(\.isLetter)))
      }
    }
  }

  private func makeVideo() async throws -> [UInt8] {
    let path = folder.file("home/film.mp4")
    try FileSystem.write("", to: path)
    let outcome = try await Program(path: "/usr/bin/env").run([
      "ffmpeg", "-y", "-v", "error", "-f", "lavfi", "-i", "color=black:s=32x32", "-frames:v", "2",
      path,
    ])
    #expect(outcome.status == 0, "\(outcome.errors)")
    return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
  }

  private static let workflow = """
    local out, animal = arg[1], arg[2] or "cat"
    local cats = task.map({1, 2, 3}, function(i)
      return imagine.generate{ prompt = "a " .. animal .. " in room " .. i, seed = i }
    end)
    for i, cat in ipairs(cats) do cat:save(out .. "/cat" .. i .. ".png") end
    cats[2]:add_background{ prompt = "a table", seed = 9 }:save(out .. "/ad.png")
    local film = imagine.video{ prompt = "waves" }:wait()
    film:save(out .. "/film.mp4")
    film.thumbnail:save(out .. "/film.png")
    local ok, fault = pcall(cats[1].remove_background, cats[1])
    print(fault.kind, fault.code, fault.status)
    """

  @Test("a run that fails keeps the existing recording and writes its own beside it")
  func failedRun() async throws {
    let service = try await StubServer { _ in .full(status: 200, body: TinyImage.png) }
    let environment = ["IMAGINE_BASE_URL": "\(service.address)/v2", "IMAGINE_TOKEN": "abc"]
    try FileSystem.write(
      "imagine.generate{ prompt = 'x', seed = 1 } if arg[1] ~= 'good' then error('early', 0) end",
      to: folder.file("work.lua"))
    // The first run replaces no recording, so its own is kept although it fails.
    let first = try await run(["--record", "r.rec"], "work.lua", saving: "bad", environment)
    #expect(first.status == 1 && folder.files.contains("r.rec"))
    #expect(first.errors.contains("provider imagine ("), "\(first.errors)")
    #expect(
      try await run(["--record", "r.rec"], "work.lua", saving: "good", environment).status == 0)
    let good = try Data(contentsOf: URL(filePath: folder.file("r.rec")))
    let failed = try await run(["--record", "r.rec"], "work.lua", saving: "bad", environment)
    #expect(failed.status == 1 && failed.errors.contains("r.rec.failed"), "\(failed.errors)")
    #expect(try Data(contentsOf: URL(filePath: folder.file("r.rec"))) == good)
    #expect(folder.files == ["r.rec", "r.rec.failed", "work.lua"])
    await service.close()
  }

  @Test("a recording does not replace a file that is not a recording, and nothing is sent")
  func otherFile() async throws {
    let service = try await StubServer { _ in .full(status: 200, body: TinyImage.png) }
    try FileSystem.write("my notes", to: folder.file("notes.txt"))
    try FileSystem.write("imagine.generate('x')", to: folder.file("work.lua"))
    let outcome = try await run(
      ["--record", "notes.txt"], "work.lua", saving: "x",
      ["IMAGINE_BASE_URL": "\(service.address)/v2", "IMAGINE_TOKEN": "abc"])
    #expect(outcome.status == 1 && outcome.errors.contains("notes.txt is no recording"))
    #expect(try String(contentsOfFile: folder.file("notes.txt"), encoding: .utf8) == "my notes")
    #expect(service.requests.isEmpty)
    await service.close()
  }

  @Test("only variables whose names end with a secret's word are redacted from prompts")
  func variables() async throws {
    let service = try await StubServer { _ in .full(status: 200, body: TinyImage.png) }
    try FileSystem.write(
      "imagine.generate{ prompt = 'an elephant12 at home', seed = 1 }", to: folder.file("work.lua"))
    let recorded = try await run(
      ["--record", "r.rec"], "work.lua", saving: "x",
      [
        "IMAGINE_BASE_URL": "\(service.address)/v2", "IMAGINE_TOKEN": "abc",
        "MONKEY": "elephant12", "KEYMAP": "elephant12", "MY_API_KEY": "at home!",
      ])
    await service.close()
    #expect(recorded.status == 0, "\(recorded.errors)")
    let replayed = try await run(["--replay", "r.rec"], "work.lua", saving: "x")
    #expect(replayed.status == 0, "\(replayed.errors)")
  }

  @Test("a replay gives the same bytes, and the recording contains no token and no address")
  func replayed() async throws {
    try FileSystem.write(Self.workflow, to: folder.file("workflow.lua"))
    let stub = try await makeService()
    let recorded = try await run(
      ["--record", "run.recording"], saving: "first",
      ["IMAGINE_BASE_URL": "\(stub.address)/v2", "IMAGINE_TOKEN": "secret-token-of-mine"])
    let address = stub.address
    await stub.close()
    #expect(recorded.status == 0, "\(recorded.errors)")
    #expect(recorded.output == "authorization\t1001\t401\n")

    let again = try await run(["--replay", "run.recording"], saving: "second")
    #expect(again.status == 0, "\(again.errors)")
    #expect(again.output == recorded.output)
    let (first, second) = (try files(in: "first"), try files(in: "second"))
    #expect(first.count == 6 && first == second)

    let recording = try Data(contentsOf: URL(fileURLWithPath: folder.file("run.recording")))
    for secret in ["secret-token-of-mine", "SIGNED", address] {
      #expect(recording.range(of: Data(secret.utf8)) == nil, "\(secret)")
    }
  }

  @Test("a replay repeats the random numbers and the seeds that the script did not set")
  func seeds() async throws {
    try FileSystem.write(
      """
      local prompts = {}
      for i = 1, 3 do prompts[i] = "room " .. math.random(1000000) end
      local cats = task.map(prompts, imagine.generate)
      for i, cat in ipairs(cats) do cat:save(arg[1] .. "/" .. i .. ".png") print(prompts[i], cat.seed) end
      """, to: folder.file("workflow.lua"))
    let stub = try await makeService()
    let recorded = try await run(
      ["--record", "run.recording"], saving: "first",
      ["IMAGINE_BASE_URL": "\(stub.address)/v2", "IMAGINE_TOKEN": "secret-token"])
    await stub.close()
    let again = try await run(["--replay", "run.recording"], saving: "second")
    #expect(again.status == 0, "\(again.errors)")
    #expect(again.output == recorded.output)
    #expect(try files(in: "first").count == 3)
    #expect(try files(in: "first") == files(in: "second"))
  }

  @Test("a recorded run gets its answers from the provider, not from the cache")
  func cached() async throws {
    try FileSystem.write(
      "imagine.generate{ prompt = 'a cat', seed = 4, cache = true }:save(arg[1] .. '/a.png')",
      to: folder.file("workflow.lua"))
    let stub = try await makeService()
    let service = ["IMAGINE_BASE_URL": "\(stub.address)/v2", "IMAGINE_TOKEN": "secret-token"]
    for options in [[], [], ["--record", "run.recording"]] {
      let outcome = try await run(options, saving: "first", service)
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
    await stub.close()
    #expect(stub.requests.count == 2)
    let again = try await run(["--replay", "run.recording"], saving: "second")
    #expect(again.status == 0, "\(again.errors)")
  }

  @Test("a replay with a changed prompt is an error that names the field and both values")
  func changed() async throws {
    try FileSystem.write(
      """
      imagine.generate{ prompt = "a " .. (arg[2] or "cat"), seed = 4 }:save(arg[1] .. "/a.png")
      """, to: folder.file("workflow.lua"))
    try FileSystem.write(
      "imagine.generate{ prompt = 'a dog', seed = 4 }", to: folder.file("other.lua"))
    let stub = try await makeService()
    _ = try await run(
      ["--record", "run.recording"], saving: "first",
      ["IMAGINE_BASE_URL": "\(stub.address)/v2", "IMAGINE_TOKEN": "secret-token"])
    await stub.close()
    let outcome = try await run(["--replay", "run.recording"], "other.lua", saving: "second")
    #expect(outcome.status == 1)
    #expect(
      outcome.errors.contains(
        "generate is not in the recording run.recording; the nearest recorded request differs in"
          + " prompt: recorded \"a cat\", now \"a dog\""))
    let elsewhere = try await run(
      ["--replay", "run.recording", "--provider", "openai"], saving: "third")
    #expect(elsewhere.status == 1)
    #expect(elsewhere.errors.contains("one of the recording run.recording: imagine"))
  }

  @Test("a replay needs no keys of the providers that the script names or describes")
  func otherProviders() async throws {
    try FileSystem.write(
      """
      local mine = imagine.provider{ kind = "openai", base_url = "http://127.0.0.1:" .. os.getenv("PORT") .. "/v1",
        token_env = "MINE", model = "tiny" }
      mine.generate{ prompt = "a cat", n = 2 }[2]:save(arg[1] .. "/mine.png")
      imagine.generate{ prompt = "a dog", provider = "openai", model = "x" }:save(arg[1] .. "/dog.png")
      """, to: folder.file("workflow.lua"))
    let image = Data(TinyImage.png).base64EncodedString()
    let stub = try await StubServer { request in
      let entry = #"{"b64_json":"\#(image)"}"#
      let entries = request.text.contains(#""n":2"#) ? "\(entry),\(entry)" : entry
      return .json(200, #"{"created":1,"data":[\#(entries)]}"#)
    }
    let port = stub.address.split(separator: ":").last.map(String.init) ?? ""
    let recorded = try await run(
      ["--record", "run.recording"], saving: "first",
      [
        "PORT": port, "MINE": "secret-of-mine", "OPENAI_API_KEY": "secret-key",
        "OPENAI_BASE_URL": "\(stub.address)/v1",
      ])
    await stub.close()
    #expect(recorded.status == 0, "\(recorded.errors)")
    let again = try await run(["--replay", "run.recording"], saving: "second", ["PORT": port])
    #expect(again.status == 0, "\(again.errors)")
    #expect(try files(in: "first") == files(in: "second"))
    #expect(try files(in: "second").count == 2)
  }

  @Test("a recording that cannot be written or read ends the run before anything is sent")
  func unusable() async throws {
    try FileSystem.write("imagine.generate('x')", to: folder.file("workflow.lua"))
    let stub = try await makeService()
    let service = ["IMAGINE_BASE_URL": "\(stub.address)/v2", "IMAGINE_TOKEN": "secret-token"]
    for options in [
      ["--record", "workflow.lua/x"], ["--replay", "nothing"], ["--replay", "workflow.lua"],
      ["--record", "a", "--replay", "b"],
    ] {
      let outcome = try await run(options, saving: "first", service)
      #expect(outcome.status == 1, "\(options)")
      #expect(!outcome.errors.isEmpty)
    }
    #expect(stub.requests.isEmpty)
    #expect(folder.files == ["workflow.lua"])
    await stub.close()
  }
}
