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

@Suite("An operation on a picture")
struct EditTests {
  private let picture = StubEngine.png(PixelSize(width: 64, height: 32))
  private let mask = StubEngine.png(PixelSize(width: 64, height: 32), content: "m")

  @Test("reaches the engine with its fields, under the path of its own")
  func operations() async throws {
    try await RunningServer.with { server in
      func answer(_ path: String, _ form: FormWriter) async throws -> String {
        let answer = try await server.post("/v2/image/\(path)", form)
        #expect(answer.status == 200, "\(path): \(answer.text)")
        #expect(answer.headers["content-type"] == "image/png")
        return String(answer.text.drop { $0 != "|" && !$0.isLetter })
      }
      let image = FormWriter().adding("image", file: picture)
      let masked = image.adding("mask", file: mask)
      let png = try await answer(
        "generations/transparent", FormWriter(["prompt": "a cat", "style": "any", "seed": "3"]))
      #expect(png.hasSuffix("png|a cat|3"))
      #expect(try await answer("background/remover", image).hasSuffix("remove_background"))
      #expect(try await answer("enhance", image).hasSuffix("upscale"))
      #expect(
        try await answer("edits/generative-fill", masked.adding("prompt", "a tree"))
          .hasSuffix("fill|a tree|109"))
      #expect(try await answer("edits/remove", masked).hasSuffix("retouch|109"))
      #expect(try await answer("edits/ai-resize", image).hasSuffix("resize|-|-|0"))
      #expect(
        try await answer("edits/ai-resize", masked.adding("aspect_ratio", "9:16"))
          .hasSuffix("resize|9:16|-|109"))
      #expect(
        try await answer(
          "generations/ai-background",
          image.adding("prompt", "a table").adding("seed", "4").adding("style", "product-shoot")
        )
        .hasSuffix("add_background|a table|4"))
    }
  }

  @Test("names the picture or mask that is missing, is none, or is of another size")
  func faults() async throws {
    try await RunningServer.with { server in
      let small = StubEngine.png(PixelSize(width: 8, height: 8))
      let image = FormWriter().adding("image", file: picture)
      let cases: [(String, FormWriter, String)] = [
        ("enhance", FormWriter(), "image"),
        ("enhance", FormWriter().adding("image", file: []), "image"),
        ("enhance", FormWriter().adding("image", file: Array("text".utf8)), "image"),
        ("edits/remove", image, "mask"),
        ("edits/remove", image.adding("mask", file: small), "mask"),
        ("edits/generative-fill", image.adding("mask", file: mask), "prompt"),
        ("edits/ai-resize", image.adding("mask", file: small), "mask"),
        ("edits/ai-resize", image.adding("aspect_ratio", "5:4"), "aspect_ratio"),
        (
          "generations/ai-background",
          image.adding("prompt", "x").adding("style", "anime"), "style"
        ),
      ]
      for (path, form, field) in cases {
        let answer = try await server.post("/v2/image/\(path)", form)
        #expect(answer.status == 400)
        #expect(answer.code == 1100)
        #expect(answer.message.contains("'\(field)'"), "\(path): \(answer.message)")
      }
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
