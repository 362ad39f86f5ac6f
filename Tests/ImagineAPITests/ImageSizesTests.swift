import ImagineAPI
import Testing

@Suite("A size is checked by what the model makes")
struct ImageSizesTests {
  private func request(
    _ arguments: [String: Value], sizes: [PixelSize]? = nil
  ) throws -> Request {
    let service = OpenAIService(sizes: sizes)
    return try #require(service.operations.first).request(
      from: arguments.merging(["prompt": "x"]) { $1 }, source: .script)
  }

  @Test(
    "a size that the model makes is asked for",
    arguments: [
      ("gpt-image-2", "1280x720", "1280x720"), ("gpt-image-2.5-flare", "3840x2160", "3840x2160"),
      ("openai/gpt-image-2.6-sunburst", "512x1536", "512x1536"), ("gpt-image-2", "auto", "auto"),
      ("gpt-image-1.5", "1536x1024", "1536x1024"), ("chatgpt-image-latest", "auto", "auto"),
      ("sd-1.5", "520x520", "520x520"), ("sd-1.5", "1K", "1K"),
    ])
  func allowed(model: String, size: String, asked: String) throws {
    #expect(
      try request(["model": .text(model), "size": .text(size)]).requestedSize() == asked)
  }

  @Test(
    "another size is refused by its name",
    arguments: [
      ("gpt-image-2", "1000x1000"), ("gpt-image-2", "4096x1024"), ("gpt-image-2", "2160x2160x1"),
      ("gpt-image-2", "1600x512"), ("gpt-image-2", "3840x3840"), ("gpt-image-1.5", "1280x720"),
    ])
  func refused(model: String, size: String) throws {
    let error = #expect(throws: ImagineError.self) {
      try request(["model": .text(model), "size": .text(size)])
    }
    #expect(error?.field == "size" && error?.message.contains("expected") == true)
  }

  @Test("each aspect ratio has an exact size at gpt-image-2", arguments: AspectRatio.allCases)
  func ratios(ratio: AspectRatio) throws {
    let size = try request(["model": "gpt-image-2", "aspect_ratio": .text(ratio.rawValue)])
      .requestedSize().flatMap(PixelSize.init(_:))
    #expect(size == ratio.pixelSize)
    #expect(ImageSizes.flexible.contains(try #require(size)))
  }

  @Test("configured sizes replace those that a model is known for")
  func configured() throws {
    let sizes = [PixelSize(width: 512, height: 512), PixelSize(width: 768, height: 512)]
    let asked = try request(["model": "gpt-image-2", "aspect_ratio": "3:2"], sizes: sizes)
    #expect(try asked.requestedSize() == "768x512")
    #expect(throws: ImagineError.self) {
      try request(["model": "gpt-image-2", "size": "1024x1024"], sizes: sizes)
    }
  }

  @Test(
    "what contradicts itself is refused before anything is sent",
    arguments: [
      (["size": "1024x1024", "aspect_ratio": "1:1"], "aspect_ratio"),
      (["background": "transparent", "output_format": "jpeg"], "output_format"),
      (["model": "gpt-image-1.5", "aspect_ratio": "16:9"], "aspect_ratio"),
      (["output_compression": 101], "output_compression"), (["moderation": "none"], "moderation"),
    ] as [([String: Value], String)])
  func contradictions(fields: [String: Value], field: String) {
    let error = #expect(throws: ImagineError.self) {
      try request(["model": "gpt-image-2"].merging(fields) { $1 })
    }
    #expect(error?.field == field)
  }

  @Test("an edit takes 16 images with its own")
  func images() throws {
    let operation = try #require(OpenAIService(model: "m").operations.first { $0.name == "fill" })
    func fill(_ references: Int) throws {
      _ = try operation.request(
        from: ["prompt": "x"],
        images: [
          "image": [.bytes([])], "mask": [.bytes([])],
          "images": Array(repeating: .bytes([]), count: references),
        ], source: .script)
    }
    try fill(15)
    let error = #expect(throws: ImagineError.self) { try fill(16) }
    #expect(error?.field == "images")
  }
}
