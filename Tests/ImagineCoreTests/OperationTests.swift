import ImagineCore
import Testing

@Suite("A request is checked against the one description of its operation")
struct OperationTests {
  @Test("a script's call gets the host's defaults")
  func defaults() throws {
    let request = try Operation.generate.request(from: ["prompt": .text("a cat")], by: .script)
    #expect(request.style == "imagine-turbo")
    #expect(request.aspectRatio == .square)
    #expect(request.seed == nil)
  }

  @Test("the wire must name a style, though the script need not")
  func styleOnTheWire() {
    let error = #expect(throws: ImagineError.self) {
      try Operation.generate.request(from: ["prompt": .text("a cat")], by: .wire)
    }
    #expect(error?.kind == .validation)
    #expect(error?.field == "style")
    #expect(error?.allowed == ImageStyle.allCases.map(\.rawValue))
    #expect(error?.message.contains("anime, flux-dev") == true)
  }

  @Test("a range is told as people write numbers")
  func range() {
    let field = Field("guidance_scale", .number(0...1.5), .optional, summary: "")
    #expect(field.expectation == "a number from 0 to 1.5")
  }

  @Test(
    "a misspelt field names the right one",
    arguments: [("promt", "prompt"), ("aspect", "aspect_ratio"), ("sead", "seed")])
  func misspelt(given: String, meant: String) {
    let error = #expect(throws: ImagineError.self) {
      try Operation.generate.request(from: [given: .text("x"), "prompt": .text("y")], by: .script)
    }
    #expect(error?.field == given)
    #expect(error?.message.contains("did you mean '\(meant)'?") == true)
  }

  @Test("the wire's unknown fields are ignored")
  func unknownOnTheWire() throws {
    let arguments: [String: Argument] = [
      "prompt": .text("a cat"), "style": .text("anime"), "high_res_results": .text("1"),
    ]
    #expect(throws: Never.self) { try Operation.generate.request(from: arguments, by: .wire) }
  }

  @Test(
    "spelling is forgiven where the meaning is clear",
    arguments: [("SDXL 1.0", "sdxl-1.0"), ("Flux_Dev", "flux-dev"), ("ANIME", "anime")])
  func forgiving(given: String, meant: String) throws {
    let request = try Operation.generate.request(
      from: ["prompt": .text("a cat"), "style": .text(given)], by: .script)
    #expect(request.style == meant)
  }

  @Test("a number may be written as text")
  func numberAsText() throws {
    let request = try Operation.generate.request(
      from: ["prompt": .text("a cat"), "seed": .text("12")], by: .script)
    #expect(request.seed == 12)
  }

  @Test(
    "a seed that is none names the field and what it takes",
    arguments: [Argument.integer(0), .number(1.5), .text("abc"), .boolean(true), .text("")])
  func badSeed(seed: Argument) {
    let error = #expect(throws: ImagineError.self) {
      try Operation.generate.request(from: ["prompt": .text("a cat"), "seed": seed], by: .script)
    }
    #expect(error?.field == "seed")
    #expect(error?.message.contains("an integer of at least 1") == true)
  }

  @Test("a value that is not listed is answered with the list")
  func badChoice() {
    let error = #expect(throws: ImagineError.self) {
      try Operation.generate.request(
        from: ["prompt": .text("a cat"), "aspect_ratio": .text("5:4")], by: .script)
    }
    #expect(error?.allowed == AspectRatio.allCases.map(\.rawValue))
    #expect(error?.message.contains("\"5:4\"") == true)
  }

  @Test("an empty prompt is no prompt", arguments: ["", "  ", "\n"])
  func emptyPrompt(prompt: String) {
    #expect(throws: ImagineError.self) {
      try Operation.generate.request(from: ["prompt": .text(prompt)], by: .script)
    }
  }

  @Test("the wire takes a picture to animate as file or as image", arguments: ["file", "image"])
  func animateAliases(name: String) throws {
    let request = try Operation.animate.request(
      from: ["prompt": .text("x"), "style": .text("fast-svd"), name: .picture(.bytes([1]))],
      by: .wire)
    #expect(request["image"]?.picture == .bytes([1]))
  }

  @Test("an operation without a seed is left without one")
  func seedless() throws {
    let request = try Operation.video.request(from: ["prompt": .text("waves")], by: .script)
    #expect(request.with(seed: 7).seed == nil)
  }

  @Test("every operation has a name and a path of its own")
  func distinct() {
    #expect(Set(Operation.all.map(\.name)).count == Operation.all.count)
    #expect(Set(Operation.all.map(\.path)).count == Operation.all.count)
  }
}
