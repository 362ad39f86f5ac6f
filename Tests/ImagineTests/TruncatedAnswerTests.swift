import Foundation
import ImagineTestSupport
import ImagineTesting
import Testing

@Suite("A truncated or damaged file is an error")
struct TruncatedAnswerTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func run(_ script: String, at stub: StubServer) async throws -> Program.Outcome {
    try await Program.imagine.run(
      ["-e", script],
      environment: [
        "IMAGINE_HOME": folder.file("home"), "XDG_CONFIG_HOME": folder.file("home"),
        "IMAGINE_BASE_URL": "\(stub.address)/v2", "IMAGINE_TOKEN": "test-token",
      ], in: folder.path)
  }

  /// The files in the asset store.
  private var assets: [String] {
    let all = try? FileManager.default.subpathsOfDirectory(atPath: folder.file("home/assets"))
    return (all ?? []).filter { $0.contains(".") }
  }

  @Test("a truncated image of any format is an error, and neither stored nor saved")
  func images() async throws {
    for (format, bytes) in SampleMedia.images {
      let stub = try await StubServer { _ in
        .full(status: 200, body: Array(bytes.prefix(bytes.count / 2)))
      }
      let outcome = try await run(
        """
        local ok, fault = pcall(imagine.generate, {prompt = "\(format)", style = "anime", seed = 1})
        print(ok, ok and fault:save("out.png") or fault.kind, fault.charged, fault.message)
        """, at: stub)
      #expect(outcome.output.hasPrefix("false\tbad_response\t"), "\(format): \(outcome.output)")
      #expect(outcome.output.contains("is truncated"), "\(format): \(outcome.output)")
      #expect(!outcome.output.contains("\tno\t"), "\(format): \(outcome.output)")
      #expect(stub.requests.count == 1)
      await stub.close()
    }
    #expect(assets == [] && folder.files == [])
  }

  @Test("a truncated image in base64 is an error and not stored")
  func base64() async throws {
    let half = Data(SampleMedia.png.prefix(200)).base64EncodedString()
    let stub = try await StubServer { _ in .json(200, #"{"data":[{"b64_json":"\#(half)"}]}"#) }
    let outcome = try await run(
      """
      local p = imagine.provider{kind = "openai", base_url = "\(stub.address)/v1", model = "m"}
      local ok, fault = pcall(p.generate, "a cat")
      print(ok, fault.kind, fault.message)
      """, at: stub)
    #expect(outcome.output.hasPrefix("false\tbad_response\t"), "\(outcome.output)")
    #expect(outcome.output.contains("is truncated"), "\(outcome.output)")
    #expect(assets == [])
    await stub.close()
  }

  @Test("a truncated video is an error, and a complete one is accepted")
  func videos() async throws {
    for (format, bytes) in SampleMedia.videos {
      for isComplete in [false, true] {
        let video = isComplete ? bytes : Array(bytes.prefix(bytes.count * 3 / 4))
        let stub = try await StubServer { request in
          if request.method == "POST" { return .json(200, #"{"id":"v1","status":"processing"}"#) }
          if request.target == "/film" { return .full(status: 200, body: video) }
          let address = "http://\(request.headers["host"] ?? "")/film"
          return .json(
            200,
            #"{"status":"success","video":{"uuid":"v1","status":"finished","url":{"generation":"\#(address)"}}}"#
          )
        }
        let outcome = try await run(
          """
          local job = imagine.video{prompt = "\(format) \(isComplete)", style = "fast-svd"}
          local ok, video = pcall(job.wait, job, {timeout = 20})
          print(ok, ok and video.width .. "x" .. video.height or video.message)
          """, at: stub)
        #expect(
          isComplete
            ? outcome.output == "true\t24x16\n"
            : outcome.output.hasPrefix("false") && outcome.output.contains("is truncated"),
          "\(format): \(outcome.output)\(outcome.errors)")
        await stub.close()
      }
    }
  }

  @Test("a truncated image of the user is refused, and the error names it")
  func opened() async throws {
    let stub = try await StubServer { _ in .close }
    let half = SampleMedia.webp.prefix(200)
    try Data(half).write(to: URL(filePath: folder.file("half.webp")))
    let outcome = try await run(
      """
      local ok, fault = pcall(imagine.open, "half.webp")
      print(ok, fault.kind, fault.message)
      local bytes = require "fs".read("half.webp")
      ok, fault = pcall(imagine.decode, bytes)
      print(ok, fault.kind, fault.message)
      """, at: stub)
    let lines = outcome.output.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines.first?.hasPrefix("false\tvalidation\thalf.webp is truncated") == true)
    #expect(lines.last?.hasPrefix("false\tvalidation\tthe string is truncated") == true)
    await stub.close()
  }

  @Test("a damaged stored image is neither saved nor sent")
  func damaged() async throws {
    let image = TinyImage.png + [UInt8](repeating: 7, count: 9000)
    let stub = try await StubServer { _ in .full(status: 200, body: image) }
    let outcome = try await run(
      """
      local image = imagine.generate{prompt = "a cat", style = "anime", seed = 1}
      local folder = os.getenv("IMAGINE_HOME") .. "/assets/" .. image.sha256:sub(1, 2)
      local path = folder .. "/" .. image.sha256 .. ".png"
      local file = assert(io.open(path, "r+b"))
      file:seek("set", 1000)
      file:write(("\\0"):rep(4096))
      file:close()
      for _, use in ipairs{
        function() return image:upscale() end, function() return image:save("out.png") end,
      } do
        local ok, fault = pcall(use)
        print(ok, fault.kind, fault.charged)
        if fault.kind == "io" then print(fault.message:find(image.sha256, 1, true) ~= nil) end
      end
      """, at: stub)
    #expect(outcome.output.hasPrefix("false\tio\tno\ntrue\nfalse\tio"), "\(outcome.output)")
    #expect(stub.requests.count == 1)
    #expect(folder.files == [])
    await stub.close()
  }
}
