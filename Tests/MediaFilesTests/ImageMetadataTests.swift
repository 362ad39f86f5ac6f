import MediaFiles
import Testing

@testable import ImagineAPI

@Suite("The metadata of an image describes how it was generated")
struct ImageMetadataTests {
  private func metadata(
    _ fields: [String: Value],
    extra: [String: Value] = [:]
  ) -> ImageMetadata {
    ImageMetadata(
      request: RequestDescription(operation: "generate", fields: fields, extra: extra),
      provider: "imagine", size: PixelSize(width: 1024, height: 1024))
  }

  @Test("the parameters have every pair that readers of AUTOMATIC1111 look for")
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

  @Test("the parameters of a request without a prompt begin with an empty line")
  func withoutPrompt() {
    #expect(metadata([:]).parameters.hasPrefix("\nSteps: 0, Sampler: imagine, Size: "))
  }

  @Test("extra fields that may be a secret, an address or a path are redacted and named")
  func privacy() {
    let redacted = metadata(
      ["prompt": .text("a cat")],
      extra: [
        "api_key": .text("sk-1"), "callback": .text("https://example.com/?s=1"),
        "folder": .text("/home/me"), "strength": .number(0.5), "Auth-Token": .integer(5),
      ])
    #expect(redacted.request.extra == ["strength": .number(0.5)])
    #expect(redacted.redactedFields == ["Auth-Token", "api_key", "callback", "folder"])
    #expect(!redacted.json.contains("sk-1") && !redacted.json.contains("example.com"))
    #expect(ImageMetadata(json: redacted.json) == redacted)
  }

  @Test("7 and 7.0 stay apart, and metadata of older versions is read")
  func numbers() {
    let fields: [String: Value] = ["seed": .integer(7), "guidance_scale": .number(7)]
    let extra: [String: Value] = ["steps": .integer(7), "scale": .number(7), "list": [7, 7.0]]
    let written = metadata(fields, extra: extra)
    let read = ImageMetadata(json: written.json)
    #expect(read?.request.fields == fields && read?.request.extra == extra)
    let older =
      #"{"height":2,"operation":"generate","parents":[],"#
      + #""price":{"amount":2.5,"unit":"USD"},"prompt":"a cat","provider":"imagine","request":"#
      + #"{"extra":{"scale":7},"fields":{"prompt":"a cat","seed":7},"operation":"generate"},"#
      + #""seed":7,"width":3}"#
    let metadata = ImageMetadata(json: older)
    #expect(metadata?.request.extra == ["scale": .integer(7)] && metadata?.seed == 7)
    #expect(metadata?.price == Price(millionths: 2_500_000, unit: "USD"))
    for text in [
      older.replacing("\"USD\"", with: "3"), older.replacing("\"width\":3", with: "\"width\":3.5"),
      older.replacing("\"imagine\"", with: "null"), older.replacing("[]", with: "[}"),
    ] { #expect(ImageMetadata(json: text) == nil) }
  }

  @Test("JSON that is not metadata or is too long gives nil")
  func otherJSON() {
    let json = metadata([:]).json
    for text in ["", "{}", "[1]", "{\"request\":{}}", String(json.dropLast()), "\u{1B}[2J"] {
      #expect(ImageMetadata(json: text) == nil)
    }
    let deep = String(repeating: "[", count: 100_000)
    #expect(ImageMetadata(json: deep) == nil)
    let long = String(repeating: " ", count: ImageMetadata.maxJSONBytes)
    #expect(ImageMetadata(json: long + json) == nil)
  }

  @Test("XMP metadata is read from the JSON it carries, and is nil without it")
  func xmp() {
    let written = metadata(["prompt": .text("<a> & \"b\"")])
    #expect(ImageMetadata(xmp: written.xmp(carriesJSON: true)) == written)
    #expect(ImageMetadata(xmp: written.xmp(carriesJSON: false)) == nil)
    #expect(ImageMetadata(xmp: "imagine:metadata=\"") == nil)
    #expect(ImageMetadata(xmp: "<imagine:metadata>&amp;&bad;&</imagine:metadata>") == nil)
  }

  @Test("printable text has no terminal control characters")
  func printable() {
    #expect("a\n\tZürich 猫".printable == "a\n\tZürich 猫")
    #expect("\u{1B}[31mred\u{7}".printable == "\\u{1B}[31mred\\u{7}")
    #expect("\u{9B}2J\r\u{202E}abc".printable == "\\u{9B}2J\\u{D}\\u{202E}abc")
  }
}
