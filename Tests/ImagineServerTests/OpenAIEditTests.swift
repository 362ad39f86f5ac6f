import Foundation
import ImagineAPI
import ImagineTestSupport
import MediaFiles
import Testing

@testable import ImagineServer

@Suite("The OpenAI-style edits")
struct OpenAIEditTests {
  private let path = "/v1/images/edits"
  private let image = StubEngine.png(PixelSize(width: 64, height: 32))
  private let mask = StubEngine.clearPNG(PixelSize(width: 64, height: 32))

  private var form: FormWriter {
    FormWriter(["prompt": "a boat", "response_format": "b64_json"])
  }

  private func content(_ answer: Answer) throws -> String {
    String(decoding: try answer.image.dropFirst(24), as: UTF8.self)
  }

  @Test(
    "paints the prompt where the mask is transparent, whatever the name of the image's part",
    arguments: ["image", "image[]"])
  func masks(name: String) async throws {
    try await RunningServer.with { server in
      let answer = try await server.post(
        path, form.adding("mask", file: mask).adding(name, file: image))
      #expect(answer.status == 200, "\(answer.text)")
      // The mask that the engine gets is the stub's conversion, which ends with its quality.
      let last = String(Conversion.standardQuality).utf8.last ?? 0
      #expect(try content(answer) == "fill|a boat|\(last)")
      #expect(ImageHeader(try answer.image)?.size == PixelSize(width: 64, height: 32))
    }
  }

  @Test("takes JSON with data URLs too")
  func json() async throws {
    try await RunningServer.with { server in
      func url(_ bytes: [UInt8]) -> String {
        "data:image/png;base64,\(Data(bytes).base64EncodedString())"
      }
      let answer = try await server.postJSON(
        path,
        """
        {"prompt":"a boat","response_format":"b64_json","mask":{"image_url":"\(url(mask))"},
         "images":[{"image_url":"\(url(image))"}]}
        """)
      #expect(try content(answer).hasPrefix("fill|a boat|"))
    }
  }

  @Test("gives a cut-out a background, each from the next seed, where there is no mask")
  func backgrounds() async throws {
    try await RunningServer.with { server in
      let answer = try await server.post(
        path, form.adding("n", "2").adding("seed", "5").adding("image", file: mask))
      #expect(try content(answer) == "add_background|a boat|5")
      #expect(try answer.images.compactMap { $0["seed"] as? Int } == [5, 6])
    }
  }

  @Test("scales the result to a size, and streams it")
  func output() async throws {
    try await RunningServer.with { server in
      let masked = form.adding("mask", file: mask).adding("image", file: image)
      let scaled = try await server.post(path, masked.adding("size", "100x100"))
      #expect(ImageHeader(try scaled.image)?.size == PixelSize(width: 100, height: 100))
      let stream = try await server.post(path, masked.adding("stream", "true"))
      #expect(stream.text.hasPrefix("event: image_edit.completed\ndata: {"))
    }
  }

  @Test("refuses what it cannot do, and names the field")
  func faults() async throws {
    let image = form.adding("image", file: image)
    let masked = image.adding("mask", file: mask)
    let cases: [(FormWriter, String)] = [
      (image, "mask"), (form, "image"),
      (image.adding("mask", file: self.image), "mask"),
      (image.adding("mask", file: StubEngine.clearPNG(.init(width: 8, height: 8))), "mask"),
      (image.adding("mask", file: Array("text".utf8)), "mask"),
      (form.adding("image", file: []), "image"),
      (form.adding("image[]", file: self.image).adding("image[]", file: self.image), "image"),
      (masked.adding("n", "2"), "n"), (masked.adding("background", "transparent"), "background"),
      (masked.adding("size", "4096x4096"), "size"),
      (masked.adding("input_fidelity", "exact"), "input_fidelity"),
      (FormWriter().adding("image", file: self.image).adding("mask", file: mask), "prompt"),
    ]
    try await RunningServer.with { server in
      for (form, field) in cases {
        let answer = try await server.post(path, form)
        #expect(answer.status == 400, "\(field): \(answer.text)")
        #expect(try answer.fault["param"] as? String == field, "\(answer.text)")
      }
      let model = try await server.post(path, masked.adding("model", "none"))
      #expect(model.status == 404)
      let remote = try await server.postJSON(
        path, #"{"prompt":"a","image":{"image_url":"http://example.org/a.png"}}"#)
      #expect(try remote.fault["param"] as? String == "image")
    }
  }

  @Test("of the built-in engine change what is transparent in the mask, and nothing else")
  func pixels() async throws {
    let folder = try TemporaryFolder()
    let server = try ServerProcess(["--home", folder.file("home"), "--port", "0"])
    let address = try await server.address()
    defer { server.signal(SIGTERM) }
    func file(_ name: String, _ bytes: [UInt8]) throws -> String {
      let path = folder.file(name)
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      return path
    }
    let red = try file("red.png", PixelImage.png(width: 96, height: 64) { _, _ in [200, 30, 30] })
    let left = try file(
      "left.png",
      PixelImage.png(width: 96, height: 64, channels: 4) { column, _ in
        [0, 0, 0, column < 48 ? 0 : 255]
      })
    let token = ["-H", "Authorization: Bearer test"]
    let text = try await ServerProcess.curl(
      token + [
        "\(address)/v1/images/edits", "-F", "image=@\(red)", "-F", "mask=@\(left)", "-F",
        "prompt=the blue sea under a clear sky", "-F", "response_format=b64_json",
      ])
    let list = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    let entry = (list?["data"] as? [[String: Any]])?.first
    let bytes = try #require(
      (entry?["b64_json"] as? String).flatMap { Data(base64Encoded: $0) }, "\(text.prefix(300))")
    let edited = try file("edited.png", Array(bytes))
    /// The share of pixels that differ in a half.
    func changed(from column: Int) async throws -> Double {
      var halves: [String] = []
      for (name, path) in [("a", red), ("b", edited)] {
        let half = folder.file("\(name)\(column).png")
        _ = try await ServerProcess.curl(
          token + [
            "\(address)/x/step", "-o", half, "-F", "base.0=@\(path)", "-F",
            #"step={"operation":"crop","fields":{"x":\#(column),"width":48}}"#,
          ])
        halves.append(half)
      }
      let numbers = try await ServerProcess.curl(
        token + [
          "\(address)/x/step", "-F", "base.0=@\(halves[0])", "-F", "image.0=@\(halves[1])", "-F",
          #"step={"operation":"difference","fields":{}}"#,
        ])
      let json = try JSONSerialization.jsonObject(with: Data(numbers.utf8)) as? [String: Any]
      return try #require(json?["changed"] as? Double, "\(numbers)")
    }
    #expect(try await changed(from: 0) > 0.9)
    #expect(try await changed(from: 48) == 0)
  }
}
