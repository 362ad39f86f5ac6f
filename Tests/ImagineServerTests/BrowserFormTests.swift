import Foundation
import ImagineAPI
import Testing

@testable import ImagineServer

/// Forms of browsers and other clients, byte for byte, over a real socket.
@Suite("A form")
struct BrowserFormTests {
  /// The last byte of the mask that `StubEngine.fill` gets.
  private static let image = StubEngine.png(.init(width: 8, height: 8))

  /// Sends a form for Generative Fill, which has a text and two files.
  private func fill(_ boundary: String, contentType: String, _ body: [UInt8]) async throws {
    try await RunningServer.with { server in
      let answer = try await server.send(
        .post, "/v2/image/edits/generative-fill",
        headers: [("Content-Type", contentType)], body: body)
      #expect(answer.status == 200, "\(answer.text)")
      #expect(answer.text.hasSuffix("fill|a cat ☂|\(Self.image.last ?? 0)"))
    }
  }

  /// A body of parts, each with header lines and content.
  private func body(
    _ boundary: String, _ parts: [(headers: [String], content: [UInt8])], newline: String = "\r\n"
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    for (headers, content) in parts {
      bytes += "--\(boundary)\(newline)".utf8
      bytes += headers.map { $0 + newline }.joined().utf8
      bytes += newline.utf8
      bytes += content
      bytes += newline.utf8
    }
    return bytes + Array("--\(boundary)--\(newline)".utf8)
  }

  private static let prompt = Array("a cat ☂".utf8)

  @Test("from Chrome with a non-ASCII file name is read")
  func chrome() async throws {
    let boundary = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
    let body = body(
      boundary,
      [
        ([#"Content-Disposition: form-data; name="prompt""#], Self.prompt),
        (
          [
            #"Content-Disposition: form-data; name="image"; filename="Größe 猫 %22x%22.png""#,
            "Content-Type: image/png",
          ], Self.image
        ),
        (
          [
            #"Content-Disposition: form-data; name="mask"; filename="mask.png""#,
            "Content-Type: image/png",
          ], Self.image
        ),
      ])
    try await fill(
      boundary, contentType: "multipart/form-data; boundary=\(boundary)", body)
  }

  @Test("from Firefox with files before fields is read")
  func firefox() async throws {
    for boundary in [
      "---------------------------9051914041544843365972754266",
      "----geckoformboundarya4b6c7d8e9f0a1b2c3d4e5f6a7b8c9d0",
    ] {
      let body = body(
        boundary,
        [
          (
            [
              #"Content-Disposition: form-data; name="mask"; filename="mask.png""#,
              "Content-Type: image/png",
            ], Self.image
          ),
          (
            [
              #"Content-Disposition: form-data; name="image"; filename="été.png""#,
              "Content-Type: image/png",
            ], Self.image
          ),
          ([#"Content-Disposition: form-data; name="prompt""#], Self.prompt),
        ])
      try await fill(
        boundary, contentType: "multipart/form-data; boundary=\(boundary)", body)
    }
  }

  @Test("from other clients is read: case, quotes, filename*, lengths, types of text fields")
  func others() async throws {
    let boundary = "batch_'()+,./:=?1"
    let body = body(
      boundary,
      [
        (
          [
            "content-type: text/plain; charset=utf-8", "CONTENT-LENGTH: \(Self.prompt.count)",
            "content-disposition: form-data; name=prompt",
          ], Self.prompt
        ),
        (
          [
            "Content-Disposition: form-data; filename*=UTF-8''%E7%8C%AB.png; name=image",
            "Content-Type: application/octet-stream", "Content-Transfer-Encoding: binary",
          ], Self.image
        ),
        (
          [
            #"Content-Disposition: Form-Data; Name="mask"; FileName="m.png"; FileName*=utf-8''m.png"#
          ],
          Self.image
        ),
      ])
    try await fill(
      boundary, contentType: "Multipart/Form-Data; charset=utf-8; Boundary=\"\(boundary)\"", body)
  }

  @Test("with LF line ends is read")
  func lineFeeds() async throws {
    let files = ["image", "mask"].map { name in
      (
        headers: ["Content-Disposition: form-data; name=\"\(name)\"; filename=\"a.png\""],
        content: Self.image
      )
    }
    let body = body(
      "x", [(["Content-Disposition: form-data; name=\"prompt\""], Self.prompt)] + files,
      newline: "\n")
    try await fill("x", contentType: "multipart/form-data; boundary=x", body)
  }

  @Test("may have quoted values, as on the vendor's pages")
  func quotedValues() async throws {
    try await RunningServer.with { server in
      // From a shell, --form 'prompt="a cat"': curl removes the quotes.
      let form = FormWriter(["prompt": "a cat", "style": "anime", "seed": "5"])
      let answer = try await server.post("/v2/image/generations", form)
      #expect(answer.text.hasSuffix("a cat|anime|5"))
      // A client that keeps the quotes.
      let quoted = FormWriter(["prompt": "\"a cat\"", "style": "\"anime\"", "seed": "\"5\""])
      let same = try await server.post("/v2/image/generations", quoted)
      #expect(same.status == 200, "\(same.text)")
      #expect(same.text.hasSuffix("|anime|5"))
    }
  }
}
