import Foundation
import ImagineAPI
import ImagineTestSupport
import ImagineTesting
import MediaFiles
import Testing

/// The program against a stub of a service that bills by usage, edits and films.
@Suite("An OpenAI-style service that bills by usage is paid once")
struct OpenAIServiceTests: ScriptTrial {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try FileSystem.write(Self.script, to: folder.file("work.lua"))
    let mask = PixelImage.mask(
      width: Self.size.width, height: Self.size.height, white: (16..<48, 12..<36))
    try Data(mask).write(to: URL(fileURLWithPath: folder.file("mask.png")))
  }

  private static let size = PixelSize(width: 64, height: 48)

  private static let script = """
    local studio = imagine.provider "studio"
    local boats = studio.generate{ prompt = "a boat", n = 3, size = "64x48" }
    local gull = boats[1]:fill{ prompt = "a gull", mask = "mask.png", images = { boats[2] },
      provider = "studio" }
    local film = studio.video{ prompt = "waves", seconds = 4 }:wait{ timeout = 60 }
    gull:save("gull.png")
    film:save("waves.mp4")
    print(boats[1].cost, boats[2].cost, boats[3].cost, gull.cost, imagine.spent().USD)
    print(gull.drift, gull.original.sha256 ~= gull.sha256, gull.original.cost == gull.cost)
    """

  private static let output = """
    0.030084\t0.030083\t0.030083\t0.0349\t0.32515
    0.0\ttrue\ttrue

    """

  private func image(_ word: String) -> String {
    let bytes = BlankImage.png(size: Self.size) + Array(word.utf8)
    return #"{"b64_json":"\#(Data(bytes).base64EncodedString())"}"#
  }

  private func startService() async throws -> StubServer {
    let boats = (1...3).map { image("boat \($0)") }.joined(separator: ",")
    let gull = image("gull")
    let stub = try await StubServer { request in
      switch (request.method, request.target) {
      case ("POST", "/v1/images/generations"):
        return .json(
          200,
          #"{"data":[\#(boats)],"usage":{"input_tokens":50,"output_tokens":3000,"total_tokens":3050,"#
            + #""input_tokens_details":{"text_tokens":50,"image_tokens":0}}}"#)
      case ("POST", "/v1/images/edits"):
        return .json(
          200,
          #"{"data":[\#(gull)],"usage":{"input_tokens":620,"output_tokens":1000,"total_tokens":1620,"#
            + #""input_tokens_details":{"text_tokens":20,"image_tokens":600}}}"#)
      case ("POST", "/v1/videos"): return .json(200, #"{"id":"v1","status":"queued"}"#)
      case ("GET", "/v1/videos/v1"):
        return .json(200, #"{"id":"v1","status":"completed","progress":100,"error":null}"#)
      case ("GET", "/v1/videos/v1/content"): return .full(status: 200, body: SampleMedia.mp4)
      case ("GET", "/v1/models"):
        let soon = Date(timeIntervalSinceNow: 10.5 * 86_400).formatted(.iso8601).prefix(10)
        return .json(
          200, #"{"data":[{"id":"m","shutdown_date":"\#(soon)"},{"id":"other"}]}"#)
      default: return .json(404, "{}")
      }
    }
    try FileSystem.write(
      """
      [providers.studio]
      kind = "openai"
      base_url = "\(stub.address)/v1"
      model = "m"
      sizes = ["64x48"]
      video_model = "wan"
      [providers.studio.prices]
      unit = "USD"
      per_million = { text_in = 5, image_in = 8, image_out = 30 }
      reserve = 0.2
      """, to: folder.file("imagine/config.toml"))
    return stub
  }

  private func sends(_ stub: StubServer) -> [String] {
    stub.requests.filter { $0.method == "POST" }.map(\.target)
  }

  private static let allSends = ["/v1/images/generations", "/v1/images/edits", "/v1/videos"]

  @Test("usage is the price, split exactly, within a budget of the reserve")
  func paid() async throws {
    let stub = try await startService()
    let outcome = try await run(["--budget", "0.7USD", "work.lua"])
    #expect(outcome.output == Self.output, "\(outcome.output)\(outcome.errors)")
    #expect(sends(stub) == Self.allSends)
    let edit = try #require(stub.requests.first { $0.target == "/v1/images/edits" })
    // The mask has alpha; the reference follows the edited image.
    let text = String(decoding: edit.body, as: UTF8.self)
    let boats = ["boat 1", "boat 2"].map { text.range(of: $0)?.lowerBound }
    #expect(boats[0].map { first in boats[1].map { first < $0 } ?? false } == true)
    let mask = try #require(text.range(of: "name=\"mask\""))
    #expect(mask.lowerBound > (boats[1] ?? mask.lowerBound))
    let parts = edit.body.split(separator: Array("name=\"mask\"".utf8), maxSplits: 1)
    let file = try #require(parts.last?.firstRange(of: [0x89, 0x50, 0x4E, 0x47]))
    let header = try #require(ImageHeader(parts[1][file.lowerBound...]))
    #expect(header.hasAlpha && header.size == Self.size)
    let shown = try await run(["show", "gull.png", "--json"])
    for member in ["\"images\"", "\"composite\" : true", "\"drift\"", "\"original\""] {
      #expect(shown.output.contains(member), "\(member): \(shown.output)")
    }
    // Each input is named by its hash.
    let lines = try await run(["show", "gull.png"]).output.split(separator: "\n")
    let parents = lines.filter { $0.hasPrefix("parent\t") }.map { $0.dropFirst("parent\t".count) }
    #expect(parents.count == 3, "\(lines)")
    for parent in parents {
      #expect(parent.prefix { $0.isHexDigit }.count == 64, "\(parent)")
      #expect(parent.contains(", in the asset store"), "\(parent)")
    }
    await stub.close()
  }

  @Test(
    "a run that is killed at any change of the journal pays for nothing twice",
    arguments: [
      "intent:1", "sent:1", "stored:1", "done:1", "sent:2", "stored:2", "sent:3", "accepted:1",
      // The edit is stored as it was paid for, then with the original outside its mask.
      "stored:3", "done:2", "stored:4", "done:3",
    ])
  func killed(point: String) async throws {
    let stub = try await startService()
    let first = try await run(["work.lua"], killAt: point)
    #expect(first.status == 128 + SIGKILL, "\(first.errors)")
    let second = try await run(["--resume", "--on-uncertain", "retry", "work.lua"])
    #expect(second.status == 0, "\(second.errors)")
    // Nothing is written before the kill at `sent`, so the service sees each call once.
    #expect(sends(stub) == Self.allSends)
    let isUncertain = point.hasPrefix("sent")
    #expect((second.output == Self.output) != isUncertain, "\(second.output)")
    await stub.close()
  }

  @Test("it is recorded, replayed without the service, and planned at the reserve")
  func recorded() async throws {
    let stub = try await startService()
    let first = try await run(["--record", "run.recording", "work.lua"])
    #expect(first.output == Self.output, "\(first.output)\(first.errors)")
    let planned = try await run(["plan", "work.lua", "--json"], home: "other")
    #expect(planned.output.contains("\"USD\" : 1\n"), "\(planned.output)\(planned.errors)")
    #expect(sends(stub) == Self.allSends)
    await stub.close()
    // The composite is in the recording: no server is needed.
    let copy = folder.file("imagine-alone")
    try FileManager.default.copyItem(atPath: Program.imagine.path, toPath: copy)
    let replayed = try await Program(path: copy).run(
      ["--replay", "run.recording", "work.lua"],
      environment: ["IMAGINE_HOME": folder.file("third")], in: folder.path)
    #expect(replayed.output == Self.output, "\(replayed.output)\(replayed.errors)")
  }

  @Test("usage of nothing counts as not told: the reserve is the price")
  func zeroUsage() async throws {
    let answer = image("boat")
    let stub = try await StubServer { _ in
      .json(200, #"{"data":[\#(answer)],"usage":{"input_tokens":0,"output_tokens":0}}"#)
    }
    try FileSystem.write(
      """
      [providers.studio]
      kind = "openai"
      base_url = "\(stub.address)/v1"
      model = "m"
      [providers.studio.prices]
      unit = "USD"
      per_million = { image_out = 30 }
      reserve = 0.2
      """, to: folder.file("imagine/config.toml"))
    let outcome = try await run([
      "--provider", "studio", "--budget", "0.3USD", "-e",
      """
      print(imagine.generate("a boat").cost, imagine.spent().USD)
      print(select(2, pcall(imagine.generate, "a gull")).kind)
      """,
    ])
    #expect(outcome.output == "0.2\t0.2\nbudget\n", "\(outcome.output)\(outcome.errors)")
    await stub.close()
  }

  @Test("`doctor` lists its models, and warns of one that is shut down soon")
  func doctor() async throws {
    let stub = try await startService()
    let outcome = try await run(["doctor", "--provider", "studio"])
    #expect(outcome.output.contains("lists 2 models: m, other"), "\(outcome.output)")
    #expect(
      outcome.output.contains("PROBLEM model m: is shut down in"), "\(outcome.output)")
    #expect(stub.requests.map(\.target) == ["/v1/models"])
    await stub.close()
  }

  @Test("without imagine-server an edit with a mask is refused before it is sent")
  func withoutServer() async throws {
    let stub = try await StubServer { _ in .json(500, "{}") }
    let copy = folder.file("imagine-alone")
    try FileManager.default.copyItem(atPath: Program.imagine.path, toPath: copy)
    let outcome = try await Program(path: copy).run(
      [
        "-e",
        """
        local p = imagine.provider{ kind = "openai", base_url = "\(stub.address)/v1", model = "m" }
        local ok, fault = pcall(p.fill, { prompt = "x", image = "mask.png", mask = "mask.png" })
        print(ok, fault.charged, imagine.spent().calls)
        """,
      ], environment: ["IMAGINE_HOME": folder.file("home")], in: folder.path)
    #expect(outcome.output == "false\tno\t0\n", "\(outcome.output)\(outcome.errors)")
    #expect(stub.requests.isEmpty)
    await stub.close()
  }
}
