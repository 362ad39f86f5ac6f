import Foundation
import ImagineAPI
import ImagineTestSupport
import Synchronization
import Testing

@testable import ImagineServer

@Suite("A connection")
struct ConnectionTests {
  private let path = "/v2/image/generations"
  private let form = FormWriter(["prompt": "a cat", "style": "anime", "seed": "1"])

  private func post(_ fields: String = "", version: String = "1.1") -> [UInt8] {
    let body = form.bytes
    return Array(
      ("POST \(path) HTTP/\(version)\r\nHost: x\r\nAuthorization: Bearer test\r\n\(fields)"
        + "Content-Type: multipart/form-data; boundary=\(form.boundary)\r\n"
        + "Content-Length: \(body.count)\r\n\r\n").utf8) + body
  }

  /// The server's answers to some bytes, until it closes.
  private func answers(
    to text: String, at server: RunningServer
  ) async throws -> [(status: Int, head: String, body: String)] {
    let connection = try await RawConnection(to: server.address)
    try await connection.write(text)
    var rest = try await connection.readToEnd()[...]
    var answers: [(Int, String, String)] = []
    while let end = rest.firstRange(of: "\r\n\r\n") {
      let head = rest[..<end.lowerBound].lowercased()
      rest = rest[end.upperBound...]
      let length = head.firstMatch(of: /content-length: (\d+)/).flatMap { Int($0.1) } ?? 0
      let body = String(decoding: Array(rest.utf8.prefix(length)), as: UTF8.self)
      rest = rest[rest.utf8.index(rest.startIndex, offsetBy: body.utf8.count)...]
      let status = head.split(separator: " ").dropFirst().first.flatMap { Int($0) }
      answers.append((status ?? 0, head, body))
    }
    return answers
  }

  @Test("of HTTP/1.0 closes after the answer, unless the client asks for keep-alive")
  func oldVersion() async throws {
    try await RunningServer.with { server in
      let once = try await answers(to: "GET /healthz HTTP/1.0\r\n\r\n", at: server)
      #expect(once.map(\.status) == [200])
      #expect(once[0].head.contains("connection: close"))
      let kept = try await answers(
        to: "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /healthz HTTP/1.0\r\n\r\n",
        at: server)
      #expect(kept.map(\.status) == [200, 200])
      #expect(kept[0].head.contains("connection: keep-alive"))
    }
  }

  @Test("closes if its client says so, in any letter case and in a list")
  func closing() async throws {
    try await RunningServer.with { server in
      for word in ["close", "Close", "foo, close"] {
        let text = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: \(word)\r\n\r\n"
        let given = try await answers(to: text + text, at: server)
        #expect(given.map(\.status) == [200], "\(word)")
      }
    }
  }

  @Test("answers pipelined requests in order")
  func pipelining() async throws {
    try await RunningServer.with { server in
      let text = (0..<20).map { "GET /v2/video/\($0)/status HTTP/1.1\r\nHost: x\r\n\r\n" }.joined()
      let given = try await answers(
        to: text + "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", at: server)
      #expect(given.map(\.status) == [Int](repeating: 400, count: 20) + [200])
    }
  }

