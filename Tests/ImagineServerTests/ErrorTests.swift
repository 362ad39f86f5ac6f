import Foundation
import ImagineAPI
import Synchronization
import Testing

@testable import ImagineServer

@Suite("An invalid request")
struct ErrorTests {
  private let path = "/v2/image/generations"

  @Test("gets the documented error with its code and the field's name")
  func codes() async throws {
    try await RunningServer.with { server in
      func answer(_ fields: KeyValuePairs<String, String>) async throws -> Answer {
        try await server.post(path, FormWriter(fields))
      }
      func expect(
        _ answer: Answer, _ status: Int, _ code: Int, _ words: String...,
        sourceLocation: SourceLocation = #_sourceLocation
      ) {
        #expect(answer.status == status, sourceLocation: sourceLocation)
        #expect(answer.code == code, "\(answer.text)", sourceLocation: sourceLocation)
        for word in words {
          #expect(answer.message.contains(word), sourceLocation: sourceLocation)
        }
        #expect(answer.headers["x-request-id"] != nil, sourceLocation: sourceLocation)
      }

      expect(
        try await server.post(path, FormWriter(["prompt": "a", "style": "anime"]), token: nil),
        400, 1000, "Authorization")
      expect(try await server.send(.post, path, headers: []), 400, 1100, "multipart/form-data")
      expect(try await answer(["style": "anime"]), 400, 1100, "prompt")
      expect(try await answer(["prompt": " ", "style": "anime"]), 400, 1100, "prompt")
      expect(try await answer(["prompt": "a"]), 400, 1100, "style")
      expect(
        try await answer(["prompt": "a", "style": "cubism"]), 400, 1100, "style", "cubism",
        "imagine-turbo")
      expect(
        try await answer(["prompt": "a", "style": "anime", "aspect_ratio": "5:4"]), 400, 1100,
        "aspect_ratio", "16:9")
      for seed in ["0", "-1", "x", "1.5", ""] {
        expect(
          try await answer(["prompt": "a", "style": "anime", "seed": seed]), 400, 1100, "seed")
      }
      expect(
        try await answer(["prompt": "a", "prompt": "b", "style": "anime"]), 400, 1100, "prompt",
        "twice")
      expect(try await server.send(.get, "/v2/video/nope/status"), 404, 1100, "nope")
      expect(try await server.send(.get, "/v2/video/status/nope"), 404, 1100, "nope")
      expect(try await server.send(.get, "/v2/assets/nope/status"), 404, 1100, "nope")
      expect(try await server.send(.post, "/v2/assets/nope/status"), 404, 1100, "nope")
      expect(try await server.send(.delete, "/v2/video/nope"), 404, 1100, "nope")
      expect(try await server.send(.delete, "/v2/video/delete/nope"), 404, 1100, "nope")
      expect(try await server.send(.get, "/v2/nothing"), 404, 1100, "/v2/nothing")
      expect(try await server.send(.get, "//"), 404, 1100)
      let wrongMethod = try await server.send(.get, path)
      expect(wrongMethod, 405, 1100, "POST")
      #expect(wrongMethod.headers["allow"] == "POST")
      expect(try await answer(["prompt": "crash", "style": "anime"]), 500, 1300)
    }
  }

  @Test("is refused if its text is not UTF-8")
  func encoding() async throws {
    try await RunningServer.with { server in
      var form = FormWriter(["style": "anime"])
      form.add("prompt", file: [0xFF, 0xFE])
      let answer = try await server.post(path, form)
      #expect(answer.code == 1100)
      #expect(answer.message.contains("prompt"))
    }
  }

  @Test("with a damaged body is 1100, in a thousand variants")
  func damage() async throws {
    try await RunningServer.with { server in
      var generator = SeededGenerator(seed: 11)
      let whole = FormWriter(["prompt": "a cat", "style": "anime", "seed": "3"])
      let text = String(decoding: whole.bytes, as: UTF8.self)
      for number in 0..<1000 {
        let damaged: String
        let place = text.index(
          text.startIndex, offsetBy: Int.random(in: 0..<text.count - 6, using: &generator))
        switch number % 5 {
        case 0: damaged = String(text[..<place])
        case 1: damaged = text.replacing("Content-Disposition", with: "C\(number)")
        case 2: damaged = text.replacing("name=", with: "game=")
        case 3: damaged = text.replacing("\r\n\r\n", with: "\r\n")
        default: damaged = text.replacing("test-boundary--", with: "boundary-\(number)--")
        }
        let answer = try await server.send(
          .post, path,
          headers: [("Content-Type", "multipart/form-data; boundary=\(whole.boundary)")],
          body: Array(damaged.utf8))
        try #require(answer.code == 1100 && answer.status == 400, "\(number): \(answer.text)")
      }
      #expect(server.engine.painted.withLock { $0 } == 0)
    }
  }

  @Test("for an unsupported operation is 1206, before it is queued or charged")
  func notOffered() async throws {
    try await RunningServer.with(engine: StubEngine(unsupported: ["upscale", "animate"])) {
      server in
      let image = StubEngine.png(.init(width: 8, height: 8))
      for path in ["/v2/image/enhance", "/v2/video/image-to-video"] {
        let form = FormWriter(["prompt": "x", "style": "fast-svd"]).adding("image", file: image)
        let answer = try await server.post(path, form)
        #expect(answer.status == 503)
        #expect(answer.code == 1206)
        #expect(answer.message.contains("is not available on this server"))
      }
    }
  }

  @Test("that is not HTTP gets a JSON error")
  func noHTTP() async throws {
    try await RunningServer.with { server in
      for text in ["GARBAGE\r\n\r\n", "GET / HTTP/1.1\r\nbad header\r\n\r\n", "\u{1}\u{2}\r\n\r\n"]
      {
        let connection = try await RawConnection(to: server.address)
        try await connection.write(text)
        let answer = try await connection.readToEnd()
        #expect(answer.hasPrefix("HTTP/1.1 400"))
        #expect(answer.contains("\"code\":1100"), "\(answer)")
      }
    }
  }

  @Test("under /v1 gets OpenAI's error")
  func openAI() async throws {
    try await RunningServer.with { server in
      let faults = [
        (try await server.send(.get, "/v1/nothing"), 404),
        (try await server.send(.get, "/v1/images/generations"), 405),
        (try await server.send(.get, "/v1/models", token: nil), 401),
        (try await server.send(.get, "/v1/models/none"), 404),
        (try await server.send(.post, "/v1/images/generations", body: Array("[1]".utf8)), 400),
      ]
      for (answer, status) in faults {
        #expect(answer.status == status)
        let fault = try #require(try answer.json["error"] as? [String: Any], "\(answer.text)")
        #expect((fault["message"] as? String)?.isEmpty == false)
        #expect((fault["type"] as? String)?.isEmpty == false)
      }
    }
  }
}
