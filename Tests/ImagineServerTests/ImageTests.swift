import Foundation
import ImagineCore
import Testing

@testable import ImagineServer

@Suite("Text to Image")
struct ImageTests {
  private let path = "/v2/image/generations"

  @Test("answers with a picture of the size of its aspect ratio, the same for the same request")
  func pictures() async throws {
    try await RunningServer.with { server in
      for ratio in AspectRatio.allCases {
        let form = FormWriter([
          "prompt": "a cat", "style": "anime", "aspect_ratio": ratio.rawValue, "seed": "5",
        ])
        let first = try await server.post(path, form)
        #expect(first.status == 200)
        #expect(first.headers["content-type"] == "image/png")
        #expect(first.headers["x-imagine-seed"] == "5")
        #expect(PictureHeader(first.bytes)?.size == ratio.pixelSize)
        #expect(try await server.post(path, form).bytes == first.bytes)
      }
    }
  }

  @Test("without an aspect ratio is square, and without a seed gets a random one that it tells")
  func defaults() async throws {
    try await RunningServer.with { server in
      let form = FormWriter(["prompt": "a cat", "style": "imagine-turbo"])
      var seeds: Set<Int64> = []
      for _ in 0..<5 {
        let answer = try await server.post(path, form)
        #expect(PictureHeader(answer.bytes)?.size == PixelSize(width: 1024, height: 1024))
        let seed = try #require(answer.headers["x-imagine-seed"].flatMap { Int64($0) })
        #expect((1...2_147_483_647).contains(seed))
        seeds.insert(seed)
      }
      #expect(seeds.count == 5)
    }
  }

  @Test("takes styles as people write them, and ignores fields that it does not know")
  func leniency() async throws {
    try await RunningServer.with { server in
      var form = FormWriter(["prompt": "a cat", "style": "SDXL 1.0", "seed": "9", "colour": "x"])
      form.add("unknown", file: [1, 2, 3])
      let answer = try await server.post(path, form)
      #expect(answer.status == 200)
      #expect(answer.text.contains("a cat|sdxl-1.0|9"))
    }
  }

  @Test("keeps every character of a prompt")
  func unicode() async throws {
    try await RunningServer.with { server in
      let prompt = "\"quoted\" 猫 🐈 — a=b&c;d\n--line"
      let answer = try await server.post(
        path, FormWriter(["prompt": prompt, "style": "anime", "seed": "1"]))
      #expect(answer.text.contains("\(prompt)|anime|1"))
    }
  }
}

@Suite("Conversion")
struct ConversionTests {
  @Test("gives another format and size")
  func conversion() async throws {
    try await RunningServer.with { server in
      let picture = StubEngine.png(PixelSize(width: 64, height: 32))
      let answer = try await server.post(
        "/x/convert",
        FormWriter(["format": "webp", "width": "16", "quality": "70", "fit": "cover"])
          .adding("image", file: picture))
      #expect(answer.status == 200)
      #expect(PictureHeader(answer.bytes)?.size == PixelSize(width: 16, height: 32))
      #expect(answer.text.hasSuffix("webp|cover|70"))
    }
  }

  @Test("refuses what is no picture, and what it cannot write, by the field's name")
  func faults() async throws {
    try await RunningServer.with { server in
      let picture = StubEngine.png(PixelSize(width: 64, height: 32))
      let cases: [(KeyValuePairs<String, String>, [UInt8], String)] = [
        (["format": "png"], Array("not a picture".utf8), "image"),
        (["format": "bmp"], picture, "format"),
        (["width": "0"], picture, "width"),
        (["width": "16384", "height": "16384"], picture, "width"),
        (["quality": "101"], picture, "quality"),
        (["fit": "squeeze"], picture, "fit"),
      ]
      for (fields, image, field) in cases {
        let answer = try await server.post(
          "/x/convert", FormWriter(fields).adding("image", file: image))
        #expect(answer.code == 1100)
        #expect(answer.message.contains("'\(field)'"), "\(answer.message)")
      }
    }
  }
}