  @Test(
    "answers an invalid HTTP/1.1 request with 400 and the reason, then closes",
    arguments: [
      "GET /healthz HTTP/1.1\r\n\r\n",
      "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
      "GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n",
      "GET /healthz HTTP/1.1\r\nHost: a/b\r\n\r\n",
      "GET /healthz HTTP/1.1\r\nHost: a:99999\r\n\r\n",
      "GET /healthz HTTP/1.1\r\nHost: [::1\r\n\r\n",
      "GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n",
      "GET /healthz HTTP/1.1\r\nHost: x\r\nA: \u{1}\r\n\r\n",
      "GET /healthz\r\n\r\n",
      "GET  HTTP/1.1\r\nHost: x\r\n\r\n",
      "POST /x/convert HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
      "POST /x/convert HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 6\r\n\r\nhello",
      "POST /x/convert HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
      "POST /x/convert HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello",
      "POST /x/convert HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
      "POST /x/convert HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
      "POST /x/convert HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
      "POST /x/convert HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\r\n\r\n",
    ])
  func malformed(text: String) async throws {
    try await RunningServer.with { server in
      let given = try await answers(to: text, at: server)
      #expect(given.count == 1, "\(given)")
      #expect(given.first.map { [400, 405, 505].contains($0.status) } == true, "\(given)")
      #expect(given.first?.head.contains("connection: close") == true)
      #expect(given.first?.body.contains("\"code\":1100") == true, "\(given)")
      // The same after a valid request.
      let behind = try await answers(
        to: "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + text, at: server)
      #expect(behind.count == 2 && behind[0].status == 200, "\(behind)")
      #expect(behind.last?.body.contains("\"code\":1100") == true, "\(behind)")
    }
  }

  @Test("answers a broken head in the words of its API, also to a client that still sends its body")
  func malformedDialect() async throws {
    try await RunningServer.with { server in
      let body = String(repeating: "x", count: 100_000)
      let given = try await answers(
        to: "POST /v1/images/generations HTTP/1.1\r\nHost: a b\r\nContent-Length: 100000\r\n\r\n"
          + body, at: server)
      #expect(given.map(\.status) == [400])
      #expect(given.first?.body.contains("\"error\":{") == true, "\(given)")
      let ours = try await answers(to: "GET /v2/x HTTP/1.1\r\nHost: a b\r\n\r\n", at: server)
      #expect(ours.first?.body.contains("\"code\":1100") == true, "\(ours)")
    }
  }

  @Test("uses the host of an absolute target instead of Host")
  func absoluteForm() async throws {
    try await RunningServer.with { server in
      let good = try await answers(
        to: "GET http://127.0.0.1/healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        at: server)
      #expect(good.map(\.status) == [200])
      let foreign = try await answers(
        to: "GET http://evil.example/healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        at: server)
      #expect(foreign.map(\.status) == [421])
    }
  }

  @Test("answers a header that is too large with 431")
  func largeHeader() async throws {
    try await RunningServer.with { server in
      let text = String(repeating: "x", count: 200_000)
      let given = try await answers(
        to: "GET /healthz HTTP/1.1\r\nHost: x\r\nA: \(text)\r\n\r\n", at: server)
      #expect(given.map(\.status) == [431])
    }
  }

  @Test(
    "gives one answer to a request whose body fails after the answer",
    arguments: [
      "POST /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n"
        + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
      "POST /x/convert HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n",
      "POST /x/convert HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n"
        + "Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "FFFFFFFFFFFFFFFFF\r\n",
    ])
  func brokenBody(text: String) async throws {
    try await RunningServer.with { server in
      let given = try await answers(to: text, at: server)
      #expect(given.count == 1, "\(given)")
      #expect(given.first?.body.isEmpty == false)
    }
  }

  @Test("stays open after a refused short body, and closes after a refused long one")
  func refusedBodies() async throws {
    try await RunningServer.with {
      $0.limits.lingerSeconds = 0.3
      $0.limits.bodyBytes = 1 << 20
    } _: { server in
      let short = try await answers(
        to: "POST /x/convert HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
          + "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", at: server)
      #expect(short.map(\.status) == [400, 200])
      let connection = try await RawConnection(to: server.address)
      try await connection.write(
        "POST /x/convert HTTP/1.1\r\nHost: x\r\nContent-Length: 30000000000\r\n\r\n")
      var sent = 0
      let piece = [UInt8](repeating: 0, count: 65536)
      while sent < 1 << 30, (try? await connection.write(piece)) != nil { sent += piece.count }
      #expect(sent < 64 << 20)
    }
  }

  @Test("answers a client that has closed its sending side")
  func halfClosed() async throws {
    let engine = StubEngine(paintGate: .init(open: false))
    try await RunningServer.with(engine: engine) {
      $0.limits.probeSeconds = 0.05
    } _: { server in
      let connection = try await RawConnection(to: server.address)
      try await connection.write(post())
      connection.endSending()
      // The server probes the client regularly.
      #expect(try await connection.line()?.hasPrefix("HTTP/1.1 102") == true)
      engine.paintGate.open()
      let rest = try await connection.readToEnd()
      #expect(rest.contains("HTTP/1.1 200 OK"))
      #expect(rest.contains("a cat|anime|1"))
    }
  }

  @Test("closes if its client is gone, even if the client only closed its sending side")
  func gone() async throws {
    let engine = StubEngine(paintGate: .init(open: false))
    try await RunningServer.with(engine: engine) {
      $0.limits.probeSeconds = 0.02
      $0.limits.imageThreads = 1
    } _: { server in
      let first = Task { try await server.post(path, form) }
      _ = try await eventually { engine.begun.withLock { $0 } == 1 ? true : nil }
      var connection: RawConnection? = try await RawConnection(to: server.address)
      try await connection?.write(post())
      // The probe shows that the server noticed the closed sending side.
      connection?.endSending()
      #expect(try await connection?.line()?.contains("102") == true)
      connection = nil
      // The next probe fails, and the server closes its side.
      _ = try await eventually { try halfClosed(server) == 0 ? true : nil }
      engine.paintGate.open()
      #expect(try await first.value.status == 200)
      #expect(try await server.post(path, form).status == 200)
      #expect(engine.painted.withLock { $0 } == 2)
    }
  }

  /// The connections of a server whose clients closed their sending side, as the system lists them.
  private func halfClosed(_ server: RunningServer) throws -> Int {
    let port = try #require(server.address.split(separator: ":").last.flatMap { Int($0) })
    let digits = String(port, radix: 16, uppercase: true)
    let place = ":" + String(repeating: "0", count: 4 - digits.count) + digits
    return try String(contentsOfFile: "/proc/net/tcp", encoding: .utf8)
      .split(separator: "\n").map { $0.split(separator: " ") }
      .count { $0.count > 3 && $0[1].hasSuffix(place) && $0[3] == "08" }
  }

  @Test("that closes within a body runs no partial request")
  func cutBody() async throws {
    try await RunningServer.with { server in
      let head =
        "POST \(path) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n"
        + "Content-Type: multipart/form-data; boundary=\(form.boundary)\r\n"
      let body = String(decoding: form.bytes, as: UTF8.self)
      let length = String(body.utf8.count, radix: 16)
      for text in [
        head + "Content-Length: \(body.utf8.count + 1)\r\n\r\n\(body)",
        head + "Transfer-Encoding: chunked\r\n\r\n\(length)\r\n\(body)\r\n",
      ] {
        let connection = try await RawConnection(to: server.address)
        try await connection.write(text)
        connection.endSending()
        let answer = try await connection.readToEnd()
        #expect(answer.hasPrefix("HTTP/1.1 400"), "\(answer)")
      }
      #expect(server.engine.painted.withLock { $0 } == 0)
    }
  }

  @Test("is evicted when idle at the limit, and a flood evicts itself")
  func eviction() async throws {
    let engine = StubEngine(paintGate: .init(open: false))
    try await RunningServer.with(engine: engine) {
      $0.limits.connections = 8
    } _: { server in
      let busy = try await RawConnection(to: server.address)
      try await busy.write(post("Connection: close\r\n"))
      _ = try await eventually { engine.begun.withLock { $0 } == 1 ? true : nil }
      var idle: [RawConnection] = []
      for _ in 0..<40 { idle.append(try await RawConnection(to: server.address)) }
      let last = try await RawConnection(to: server.address)
      try await last.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try await last.line()?.contains("200") == true)
      // The flood evicted itself: the earlier connection still works.
      #expect(try await idle[3].readToEnd() == "")
      try await idle[0].write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try await idle[0].line()?.contains("200") == true)
      engine.paintGate.open()
      #expect(try await busy.readToEnd().contains("a cat|anime|1"))
    }
  }

  @Test("is not evicted while busy: a new one waits until the answer is sent")
  func crowd() async throws {
    let engine = StubEngine(paintGate: .init(open: false))
    try await RunningServer.with(engine: engine) {
      $0.limits.connections = 4
    } _: { server in
      var busy: [RawConnection] = []
      for _ in 0..<4 {
        busy.append(try await RawConnection(to: server.address))
        try await busy.last?.write(post())
      }
      _ = try await eventually { engine.begun.withLock { $0 } == 2 ? true : nil }
      let next = try await RawConnection(to: server.address)
      try await next.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
      engine.paintGate.open()
      #expect(try await next.line()?.contains("200") == true)
    }
  }
}

@Suite("A web page")
struct WebPageTests {
  private func status(
    _ server: RunningServer, host: String, origin: String?
  ) async throws -> String {
    let connection = try await RawConnection(to: server.address)
    try await connection.write(
      "GET /v2/video/x/status HTTP/1.1\r\nHost: \(host)\r\nAuthorization: Bearer t\r\n"
        + (origin.map { "Origin: \($0)\r\n" } ?? "") + "Connection: close\r\n\r\n")
    let line = try await connection.line() ?? ""
    return String(line.split(separator: " ")[1])
  }

