import Foundation
import ImagineAPI
import ImagineTestSupport
import Synchronization
import Testing

@testable import ImagineServer

@Suite("A limit")
struct LimitTests {
  private let path = "/v2/image/generations"
  private let form = FormWriter(["prompt": "a cat", "style": "anime", "seed": "1"])

  @Test("on bodies is 1100, with or without Content-Length")
  func bodies() async throws {
    try await RunningServer.with {
      $0.limits.bodyBytes = 100_000
    } _: { server in
      let large = FormWriter().adding("image", file: [UInt8](repeating: 7, count: 200_000))
      let announced = try await server.post(path, large)
      #expect(announced.code == 1100)
      #expect(announced.message.contains("100000"))

      let connection = try await RawConnection(to: server.address)
      try await connection.write(
        "POST \(path) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\nConnection: close\r\n"
          + "Content-Type: multipart/form-data; boundary=B\r\nTransfer-Encoding: chunked\r\n\r\n")
      for _ in 0..<12 {
        try await connection.write("2710\r\n\(String(repeating: "x", count: 10_000))\r\n")
      }
      try await connection.write("0\r\n\r\n")
      #expect(try await connection.readToEnd().contains("\"code\":1100"))
    }
  }

  @Test(
    "on bodies in memory counts those of calls that wait: one more is 1202 with Retry-After",
    arguments: [false, true])
  func bodiesInFlight(hasKeys: Bool) async throws {
    let engine = StubEngine(paintGate: .init(open: false))
    try await RunningServer.with(engine: engine) {
      $0.limits.bodyBytesInFlight = 400_000
    } _: { server in
      // A part that no operation knows: all that matters is its size.
      let large = form.adding("other", file: [UInt8](repeating: 7, count: 120_000))
      func post(_ token: String) async throws -> Answer {
        try await server.send(
          .post, path, token: token,
          headers: [("Content-Type", "multipart/form-data; boundary=\(large.boundary)")]
            + (hasKeys ? [("Idempotency-Key", token)] : []), body: large.bytes)
      }
      let waiting = (0..<3).map { number in Task { try await post("caller-\(number)") } }
      // Two run and one waits for its turn.
      _ = try await eventually {
        let text = try await server.send(.get, "/metrics", token: nil).text
        let calls = try ParsedMetrics(text)
        return calls.value("imagine_engine_calls", ["state": "running"]) == 2
          && calls.value("imagine_engine_calls", ["state": "waiting"]) == 1 ? true : nil
      }
      let refused = try await post("another-caller")
      #expect(refused.code == 1202, "\(refused.text)")
      #expect(refused.headers["retry-after"].flatMap { Int($0) } ?? 0 >= 1)
      engine.paintGate.open()
      for call in waiting { #expect(try await call.value.status == 200) }
      // All is given back: as many fit again.
      for number in 0..<4 { #expect(try await post("later-\(number)").status == 200) }
    }
  }

  @Test("on pixels is 1100, from the image's header before decoding")
  func pixels() async throws {
    try await RunningServer.with { server in
      let bomb = StubEngine.png(PixelSize(width: 60_000, height: 60_000))
      let answer = try await server.post(
        "/x/convert", FormWriter(["format": "png"]).adding("image", file: bomb))
      #expect(answer.code == 1100)
      #expect(answer.message.contains("60000x60000"))
    }
  }

  @Test("on waiting image calls is 1202 with Retry-After, and the waiting calls are answered")
  func imageQueue() async throws {
    let engine = StubEngine(paintGate: .init(open: false))
    try await RunningServer.with(engine: engine) {
      $0.limits.imageThreads = 1
      $0.limits.imageQueue = 3
    } _: { server in
      let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
        for _ in 0..<10 { group.addTask { try await server.post(path, form) } }
        var answers: [Answer] = []
        for try await answer in group {
          answers.append(answer)
          if answers.count == 6 { engine.paintGate.open() }
        }
        return answers
      }
      #expect(answers.filter { $0.status == 200 }.count == 4)
      let refused = answers.filter { $0.code == 1202 }
      #expect(refused.count == 6)
      #expect(refused.allSatisfy { ($0.headers["retry-after"].flatMap { Int($0) } ?? 0) >= 1 })
    }
  }

  @Test("on waiting image calls ignores a client that hung up, and nothing is painted for it")
  func hungUp() async throws {
    let engine = StubEngine(paintGate: .init(open: false))
    try await RunningServer.with(engine: engine) {
      $0.limits.imageThreads = 1
    } _: { server in
      let first = Task { try await server.post(path, form) }
      _ = try await eventually { engine.begun.withLock { $0 } == 1 ? true : nil }
      var connection: RawConnection? = try await RawConnection(to: server.address)
      let body = String(decoding: form.bytes, as: UTF8.self)
      try await connection?.write(
        "POST \(path) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n"
          + "Content-Type: multipart/form-data; boundary=\(form.boundary)\r\n"
          + "Content-Length: \(body.utf8.count)\r\nExpect: 100-continue\r\n\r\n\(body)")
      // The interim answer shows that the server has the request.
      #expect(try await connection?.read().isEmpty == false)
      connection?.resetAtEnd()
      connection = nil
      // Accepted after the hang-up, so the server has noticed it by then.
      _ = try await server.send(.get, "/healthz")
      let last = Task { try await server.post(path, form) }
      engine.paintGate.open()
      #expect(try await first.value.status == 200)
      #expect(try await last.value.status == 200)
      #expect(engine.painted.withLock { $0 } == 2)
    }
  }

  @Test("on slow clients is 1100 for a client that stops within its body")
  func slowBody() async throws {
    try await RunningServer.with {
      $0.limits.slowClientSeconds = 0.2
    } _: { server in
      let connection = try await RawConnection(to: server.address)
      try await connection.write(
        "POST \(path) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n"
          + "Content-Type: multipart/form-data; boundary=B\r\nContent-Length: 1000\r\n\r\n--B")
      let answer = try await connection.readToEnd()
      #expect(answer.contains("\"code\":1100"), "\(answer)")
    }
  }

  @Test("on slow clients closes the connection of a client that does not read its answer")
  func slowReader() async throws {
    try await RunningServer.with {
      $0.limits.slowClientSeconds = 0.2
    } _: { server in
      // Too large for any socket buffer.
      let id = try await server.submitVideo("waves")
      let done = try await server.video(id, until: ["finished"])
      let address = try #require((done["url"] as? [String: Any])?["generation"] as? String)
      let video = try #require(
        FileManager.default.enumerator(atPath: "\(server.home.path)/jobs/\(id)")?
          .compactMap { $0 as? String }.first { $0.hasSuffix("video.mp4") })
      try Data(count: 64 << 20)
        .write(to: URL(fileURLWithPath: "\(server.home.path)/jobs/\(id)/\(video)"))
      let connection = try await RawConnection(to: server.address)
      try await connection.write(
        "GET \(address.dropFirst(server.address.count)) HTTP/1.1\r\nHost: x\r\n\r\n")
      // The client waits five times as long as allowed.
      try await Task.sleep(for: .seconds(1))
      var count = 0
      while case let piece = try await connection.read(), !piece.isEmpty { count += piece.count }
      #expect(count < 64 << 20)
    }
  }

  @Test("allows clients that send Expect: 100-continue")
  func expectContinue() async throws {
    try await RunningServer.with { server in
      let connection = try await RawConnection(to: server.address)
      let body = form.bytes
      try await connection.write(
        "POST \(path) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\nConnection: close\r\n"
          + "Content-Type: multipart/form-data; boundary=\(form.boundary)\r\n"
          + "Content-Length: \(body.count)\r\nExpect: 100-continue\r\n\r\n")
      let goAhead = String(decoding: try await connection.read(), as: UTF8.self)
      #expect(goAhead.hasPrefix("HTTP/1.1 100"))
      try await connection.write(String(decoding: body, as: UTF8.self))
      #expect(try await connection.readToEnd().hasPrefix("HTTP/1.1 200"))
    }
  }
}
