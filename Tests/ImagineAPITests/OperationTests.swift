import ImagineAPI
import Testing

@Suite("A request is validated against the description of its operation")
struct OperationTests {
  @Test("a call of a script gets the host's defaults")
  func defaults() throws {
    let request = try MediaOperation.generate.request(
      from: ["prompt": .text("a cat")], source: .script)
    #expect(request.style == "imagine-turbo")
    #expect(request.aspectRatio == .square)
    #expect(request.seed == nil)
  }

  @Test("a wire request must name a style; a script's call need not")
  func styleOnTheWire() {
    let error = #expect(throws: ImagineError.self) {
      try MediaOperation.generate.request(from: ["prompt": .text("a cat")], source: .wire)
    }
    #expect(error?.kind == .validation)
    #expect(error?.field == "style")
    #expect(error?.allowed == ImageStyle.allCases.map(\.rawValue))
    #expect(error?.message.contains("anime, flux-dev") == true)
  }

  @Test("a range is described without needless decimals")
  func range() {
    let field = Field("guidance_scale", .number(0...1.5), .optional, summary: "")
    #expect(field.expectation == "a number from 0 to 1.5")
  }

  @Test(
    "a misspelt field gets a suggestion",
    arguments: [("promt", "prompt"), ("aspect", "aspect_ratio"), ("sead", "seed")])
  func misspelt(given: String, meant: String) {
    let error = #expect(throws: ImagineError.self) {
      try MediaOperation.generate.request(
        from: [given: .text("x"), "prompt": .text("y")], source: .script)
    }
    #expect(error?.field == given)
    #expect(error?.message.contains("did you mean '\(meant)'?") == true)
  }

  @Test("unknown fields of a wire request are ignored")
  func unknownOnTheWire() throws {
    let arguments: [String: Value] = [
      "prompt": .text("a cat"), "style": .text("anime"), "high_res_results": .text("1"),
    ]
    #expect(throws: Never.self) {
      try MediaOperation.generate.request(from: arguments, source: .wire)
    }
  }

  @Test(
    "case and separators in a style's name are ignored",
    arguments: [("SDXL 1.0", "sdxl-1.0"), ("Flux_Dev", "flux-dev"), ("ANIME", "anime")])
  func forgiving(given: String, meant: String) throws {
    let request = try MediaOperation.generate.request(
      from: ["prompt": .text("a cat"), "style": .text(given)], source: .script)
    #expect(request.style == meant)
  }

  @Test("a number may be given as a string")
  func numberAsText() throws {
    let request = try MediaOperation.generate.request(
      from: ["prompt": .text("a cat"), "seed": .text("12")], source: .script)
    #expect(request.seed == 12)
  }

  @Test(
    "an invalid seed is an error that names the field and its range",
    arguments: [Value.integer(0), .number(1.5), .text("abc"), .flag(true), .text("")])
  func badSeed(seed: Value) {
    let error = #expect(throws: ImagineError.self) {
      try MediaOperation.generate.request(
        from: ["prompt": .text("a cat"), "seed": seed], source: .script)
    }
    #expect(error?.field == "seed")
    #expect(error?.message.contains("an integer of at least 1") == true)
  }

  @Test("a value that is not allowed is an error with the allowed values")
  func badChoice() {
    let error = #expect(throws: ImagineError.self) {
      try MediaOperation.generate.request(
        from: ["prompt": .text("a cat"), "aspect_ratio": .text("5:4")], source: .script)
    }
    #expect(error?.allowed == AspectRatio.allCases.map(\.rawValue))
    #expect(error?.message.contains("\"5:4\"") == true)
  }

  @Test("an empty prompt is refused", arguments: ["", "  ", "\n"])
  func emptyPrompt(prompt: String) {
    #expect(throws: ImagineError.self) {
      try MediaOperation.generate.request(from: ["prompt": .text(prompt)], source: .script)
    }
  }

  @Test(
    "a wire request may name the image to animate `file` or `image`", arguments: ["file", "image"])
  func animateAliases(name: String) throws {
    let request = try MediaOperation.animate.request(
      from: ["prompt": .text("x"), "style": .text("fast-svd")], images: [name: [.bytes([1])]],
      source: .wire)
    #expect(request.images == ["image": [.bytes([1])]])
  }

  @Test("an operation that takes no seed gets none")
  func seedless() throws {
    let request = try MediaOperation.video.request(
      from: ["prompt": .text("waves")], source: .script)
    #expect(request.with(seed: 7).seed == nil)
  }

  @Test(
    "the seeds of a call's images follow each other in the field's range",
    arguments: [
      (Int64(4), 0, Int64(4)), (4, 2, 6), (.max, 0, .max), (.max, 1, 1), (.max - 1, 3, 2),
    ])
  func seeds(first: Int64, index: Int, seed: Int64) {
    #expect(MediaOperation.generate.seed(first, plus: index) == seed)
  }

  @Test("every operation has a unique name and path")
  func distinct() {
    #expect(Set(MediaOperation.all.map(\.name)).count == MediaOperation.all.count)
    #expect(Set(MediaOperation.all.map(\.path)).count == MediaOperation.all.count)
  }
}