  private func expect(
    _ expected: Int, _ server: RunningServer, host: String, origin: String?,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let given = try await status(server, host: host, origin: origin)
    #expect(
      given == "\(expected)", "\(host), \(origin ?? "-")", sourceLocation: sourceLocation)
  }

  @Test("cannot use a server that accepts any token, by any name for this machine")
  func rebinding() async throws {
    try await RunningServer.with {
      $0.publicAddress = "https://images.example.org"
    } _: { server in
      for host in [
        "127.0.0.1", "127.0.0.1:80", "localhost:3", "a.localhost", "[::1]:8", "x", "LOCALHOST",
        "images.example.org", "IMAGES.example.org:1",
      ] {
        try await expect(404, server, host: host, origin: nil)
        try await expect(404, server, host: "x", origin: "http://\(host)")
      }
      for host in [
        "attacker.example:8080", "127.0.0.1.attacker.example", "localhost.attacker.example",
        "attacker.example.", "1.2.3", "1.2.3.256",
      ] {
        try await expect(421, server, host: host, origin: nil)
        try await expect(403, server, host: "x", origin: "http://\(host)")
      }
      try await expect(403, server, host: "x", origin: "null")
      try await expect(403, server, host: "x", origin: "file://")
    }
  }

  @Test("can use a server with a token list if it has a token")
  func listed() async throws {
    let digest = Authentication.digest(of: "t")
    try await RunningServer.with {
      $0.authentication = .listed(TokenList(entries: [digest: .init()]))
    } _: { server in
      try await expect(404, server, host: "images.example.net", origin: "https://a.example")
    }
  }
}
