import Foundation
import ImagineAPI
import ImagineTestSupport
import ImagineTesting
import MediaFiles
import Testing

/// Runs every operation from the script through client, server and engine to a file.
@Suite("Every operation works from a script to a file")
struct OperationTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func run(_ script: String) async throws -> Program.Outcome {
    try await Program.imagine.run(
      ["-e", script],
      environment: ["IMAGINE_HOME": folder.file("home"), "XDG_CONFIG_HOME": folder.path],
      in: folder.path)
  }

  private func header(_ name: String) throws -> ImageHeader? {
    ImageHeader(Array(try Data(contentsOf: URL(fileURLWithPath: folder.file(name)))))
  }

  /// A black image with a white square.
  private func makeMask(_ name: String, size: Int) async throws {
    let outcome = try await Program(path: "/usr/bin/env").run([
      "ffmpeg", "-v", "error", "-f", "lavfi", "-i",
      "color=black:s=\(size)x\(size),drawbox=64:64:64:64:white:fill", "-frames:v", "1",
      folder.file(name),
    ])
    #expect(outcome.status == 0, "\(outcome.errors)")
  }

  @Test("every image operation gives a file of the right size")
  func edits() async throws {
    try await makeMask("mask.png", size: 256)
    let outcome = try await run(
      """
      local boat = imagine.generate{ prompt = "a red boat on a lake", seed = 3 }
        :convert{ width = 256, height = 256 }
      assert(boat.width == 256 and boat.height == 256)
      boat:save("boat.png")
      boat:remove_background():save("cut.png")
      imagine.upscale{ image = "boat.png" }:save("large.png")
      boat:fill{ prompt = "a flower", mask = "mask.png" }:save("filled.png")
      boat:resize{ aspect_ratio = "16:9" }:save("wide.png")
      imagine.retouch{ image = boat, mask = imagine.open("mask.png") }:save("retouched.png")
      boat:remove_background():add_background{ prompt = "a marble table", seed = 3 }:save("set.png")
      imagine.png{ prompt = "a yellow car", aspect_ratio = "3:2", seed = 1 }:save("car.png")
      """)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let square = PixelSize(width: 256, height: 256)
    #expect(try header("cut.png")?.size == square)
    #expect(try header("large.png")?.size == PixelSize(width: 512, height: 512))
    #expect(try header("filled.png")?.size == square)
    #expect(try header("retouched.png")?.size == square)
    #expect(try header("set.png")?.size == square)
    #expect(try header("car.png")?.size == AspectRatio.threeToTwo.pixelSize)
    let wide = try #require(try header("wide.png")?.size)
    let ratio = Double(wide.width) / Double(wide.height)
    #expect((1.76...1.80).contains(ratio))
  }

  @Test("animate turns an image into a video")
  func animate() async throws {
    let outcome = try await run(
      """
      local lake = imagine.generate{ prompt = "a lake", aspect_ratio = "16:9", seed = 3 }
      local job = lake:animate{ prompt = "the camera moves closer", aspect_ratio = "16:9" }
      local video = imagine.wait(job, { timeout = 300 })
      assert(video.width == 768 and video.height == 432)
      video:save("lake.mp4")
      """)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(folder.files.contains("lake.mp4"))
  }

  @Test("a mask of another size than the image is refused before anything is sent")
  func maskSize() async throws {
    let stub = try await StubServer { _ in .close }
    try await makeMask("mask.png", size: 256)
    try await makeMask("image.png", size: 128)
    let outcome = try await Program.imagine.run(
      ["-e", "imagine.retouch{ image = 'image.png', mask = 'mask.png' }"],
      environment: [
        "IMAGINE_HOME": folder.file("home"), "IMAGINE_TOKEN": "x",
        "IMAGINE_BASE_URL": "\(stub.address)/v2",
      ], in: folder.path)
    #expect(
      outcome.errors.contains(
        "a mask of 256x256 pixels is not allowed (expected the image's size, 128x128)"))
    #expect(stub.requests.isEmpty)
    await stub.close()
  }

  @Test("the error for an input that is missing or not an image names it")
  func badInput() async throws {
    try FileSystem.write("no image", to: folder.file("text.png"))
    let outcome = try await run(
      """
      local ok, fault = pcall(imagine.upscale, { image = "text.png" })
      assert(not ok and fault.kind == "validation" and fault.field == "image")
      ok, fault = pcall(imagine.upscale, { image = "missing.png" })
      assert(not ok and fault.kind == "io" and fault.message:find("missing.png", 1, true))
      ok, fault = pcall(imagine.upscale, { image = 7 })
      assert(not ok and fault.field == "image")
      """)
    #expect(outcome.status == 0, "\(outcome.errors)")
  }

  @Test("an input file is read for its content, even if it has the name of a stored image")
  func borrowedName() async throws {
    let outcome = try await run(
      """
      local stored = imagine.generate{ prompt = "a cup", seed = 1 }
      local name = stored.sha256 .. ".png"
      stored:convert{ width = 100, height = 100 }:save(name, { metadata = false })
      assert(imagine.upscale{ image = name }.width == 200)
      """)
    #expect(outcome.status == 0, "\(outcome.errors)")
  }

  @Test("a TIFF whose directory follows its pixels is a valid input")
  func tiff() async throws {
    func little(_ value: Int, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
    let (width, height) = (200, 150)
    let pixels = [UInt8](repeating: 90, count: width * height)
    var file = [0x49, 0x49, 0x2A, 0] + little(8 + pixels.count, 4) + pixels
    let entries = [
      (256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, height),
      (279, pixels.count),
    ]
    file += little(entries.count, 2)
    for (tag, value) in entries {
      file += little(tag, 2) + little(4, 2) + little(1, 4) + little(value, 4)
    }
    file += little(0, 4)
    try Data(file).write(to: URL(filePath: folder.file("scan.tif")))
    let outcome = try await run(
      """
      local image = imagine.open("scan.tif")
      assert(image.format == "tiff" and image.width == 200 and image.height == 150)
      assert(image:convert{ format = "png" }.width == 200)
      assert(image:upscale().width == 400)
      """)
    #expect(outcome.status == 0, "\(outcome.errors)")
  }
}
