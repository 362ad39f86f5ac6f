import Foundation
import ImagineAPI
import ImagineTestSupport
import ImagineTesting
import MediaFiles
import Testing

/// One script over two servers of different kinds and the built-in engine.
@Suite("Forty images by three providers at once")
struct SeveralProvidersTests: ScriptTrial {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try FileSystem.write(Self.script, to: folder.file("work.lua"))
    try FileSystem.write(ComfyWorkflows.generate, to: folder.file("flows/generate.api.json"))
  }

  /// 16 of the images are priced.
  private static let script = """
    local clients = {
      imagine.provider "gpu", imagine.provider "flow", imagine.provider "gpu", imagine.provider "flow",
      imagine.provider "local",
    }
    local numbers = {}
    for number = 1, 40 do numbers[number] = number end
    local images = imagine.budget({ USD = tonumber(arg[1]) }, function()
      return task.map(numbers, function(number)
        local call = { prompt = "picture " .. number, seed = number }
        if number % 5 == 4 then return clients[5].png(call) end
        return clients[number % 5 + 1].generate(call)
      end, { limit = 6 })
    end)
    local counts = {}
    for number, image in ipairs(images) do
      assert(image.prompt == "picture " .. number and image.seed == number)
      counts[image.provider] = (counts[image.provider] or 0) + 1
    end
    print(#images, counts.gpu, counts.flow, counts["local"])
    """

  private static let output = "40\t16\t16\t8\n"

  private func startServers() async throws -> (gpu: StubServer, flow: ComfyStub) {
    let gpu = try await StubServer { request in
      guard request.target.hasSuffix("/txt2img") else { return .json(200, "[]") }
      let seed = (try? Value(json: request.body))?.table?["seed"]?.integer ?? 0
      let image = BlankImage.png(size: PixelSize(width: 512, height: 512)) + Array("\(seed)".utf8)
      return .json(
        200,
        #"{"images":["\#(Data(image).base64EncodedString())"],"info":"{\"all_seeds\":[\#(seed)]}"}"#
      )
    }
    let flow = try await ComfyStub(asks: 0)
    try FileSystem.write(
      """
      [providers.gpu]
      kind = "sdapi"
      base_url = "\(gpu.address)"
      resolution = 512
      concurrency = 3
      prices = { unit = "USD", generate = 0.01 }
      [providers.flow]
      kind = "comfy"
      base_url = "\(flow.address)"
      [providers.flow.workflows.generate]
      file = "../flows/generate.api.json"
      inputs = { prompt = "6.text", seed = "3.seed" }
      output = 9
      """, to: folder.file("imagine/config.toml"))
    return (gpu, flow)
  }

  private func sends(_ gpu: StubServer) -> Int {
    gpu.requests.count { $0.target.hasSuffix("/txt2img") }
  }

  @Test(
    "killed in the middle and resumed, each image is made once, but those in flight at the kill")
  func resumed() async throws {
    let (gpu, flow) = try await startServers()
    // Calls in flight at the kill may have been charged: their price is reserved for ever.
    let first = try await run(["work.lua", "0.22"], killAt: "stored:20")
    #expect(first.status == 128 + SIGKILL, "\(first.errors)")
    let second = try await run(["--on-uncertain", "retry", "--resume", "work.lua", "0.22"])
    #expect(second.output == Self.output, "\(second.output)\(second.errors)")
    #expect((16...19).contains(sends(gpu)), "\(sends(gpu)) sent")
    #expect(
      (16...22).contains(flow.sent.count) && Set(flow.sent.map(\.id)).count == flow.sent.count)
    await gpu.close()
    await flow.close()
  }

  @Test("recorded, and replayed without any server; the budget is kept to the last cent")
  func recorded() async throws {
    let (gpu, flow) = try await startServers()
    let first = try await run(["--record", "run.recording", "work.lua", "0.16"])
    #expect(first.output == Self.output, "\(first.output)\(first.errors)")
    #expect(sends(gpu) == 16 && flow.sent.count == 16)
    let refused = try await run(["work.lua", "0.15"], home: "other")
    #expect(refused.status != 0 && refused.errors.contains("budget"), "\(refused.errors)")
    #expect(sends(gpu) <= 16 + 15)
    await gpu.close()
    await flow.close()
    let replayed = try await run(["--replay", "run.recording", "work.lua", "0.16"], home: "third")
    #expect(replayed.output == Self.output, "\(replayed.output)\(replayed.errors)")
  }
}
