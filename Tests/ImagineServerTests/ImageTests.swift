import Foundation
import ImagineAPI
import MediaFiles
import Testing

@testable import ImagineServer

@Suite("Text to Image")
struct ImageTests {
  private let path = "/v2/image/generations"

  @Test("returns an image of its aspect ratio's size, the same for an equal request")
  func images() async throws {
    try await RunningServer.with { server in
      for ratio in AspectRatio.allCases {
        let form = FormWriter([
          "prompt": "a cat", "style": "anime", "aspect_ratio": ratio.rawValue, "seed": "5",
        ])
        let first = try await server.post(path, form)
        #expect(first.status == 200)
        #expect(first.headers["content-type"] == "image/png")
        #expect(first.headers["x-imagine-seed"] == "5")
        #expect(ImageHeader(first.bytes)?.size == ratio.pixelSize)
        #expect(try await server.post(path, form).bytes == first.bytes)
      }
    }
  }

  @Test("defaults to a square image and a random seed, which it returns")
  func defaults() async throws {
    try await RunningServer.with { server in
      let form = FormWriter(["prompt": "a cat", "style": "imagine-turbo"])
      var seeds: Set<Int64> = []
      for _ in 0..<5 {
        let answer = try await server.post(path, form)
        #expect(ImageHeader(answer.bytes)?.size == PixelSize(width: 1024, height: 1024))
        let seed = try #require(answer.headers["x-imagine-seed"].flatMap { Int64($0) })
        #expect((1...2_147_483_647).contains(seed))
        seeds.insert(seed)
      }
      #expect(seeds.count == 5)
    }
  }

  @Test("accepts variants of style names, and ignores unknown fields")
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

@Suite("An operation on an image")
struct EditTests {
  private let image = StubEngine.png(PixelSize(width: 64, height: 32))
  private let mask = StubEngine.png(PixelSize(width: 64, height: 32), content: "m")

  @Test("reaches the engine with its fields, each at its own path")
  func operations() async throws {
    try await RunningServer.with { server in
      func answer(_ path: String, _ form: FormWriter) async throws -> String {
        let answer = try await server.post("/v2/image/\(path)", form)
        #expect(answer.status == 200, "\(path): \(answer.text)")
        #expect(answer.headers["content-type"] == "image/png")
        return String(answer.text.drop { $0 != "|" && !$0.isLetter })
      }
      let image = FormWriter().adding("image", file: image)
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

  @Test("names the image or mask that is missing, invalid or of another size")
  func faults() async throws {
    try await RunningServer.with { server in
      let small = StubEngine.png(PixelSize(width: 8, height: 8))
      let image = FormWriter().adding("image", file: image)
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
  @Test("changes format and size")
  func conversion() async throws {
    try await RunningServer.with { server in
      let image = StubEngine.png(PixelSize(width: 64, height: 32))
      let answer = try await server.post(
        "/x/convert",
        FormWriter(["format": "webp", "width": "16", "quality": "70", "fit": "cover"])
          .adding("image", file: image))
      #expect(answer.status == 200)
      #expect(ImageHeader(answer.bytes)?.size == PixelSize(width: 16, height: 32))
      #expect(answer.text.hasSuffix("webp|cover|70"))
    }
  }

  @Test("a thumbnail keeps the image's shape within the box, which must be small")
  func thumbnail() async throws {
    try await RunningServer.with { server in
      let image = StubEngine.png(PixelSize(width: 640, height: 320))
      func answer(_ fields: KeyValuePairs<String, String>) async throws -> Answer {
        try await server.post("/x/thumbnail", FormWriter(fields).adding("image", file: image))
      }
      let small = try await answer(["width": "40", "height": "40"])
      #expect(small.status == 200)
      let thumbnail = Thumbnail(portablePixmap: small.bytes)
      #expect(thumbnail?.size == PixelSize(width: 40, height: 20))
      for (fields, field) in [
        (["width": "40"], "height"), (["width": "2000", "height": "1"], "width"),
      ] as [(KeyValuePairs<String, String>, String)] {
        let refused = try await answer(fields)
        #expect(refused.code == 1100)
        #expect(refused.message.contains("'\(field)'"), "\(refused.message)")
      }
    }
  }

  @Test("refuses an invalid image or an unwritable format, and names the field")
  func faults() async throws {
    try await RunningServer.with { server in
      let image = StubEngine.png(PixelSize(width: 64, height: 32))
      let cases: [(KeyValuePairs<String, String>, [UInt8], String)] = [
        (["format": "png"], Array("not an image".utf8), "image"),
        (["format": "bmp"], image, "format"),
        (["width": "0"], image, "width"),
        (["width": "16384", "height": "16384"], image, "width"),
        (["quality": "101"], image, "quality"),
        (["fit": "squeeze"], image, "fit"),
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
