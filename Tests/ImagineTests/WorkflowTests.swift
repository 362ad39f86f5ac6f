import Foundation
import ImagineAPI
import ImagineTestSupport
import ImagineTesting
import MediaFiles
import Testing

/// Runs complete scripts through the host and the service to files.
@Suite("A script generates images and videos and saves them as files")
struct WorkflowTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func run(
    _ script: String, _ environment: [String: String] = [:]
  ) async throws -> Program.Outcome {
    var variables = environment
    variables["IMAGINE_HOME"] = folder.file("home")
    variables["XDG_CONFIG_HOME"] = folder.file("home")
    return try await Program.imagine.run(["-e", script], environment: variables, in: folder.path)
  }

  /// The size in the header of a saved image.
  private func size(_ name: String) throws -> PixelSize? {
    let data = try Data(contentsOf: URL(fileURLWithPath: folder.file(name)))
    return ImageHeader(data)?.size
  }

  @Test("every aspect ratio gives an image of its size")
  func sizes() async throws {
    let outcome = try await run(
      """
      local shapes = {"1:1", "3:2", "4:3", "3:4", "16:9", "9:16"}
      task.map(shapes, function(shape, index)
        imagine.generate{ prompt = "a lake", aspect_ratio = shape, seed = 1 }:save(index .. ".png")
      end)
      """)
    #expect(outcome.status == 0, "\(outcome.errors)")
    for (index, shape) in AspectRatio.allCases.enumerated() {
      #expect(try size("\(index + 1).png") == shape.pixelSize)
    }
    #expect(outcome.errors.contains("provider local"))
    #expect(outcome.errors.contains("6 images made by the built-in engine, not by a model"))
    #expect(outcome.output.isEmpty)
  }

  @Test("prompt, style and seed each change the image, and an equal call gives the same one")
  func deterministic() async throws {
    let outcome = try await run(
      """
      local a, b = table.unpack(task.map({"a harbour at dawn","a harbour at night"}, function(p)
        return imagine.generate{prompt=p, style="realistic", seed=1}
      end))
      assert(a.sha256 ~= b.sha256)
      local again = imagine.generate{prompt="a harbour at dawn", style="realistic", seed=1}
      assert(again.sha256 == a.sha256 and again == a)
      local seed = imagine.generate{prompt="a harbour at dawn", style="realistic", seed=2}
      local style = imagine.generate{prompt="a harbour at dawn", style="anime", seed=1}
      assert(seed ~= a and style ~= a and style ~= seed)
      local drawn = imagine.generate("a harbour at dawn")
      assert(math.type(drawn.seed) == "integer" and drawn.seed >= 1)
      assert(drawn.style == "imagine-turbo" and drawn.prompt == "a harbour at dawn")
      assert(drawn.cost == 0 and drawn.provider == "local" and drawn.format == "png")
      """)
    #expect(outcome.status == 0, "\(outcome.errors)")
  }

  @Test("n gives a list of images with consecutive seeds")
  func several() async throws {
    let outcome = try await run(
      """
      local one = imagine.generate{ prompt = "a tree", n = 1, seed = 5 }
      local three = imagine.generate{ prompt = "a tree", n = 3, seed = 5 }
      assert(#one == 1 and #three == 3 and one[1] == three[1])
      assert(three[1].seed == 5 and three[2].seed == 6 and three[3].seed == 7)
      """)
    #expect(outcome.status == 0, "\(outcome.errors)")
  }

  @Test("a video is a job first, then a file with a thumbnail")
  func video() async throws {
    let outcome = try await run(
      """
      local job = imagine.video{ prompt = "waves at dusk", aspect_ratio = "16:9" }
      assert(job.status == "processing" or job.status == "queued")
      local video = job:wait{ timeout = 120 }
      assert(job.status == "finished" and job.url)
      assert(video.width == 768 and video.height == 432 and video.format == "mp4")
      assert(math.abs(video.duration - 4) < 0.1)
      print(video:save("out/waves.mp4"))
      print(video.thumbnail:save("out/waves.jpg"))
      assert(imagine.status(job.id).status == "finished")
      assert(imagine.delete(job) == true)
      local ok, fault = pcall(imagine.status, job.id)
      assert(not ok and imagine.is_error(fault).kind == "not_found" and fault.code == 1100)
      """)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output == "out/waves.mp4\nout/waves.jpg\n")
    #expect(try size("out/waves.jpg") == PixelSize(width: 768, height: 432))
    let probe = try await Program(path: "/usr/bin/env").run([
      "ffprobe", "-v", "error", "-select_streams", "v", "-show_entries",
      "stream=codec_name,width,height,pix_fmt,nb_frames", "-of", "csv=p=0",
      folder.file("out/waves.mp4"),
    ])
    #expect(probe.output == "h264,768,432,yuv420p,96\n", "\(probe.errors)")
  }

  @Test("the extension of a saved path decides the format", arguments: ["jpg", "webp", "png"])
  func formats(suffix: String) async throws {
    let outcome = try await run(
      "imagine.generate{ prompt = 'a cat', seed = 1 }:save('deep/er/cat.\(suffix)')")
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(try size("deep/er/cat.\(suffix)") == PixelSize(width: 1024, height: 1024))
    let bytes = try Data(contentsOf: URL(fileURLWithPath: folder.file("deep/er/cat.\(suffix)")))
    #expect(ImageHeader(Array(bytes))?.format == ImageFormat(pathExtension: suffix))
    #expect(folder.files == ["deep/er/cat.\(suffix)"])
  }

  @Test("an unknown format is refused, and nothing is written")
  func unknownFormat() async throws {
    let outcome = try await run("imagine.generate{ prompt = 'a cat', seed = 1 }:save('cat.bmp')")
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("an extension of png, jpg, webp or avif"))
    #expect(folder.files == [])
  }

  @Test("a path that ends with a slash is refused, and no folder is created")
  func folderForFile() async throws {
    let outcome = try await run("imagine.generate{ prompt = 'a cat' }:save('new/cat.png/')")
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("field 'path': \"new/cat.png/\" is not allowed"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("new")))
  }

  @Test("a misspelt field is named in the error, exits with 1 and sends nothing")
  func misspelt() async throws {
    let stub = try await StubServer { _ in .close }
    let outcome = try await run(
      "imagine.generate{promt=\"x\"}",
      ["IMAGINE_TOKEN": "test", "IMAGINE_BASE_URL": "\(stub.address)/v2"])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("did you mean 'prompt'?"))
    #expect(stub.requests.isEmpty)
    await stub.close()
  }

  @Test("an error in a script prints a traceback with chunk and line")
  func traceback() async throws {
    let outcome = try await run("\nerror('x')")
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("(command line):2: x\nstack traceback:"))
  }

  @Test("two calls overlap in time")
  func overlap() async throws {
    let gate = Gate(2, opensByItself: true)
    let stub = try await StubServer { _ in
      // No request is answered before both have arrived.
      await gate.arrive()
      return .full(status: 200, body: Self.png)
    }
    let outcome = try await run(
      "task.map({'a', 'b'}, imagine.generate)",
      ["IMAGINE_TOKEN": "Bearer test", "IMAGINE_BASE_URL": "\(stub.address)/v2"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(stub.requests.count == 2)
    #expect(stub.requests.allSatisfy { $0.headers["authorization"] == "Bearer test" })
    #expect(!outcome.errors.contains("built-in engine"))
    await stub.close()
  }

  /// A PNG of 2 by 3 pixels.
  static let png = TinyImage.tallPNG
}
