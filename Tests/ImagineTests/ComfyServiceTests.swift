import Foundation
import ImagineAPI
import ImagineTestSupport
import ImagineTesting
import MediaFiles
import Testing

/// The program against a stub of ComfyUI.
@Suite("Workflows of ComfyUI are calls like those of any service")
struct ComfyServiceTests: ScriptTrial {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try FileSystem.write(Self.script, to: folder.file("work.lua"))
    let files = [
      ("generate", ComfyWorkflows.generate), ("upscale", ComfyWorkflows.upscale),
      ("video", ComfyWorkflows.video), ("animate", ComfyWorkflows.animate),
      ("fill", ComfyWorkflows.fill),
    ]
    for (name, text) in files {
      try FileSystem.write(text, to: folder.file("flows/\(name).api.json"))
    }
  }

  private static let script = """
    local gpu = imagine.provider "gpu"
    local cats = gpu.generate{ prompt = "a cat", n = 2, steps = 4 }
    local large = cats[1]:upscale{ provider = "gpu" }
    local film = gpu.video("waves"):wait{ timeout = 60 }
    film:save("waves.mp4")
    local moving = cats[1]:animate{ provider = "gpu", prompt = "it walks" }:wait{ timeout = 60 }
    print(#cats, cats[1].sha256 ~= cats[2].sha256, large.cost, film.width > 0,
      moving.width > 0, imagine.spent().calls)
    """

  private static let output = "2\ttrue\t0\ttrue\ttrue\t5\n"

  private func configure(_ stub: ComfyStub, _ more: String = "") throws {
    try FileSystem.write(
      """
      [providers.gpu]
      kind = "comfy"
      base_url = "\(stub.address)"
      \(more)
      [providers.gpu.workflows]
      video = { file = "../flows/video.api.json", inputs = { prompt = "6.prompt" } }
      animate = { file = "../flows/animate.api.json", inputs = { image = "1.image", prompt = "6.prompt" } }
      [providers.gpu.workflows.generate]
      file = "../flows/generate.api.json"
      inputs = { prompt = "6.text", seed = "3.seed", steps = "3.steps" }
      output = 9
      [providers.gpu.workflows.upscale]
      file = "../flows/upscale.api.json"
      inputs = { image = "1.image" }
      """, to: folder.file("imagine/config.toml"))
  }

  @Test("images, an edit and a video are made for nothing, each under an id of its own")
  func whole() async throws {
    let stub = try await ComfyStub(asks: 0, faults: [.busy])
    try configure(stub)
    let outcome = try await run(["work.lua"])
    #expect(outcome.output == Self.output, "\(outcome.output)\(outcome.errors)")
    // The first was refused for now.
    #expect(stub.sent.count == 6 && Set(stub.sent.map(\.id)).count == 5)
    #expect(stub.sent.allSatisfy { UUID(uuidString: $0.id)?.uuidString.lowercased() == $0.id })
    let seeds = stub.sent.compactMap {
      $0.graph.table?["3"]?.table?["inputs"]?.table?["seed"]?.integer
    }
    #expect(Set(seeds).count == 2 && !seeds.contains(5))
    #expect(stub.uploads.count == 1)
    await stub.close()
  }

  @Test(
    "a run that is killed at any change of the journal sends nothing twice",
    arguments: [
      "intent:1", "accepted:1", "stored:1", "done:1", "accepted:4", "stored:4", "sent:5",
      "accepted:5", "stored:5",
    ])
  func killed(point: String) async throws {
    let stub = try await ComfyStub(asks: 0)
    try configure(stub)
    let first = try await run(["work.lua"], killAt: point)
    #expect(first.status == 128 + SIGKILL, "\(first.errors)")
    let second = try await run(["--resume", "work.lua"])
    #expect(second.output == Self.output, "\(second.output)\(second.errors)")
    #expect(stub.sent.count == 5 && Set(stub.sent.map(\.id)).count == 5)
    await stub.close()
  }

  @Test(
    "a call that the server does not know is sent again with a new id, and the journal has both",
    arguments: [
      // Killed before the send; killed while the server is restarted; the answer is lost alone.
      (nil, "sent:1", 1, 1), (.restarted, "accepted:1", 2, 1), (.answerLost, nil, 1, 0),
    ] as [(ComfyStub.Fault?, String?, Int, Int)])
  func lost(fault: ComfyStub.Fault?, point: String?, sent: Int, earlier: Int) async throws {
    let stub = try await ComfyStub(asks: 0, faults: [fault])
    try configure(stub)
    try FileSystem.write(
      #"print(imagine.generate{ provider = "gpu", prompt = "a cat" }.cost)"#,
      to: folder.file("work.lua"))
    var outcome = try await run(["work.lua"], killAt: point)
    if point != nil { outcome = try await run(["--resume", "work.lua"]) }
    #expect(outcome.output == "0\n", "\(outcome.output)\(outcome.errors)")
    let ids = stub.sent.map(\.id)
    #expect(ids.count == sent && Set(ids).count == sent)
    let runs = try await run(["runs", "--json"])
    let id = try #require(runs.output.firstMatch(of: /"id" : "([a-z0-9]+)"/)?.1)
    let page = try await run(["runs", "show", String(id), "--json"])
    let value = try Value(json: Array(page.output.utf8))
    let call = try #require(value.table?["calls"]?.list?.first?.table)
    #expect(call["state"] == "done" && call["job"]?.text == ids.last)
    #expect(call["earlier_jobs"]?.list?.count == earlier, "\(page.output)")
    await stub.close()
  }

  @Test("it is recorded, replayed without the server, and planned")
  func recorded() async throws {
    let stub = try await ComfyStub(asks: 0)
    try configure(stub)
    let first = try await run(["--record", "run.recording", "work.lua"])
    #expect(first.output == Self.output, "\(first.output)\(first.errors)")
    let planned = try await run(["plan", "work.lua"], home: "other")
    #expect(planned.status == 0 && planned.output.contains("0 tokens"), "\(planned.output)")
    #expect(stub.sent.count == 5)
    await stub.close()
    let replayed = try await run(["--replay", "run.recording", "work.lua"], home: "third")
    #expect(replayed.output == Self.output, "\(replayed.output)\(replayed.errors)")
  }

  @Test("a call that was sent again, because the server lost its job, is replayed too")
  func resent() async throws {
    let stub = try await ComfyStub(asks: 0, faults: [.restarted])
    try configure(stub)
    try FileSystem.write(
      #"print(imagine.generate{ provider = "gpu", prompt = "a cat" }.cost)"#,
      to: folder.file("work.lua"))
    let first = try await run(["--record", "run.recording", "work.lua"])
    #expect(first.output == "0\n", "\(first.output)\(first.errors)")
    #expect(stub.sent.count == 2)
    await stub.close()
    let replayed = try await run(["--replay", "run.recording", "work.lua"], home: "other")
    #expect(replayed.output == "0\n", "\(replayed.output)\(replayed.errors)")
  }

  @Test("an answer may have the workflow's own size; an edit that cannot be put back is told")
  func sizes() async throws {
    let stub = try await ComfyStub(
      asks: 0, image: BlankImage.png(size: PixelSize(width: 30, height: 20)))
    try Data(BlankImage.png(size: PixelSize(width: 16, height: 16)))
      .write(to: URL(filePath: folder.file("square.png")))
    let outcome = try await run([
      "-e",
      """
      local gpu = imagine.provider{ kind = "comfy", base_url = "\(stub.address)", workflows = {
        generate = { file = "flows/generate.api.json", output = 9,
          inputs = { prompt = "6.text", width = "5.width", height = "5.height" } },
        fill = { file = "flows/fill.api.json",
          inputs = { prompt = "2.value", image = "10.image", mask = "11.image" } } } }
      local image = gpu.generate{ prompt = "a cat", width = 64, height = 64 }
      print(image.width, image.height)
      local fill = { prompt = "x", image = "square.png", mask = "square.png" }
      local _, fault = pcall(gpu.fill, fill)
      print(fault.kind, fault.charged, fault.results[1].width)
      fill.composite = false
      print(gpu.fill(fill).width)
      """,
    ])
    #expect(outcome.output == "30\t20\nbad_response\tno\t30\n30\n", "\(outcome)")
    await stub.close()
  }

  @Test("a failed job is told in the server's words; a budget refuses a call of unknown price")
  func faults() async throws {
    let stub = try await ComfyStub(asks: 0, faults: [.failed, .cached])
    try configure(stub)
    let script = """
      for _ = 1, 2 do
        local ok, fault = pcall(imagine.generate, { provider = "gpu", prompt = "x" })
        print(fault.kind, fault.charged, fault.message)
      end
      """
    let outcome = try await run(["-e", script])
    let lines = outcome.output.split(separator: "\n")
    try #require(lines.count == 2, "\(outcome.output)\(outcome.errors)")
    #expect(
      lines[0].hasPrefix("job_failed\tno\t")
        && lines[0].contains("node 3 (KSampler): out of memory (torch.OutOfMemoryError)"))
    #expect(
      lines[1].hasPrefix("job_failed\tno\t") && lines[1].contains("without a file of the output"))
    try configure(stub, #"comfy_org_key = "comfyui-0123456789""#)
    let paid = try await run([
      "--budget", "1USD", "-e",
      """
      local ok, fault = pcall(imagine.generate, { provider = "gpu", prompt = "x" })
      print(fault.kind, fault.message)
      """,
    ])
    #expect(paid.output.hasPrefix("budget\t"), "\(paid.output)\(paid.errors)")
    #expect(stub.sent.count == 2)
    await stub.close()
  }

  @Test("`doctor` lists the checkpoints, `help` and the editor types know the fields")
  func described() async throws {
    let stub = try await ComfyStub(asks: 0)
    try configure(stub)
    let doctor = try await run(["doctor", "--provider", "gpu"])
    #expect(
      doctor.output.contains("lists 2 models: a.safetensors, b.safetensors"), "\(doctor.output)")
    let types = try await run(["describe", "--types"])
    #expect(types.output.contains("---@field steps? "), "\(types.output)")
    #expect(types.output.contains("the input steps of node 3 (KSampler); by default 20"))
    await stub.close()
  }

  @Test("a script describes its own; the file of ComfyUI's page is refused with advice")
  func scripts() async throws {
    let stub = try await ComfyStub(asks: 0)
    try FileSystem.write(
      #"{"nodes":[],"links":[],"version":0.4}"#, to: folder.file("flows/page.json"))
    let outcome = try await run([
      "-e",
      """
      local function flow(file)
        return imagine.provider{ kind = "comfy", base_url = "\(stub.address)",
          workflows = { upscale = { file = file, inputs = { image = "1.image" } } } }
      end
      flow("flows/upscale.api.json").generate = nil
      print(pcall(flow, "flows/page.json"))
      print(pcall(flow, "flows/missing.json"))
      """,
    ])
    #expect(outcome.output.contains("choose Workflow > Export (API)"), "\(outcome.output)")
    #expect(outcome.output.contains("workflows.upscale.file: cannot read flows/missing.json"))
    let inspected = try await run(["comfy", "inspect", "flows/generate.api.json"])
    #expect(inspected.output.contains("[providers.comfy.workflows.generate]\n"))
    #expect(inspected.output.contains("prompt = 6.text: \"a cat\" (CLIPTextEncode, \"Positive\")"))
    let page = try await run(["comfy", "inspect", "flows/page.json"])
    #expect(page.status == 1 && page.errors.contains("Export (API)"), "\(page.errors)")
    await stub.close()
  }

  @Test("`doctor` finds it on this machine, and says how to get its workflows")
  func found() async throws {
    let stub = try await StubServer { request in
      request.target == "/system_stats"
        ? .json(200, #"{"system":{"comfyui_version":"0.3.64"},"devices":[]}"#) : .json(404, "{}")
    }
    let port = String(stub.address.split(separator: ":").last ?? "")
    let doctor = try await run(["doctor", "--port", port])
    #expect(doctor.output.contains("server \(stub.address): ComfyUI 0.3.64"), "\(doctor.output)")
    #expect(doctor.output.contains("imagine comfy inspect FILE"), "\(doctor.output)")
    #expect(
      doctor.output.contains(
        """
                  [providers.comfy]
                  kind = "comfy"
                  base_url = "\(stub.address)"
        """), "\(doctor.output)")
    await stub.close()
  }
}
