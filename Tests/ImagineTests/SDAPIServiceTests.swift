import Foundation
import ImagineAPI
import ImagineTestSupport
import ImagineTesting
import MediaFiles
import Synchronization
import Testing

/// The program against a stub of A1111.
@Suite("A server of the A1111 API is used like any other provider")
struct SDAPIServiceTests: ScriptTrial {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try FileSystem.write(Self.script, to: folder.file("work.lua"))
    let mask = BlankImage.png(size: PixelSize(width: 64, height: 64))
    try Data(mask).write(to: URL(fileURLWithPath: folder.file("mask.png")))
  }

  private static let script = """
    local gpu = imagine.provider "gpu"
    local boats = gpu.generate{ prompt = "a boat", n = 2, width = 64, height = 64, steps = 4, seed = 7,
      model = "xl" }
    local gull = boats[2]:fill{ prompt = "a gull", mask = "mask.png", provider = "gpu", seed = 9 }
    local wide = gull:resize{ aspect_ratio = "16:9", provider = "gpu" }
    local large = wide:upscale{ provider = "gpu" }
    gull:save("gull.png")
    boats[1]:save("boat.png")
    print(boats[1].seed, boats[2].seed, gull.seed, wide.width, large.width, gull.cost,
      imagine.spent().USD)
    """

  private static let output = "7\t8\t1009\t120\t240\t0\t0\n"
  private static let pricedOutput = "7\t8\t1009\t120\t240\t0.5\t0.52\n"
  private static let sends = ["txt2img", "img2img", "img2img", "extra-single-image"]

  /// A1111 as far as the script needs it. It says that it has changed the seed of an edit.
  private func startServer(settings: String = "") async throws -> StubServer {
    let stub = try await StubServer { request in
      let route = request.target.split(separator: "/").last.map(String.init) ?? ""
      let members = (try? Value(json: request.body, name: "body").table) ?? [:]
      func side(_ name: String) -> Int { Int(members[name]?.integer ?? 64) }
      switch route {
      case "txt2img", "img2img":
        let size = PixelSize(width: side("width"), height: side("height"))
        let seed = (members["seed"]?.integer ?? 0) + (route == "img2img" ? 1000 : 0)
        let seeds = (0..<(members["batch_size"]?.integer ?? 1)).map { seed + $0 }
        let images = seeds.map { seed in
          let image = BlankImage.png(size: size) + Array("\(route) \(seed)".utf8)
          return Value.text(Data(image).base64EncodedString())
        }
        let info: Value = [
          "all_seeds": .list(seeds.map(Value.integer)),
          "infotexts": .list(
            seeds.map { .text("a boat\nSteps: 4, Sampler: Euler, Seed: \($0)") }),
        ]
        let answer: Value = ["images": .list(images), "parameters": [:], "info": .text(info.json)]
        return .json(200, answer.json)
      case "extra-single-image":
        let image = BlankImage.png(size: PixelSize(width: 240, height: 128))
        return .json(200, #"{"image":"\#(Data(image).base64EncodedString())","html_info":""}"#)
      case "sd-models":
        return .json(200, #"[{"title":"xl.safetensors [31e3]","model_name":"xl"}]"#)
      case "samplers": return .json(200, #"[{"name":"DPM++ 2M"},{"name":"Euler a"}]"#)
      case "options":
        return .json(200, #"{"a":1,"b":2,"c":3,"d":4,"sd_model_checkpoint":"xl.safetensors"}"#)
      default: return .json(404, #"{"detail":"Not Found"}"#)
      }
    }
    try configure(stub, "batch = 2\n\(settings)")
    return stub
  }

  private func configure(_ stub: StubServer, _ settings: String) throws {
    try FileSystem.write(
      """
      [providers.gpu]
      kind = "sdapi"
      base_url = "\(stub.address)"
      \(settings)
      """, to: folder.file("imagine/config.toml"))
  }

  private func sends(_ stub: StubServer) -> [String] {
    stub.requests.filter { $0.method == "POST" }
      .map { $0.target.replacing("/sdapi/v1/", with: "") }
  }

  private static let prices = #"prices = { unit = "USD", generate = 0.01, fill = 0.5 }"#

  @Test("images keep the server's own seeds and text, and cost nothing")
  func whole() async throws {
    let stub = try await startServer()
    let outcome = try await run(["--budget", "1", "work.lua"])
    #expect(
      outcome.output == Self.output.replacing("\t0\n", with: "\tnil\n"),
      "\(outcome.output)\(outcome.errors)")
    #expect(sends(stub) == Self.sends)
    let shown = try await run(["show", "gull.png"]).output
    #expect(shown.contains("seed\t1009") && shown.contains("provider\tgpu"), "\(shown)")
    let text = try await run(["show", "boat.png"]).output
    #expect(text.contains("parameters\ta boat\n\tSteps: 4, Sampler: Euler, Seed: 7"), "\(text)")
    // The canvas and its mask were made by imagine-server.
    let edit = try #require(stub.requests.last { $0.target.hasSuffix("img2img") })
    let members = try #require(try Value(json: edit.body, name: "body").table)
    let mask = try #require(members["mask"]?.text.flatMap { Data(base64Encoded: $0) })
    let header = try #require(ImageHeader(Array(mask)))
    #expect(header.size == PixelSize(width: 120, height: 64) && !header.hasAlpha)
    await stub.close()
  }

  /// Calls that need no imagine-server.
  private static let painting = """
    local gpu = imagine.provider "gpu"
    local boats = gpu.generate{ prompt = "a boat", n = 2, width = 64, height = 64, seed = 7 }
    local gull = boats[2]:fill{ prompt = "a gull", mask = "mask.png", provider = "gpu", seed = 9 }
    print(boats[1].seed, boats[2].seed, gull.seed, boats[1].cost, gull.cost)
    """

  @Test(
    "a run that is killed at any change of the journal draws nothing twice, and asks only about money",
    arguments: ["intent:1", "sent:1", "stored:1", "done:1", "sent:2", "stored:2", "done:2"],
    [true, false])
  func killed(point: String, isPriced: Bool) async throws {
    let stub = try await startServer(settings: isPriced ? Self.prices : "")
    try FileSystem.write(Self.painting, to: folder.file("paint.lua"))
    let first = try await run(["paint.lua"], killAt: point)
    #expect(first.status == 128 + SIGKILL, "\(first.errors)")
    var second = try await run(["--resume", "paint.lua"])
    // Nothing is written before the kill at `sent`.
    let isUncertain = isPriced && point.hasPrefix("sent")
    #expect((second.status == 0) != isUncertain, "\(second.errors)")
    if isUncertain {
      #expect(second.errors.contains("may have been paid for"), "\(second.errors)")
      second = try await run(["--resume", "--on-uncertain", "retry", "paint.lua"])
    }
    let costs = isPriced ? "0.01\t0.5" : "0\t0"
    #expect(second.output == "7\t8\t1009\t\(costs)\n", "\(second.output)\(second.errors)")
    #expect(sends(stub) == ["txt2img", "img2img"])
    await stub.close()
  }

  @Test("it is recorded, replayed without the server, planned and budgeted at its price")
  func recorded() async throws {
    let stub = try await startServer(settings: Self.prices)
    let first = try await run(["--record", "run.recording", "work.lua"])
    #expect(first.output == Self.pricedOutput, "\(first.output)\(first.errors)")
    let planned = try await run(["plan", "work.lua", "--json"], home: "other")
    #expect(planned.output.contains("\"USD\" : 0.52\n"), "\(planned.output)\(planned.errors)")
    let refused = try await run(["--budget", "0.4USD", "work.lua"], home: "third")
    #expect(refused.status == 1 && refused.errors.contains("budget"), "\(refused.errors)")
    #expect(sends(stub) == Self.sends + ["txt2img"])
    await stub.close()
    let replayed = try await run(["--replay", "run.recording", "work.lua"], home: "fourth")
    #expect(replayed.output == Self.pricedOutput, "\(replayed.output)\(replayed.errors)")
  }

  @Test("an image of another size than the call fixes is an error that has it")
  func wrongSize() async throws {
    let image = Data(BlankImage.png(size: PixelSize(width: 512, height: 512)))
    let stub = try await StubServer { _ in
      .json(200, #"{"images":["\#(image.base64EncodedString())"],"parameters":{},"info":""}"#)
    }
    try configure(stub, "")
    let outcome = try await run([
      "-e",
      """
      local gpu = imagine.provider "gpu"
      for _, call in ipairs{ { width = 640, height = 384 }, { width = 512, height = 512 } } do
        call.prompt = "x"
        local ok, fault = pcall(gpu.generate, call)
        print(ok, ok and fault.width or fault.results[1].width, ok or fault.message)
      end
      """,
    ])
    #expect(
      outcome.output.hasPrefix(
        "false\t512\tPOST /sdapi/v1/txt2img: the server returned an image of 512x512 pixels in place"
          + " of 640x384"), "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.hasSuffix("true\t512\ttrue\n"), "\(outcome.output)")
    await stub.close()
  }

  @Test(
    "one call at a time is in flight unless the description allows more",
    arguments: [("", 1), ("concurrency = 3", 3)])
  func concurrency(settings: String, most: Int) async throws {
    let gate = Gate(most, opensByItself: true)
    let inFlight = Mutex((now: 0, most: 0))
    let image = Data(TinyImage.png).base64EncodedString()
    let stub = try await StubServer { _ in
      inFlight.withLock { count in
        count.now += 1
        count.most = max(count.most, count.now)
      }
      await gate.arrive()
      inFlight.withLock { $0.now -= 1 }
      return .json(200, #"{"images":["\#(image)"],"info":"{}"}"#)
    }
    try configure(stub, settings)
    let outcome = try await run([
      "-e",
      """
      imagine.configure{ concurrency = 8, provider = "gpu" }
      print(#task.map({ 1, 2, 3, 4, 5, 6 }, function(i) return imagine.generate("x" .. i) end))
      """,
    ])
    #expect(outcome.output == "6\n", "\(outcome.output)\(outcome.errors)")
    #expect(inFlight.withLock { $0.most } == most)
    await stub.close()
  }

  @Test("a task that a script gives up is stopped at the server")
  func givenUp() async throws {
    let interrupted = Gate(1, opensByItself: true)
    let stub = try await StubServer { request in
      switch request.target {
      case "/sdapi/v1/txt2img": return .silence
      case "/sdapi/v1/interrupt":
        await interrupted.arrive()
        return .json(200, "{}")
      default: return .json(200, #"{"active":true}"#)
      }
    }
    try configure(stub, "")
    let outcome = try await run([
      "--provider", "gpu", "-e", "print(pcall(task.timeout, 0.2, imagine.generate, 'x'))",
    ])
    #expect(outcome.output.hasPrefix("false\ttimeout"), "\(outcome.output)\(outcome.errors)")
    #expect(stub.requests.last?.target == "/sdapi/v1/interrupt")
    await stub.close()
  }

  @Test("`models` lists what it has, which editors and `doctor` know from then on")
  func models() async throws {
    let stub = try await startServer(settings: #"model = "xl""#)
    let listed = try await run(["models", "gpu"])
    #expect(
      listed.output == """
        gpu\tmodel\txl.safetensors [31e3]
        gpu\tsampler\tDPM++ 2M
        gpu\tsampler\tEuler a

        """, "\(listed.output)\(listed.errors)")
    let json = try await run(["models", "--json", "--field", "model", "gpu"])
    #expect(json.output.contains(#""name" : "xl.safetensors [31e3]""#), "\(json.output)")
    let types = try await run(["describe", "--types"])
    #expect(types.output.contains(#""DPM++ 2M""#), "\(types.output)\(types.errors)")
    #expect(types.output.contains(#""xl.safetensors [31e3]""#))
    let doctor = try await run(["doctor", "--provider", "gpu"])
    #expect(
      doctor.output.contains("lists 1 models: xl.safetensors [31e3]"), "\(doctor.output)")
    #expect(!doctor.output.contains("does not list it"))
    await stub.close()
    let gone = try await run(["models", "gpu"])
    #expect(gone.status == 1 && gone.errors.contains("gpu: "), "\(gone.errors)")
    // Another kind has what its description names.
    let local = try await run(["models", "local"])
    #expect(local.output.contains("local\tstyle\trealistic\n"), "\(local.output)")
  }

  @Test("`doctor` finds a server of this machine and prints what to paste, which then works")
  func found() async throws {
    let stub = try await startServer()
    try FileSystem.write("", to: folder.file("imagine/config.toml"))
    let port = String(stub.address.split(separator: ":").last ?? "")
    let doctor = try await run(["doctor", "--port", port])
    #expect(doctor.status == 0)
    let lines = doctor.output.split(separator: "\n").map(String.init)
    let start = try #require(
      lines.firstIndex { $0.contains("server \(stub.address): A1111 or a relative, model xl") },
      "\(doctor.output)")
    let pasted = lines[(start + 1)...].prefix { $0.hasPrefix("          ") }
      .map { $0.drop { $0 == " " } }
    #expect(
      pasted == ["[providers.sdapi]", #"kind = "sdapi""#, #"base_url = "\#(stub.address)""#])
    try FileSystem.write(pasted.joined(separator: "\n"), to: folder.file("imagine/config.toml"))
    let drawn = try await run([
      "--provider", "sdapi", "-e", "print(imagine.generate{ prompt = 'x', width = 64 }.width)",
    ])
    #expect(drawn.output == "64\n", "\(drawn.output)\(drawn.errors)")
    let again = try await run(["doctor", "--port", port])
    #expect(again.output.contains("it is the provider sdapi"), "\(again.output)")
    await stub.close()
    // An invalid port is refused.
    #expect(try await run(["doctor", "--port", "0"]).status == 64)
  }

  @Test(
    "a description with a mistake is refused by its name",
    arguments: [
      (#"dialect = "forge""#, "one of: a1111, sdcpp, drawthings"),
      ("resolution = 100", "an integer from 256 to 4096"), ("batch = 1.5", "from 1 to 16"),
      ("concurrency = 0", "from 1 to 1000"), (#"sizes = ["512x512"]"#, "unknown field 'sizes'"),
      (#"prices = { unit = "USD", png = 1 }"#, "unknown field 'png'"),
      (#"dialect = "drawthings""#, "has no upscale"),
    ])
  func mistakes(line: String, words: String) async throws {
    let stub = try await StubServer { _ in .json(500, "{}") }
    try configure(stub, line)
    let outcome = try await run(["--provider", "gpu", "-e", "imagine.upscale('mask.png')"])
    #expect(outcome.status == 1 && outcome.errors.contains(words), "\(outcome.errors)")
    #expect(stub.requests.isEmpty)
    await stub.close()
  }
}
