import Testing

@testable import ImagineCore

@Suite("What a picture tells of its making")
struct PictureMetadataTests {
  private func metadata(
    _ fields: [String: RequestDescription.Scalar],
    extra: [String: RequestDescription.Scalar] = [:]
  ) -> PictureMetadata {
    PictureMetadata(
      request: RequestDescription(operation: "generate", fields: fields, extra: extra),
      provider: "imagine", size: PixelSize(width: 1024, height: 1024))
  }

  @Test("the parameters have every pair that AUTOMATIC1111's readers look for")
  func parameters() {
    let full = metadata(["prompt": .text("a cat"), "style": .text("anime"), "seed": .integer(7)])
    #expect(
      full.parameters
        == "a cat\nSteps: 0, Sampler: imagine, Seed: 7, Size: 1024x1024, Model: anime, "
        + "Version: imagine")
    let other = metadata([
      "prompt": .text("a cat"), "model": .text("org/sd:1.5"), "num_inference_steps": .integer(30),
      "guidance_scale": .number(3.5),
    ])
    #expect(
      other.parameters
        == "a cat\nSteps: 30, Sampler: imagine, CFG scale: 3.5, Size: 1024x1024, "
        + "Model: \"org/sd:1.5\", Version: imagine")
  }

  @Test("the parameters of a request without a prompt are one line behind an empty one")
  func withoutPrompt() {
    #expect(metadata([:]).parameters.hasPrefix("\nSteps: 0, Sampler: imagine, Size: "))
  }

  @Test("what may be a secret, an address or a path is left out of extra fields, and named")
  func privacy() {
    let told = metadata(
      ["prompt": .text("a cat")],
      extra: [
        "api_key": .text("sk-1"), "callback": .text("https://example.com/?s=1"),
        "folder": .text("/home/me"), "strength": .number(0.5), "Auth-Token": .integer(5),
      ])
    #expect(told.request.extra == ["strength": .number(0.5)])
    #expect(told.omitted == ["Auth-Token", "api_key", "callback", "folder"])
    #expect(!told.json.contains("sk-1") && !told.json.contains("example.com"))
    #expect(PictureMetadata(json: told.json) == told)
  }

  @Test("JSON that is something else, or too long, is nil")
  func otherJSON() {
    let json = metadata([:]).json
    for text in ["", "{}", "[1]", "{\"request\":{}}", String(json.dropLast()), "\u{1B}[2J"] {
      #expect(PictureMetadata(json: text) == nil)
    }
    let deep = String(repeating: "[", count: 100_000)
    #expect(PictureMetadata(json: deep) == nil)
    let long = String(repeating: " ", count: PictureMetadata.longestJSON)
    #expect(PictureMetadata(json: long + json) == nil)
  }

  @Test("an attribute or an element of XMP is read, and a packet without either is nil")
  func xmp() {
    let told = metadata(["prompt": .text("<a> & \"b\"")])
    #expect(PictureMetadata(xmp: told.xmp(carriesJSON: true)) == told)
    #expect(PictureMetadata(xmp: told.xmp(carriesJSON: false)) == nil)
    #expect(PictureMetadata(xmp: "imagine:metadata=\"") == nil)
    #expect(PictureMetadata(xmp: "<imagine:metadata>&amp;&bad;&</imagine:metadata>") == nil)
  }

  @Test("text that is shown holds nothing that a terminal obeys")
  func printable() {
    #expect("a\n\tZürich 猫".printable == "a\n\tZürich 猫")
    #expect("\u{1B}[31mred\u{7}".printable == "\\u{1B}[31mred\\u{7}")
    #expect("\u{9B}2J\r\u{202E}abc".printable == "\\u{9B}2J\\u{D}\\u{202E}abc")
  }
}
