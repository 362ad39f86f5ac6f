import Foundation
import ImagineAPI
import ImagineTestSupport
import Testing

@testable import ImagineServer

@Suite("A step whose files lie on the disk")
struct FileRouteTests {
  private let path = "/x/files"
  private let first = StubEngine.png(PixelSize(width: 4, height: 3))
  /// Of many pieces.
  private let second =
    StubEngine.png(PixelSize(width: 2, height: 2)) + (0..<700_000).map { UInt8($0 % 251) }

  private func body(_ description: String, _ files: [UInt8]) -> [UInt8] {
    Array((description + "\n").utf8) + files
  }

  private func sheet(_ counts: [Int], fields: String = "{}") -> String {
    #"{"operation":"sheet","fields":\#(fields),"files":{"images":\#(counts)}}"#
  }

  /// The folders that are left of steps.
  private func folders(_ server: RunningServer) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: server.home.path + "/steps")
  }

  @Test("gets them as they were sent, in pieces of any size, and leaves none behind")
  func files() async throws {
    try await RunningServer.with { server in
      let body = body(sheet([first.count, second.count]), first + second)
      let whole = try await server.send(.post, path, body: body)
      #expect(whole.status == 200 && whole.bytes == first + second, "\(whole.text.prefix(200))")

      let connection = try await RawConnection(to: server.address)
      try await connection.write(
        "POST \(path) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\nConnection: close\r\n"
          + "Transfer-Encoding: chunked\r\n\r\n")
      // The pieces end within the description, within a file and at its end.
      let end = body.count - second.count
      for part in [body[..<9], body[9..<(end - 7)], body[(end - 7)..<end], body[end...]] {
        let length = String(part.count, radix: 16)
        try await connection.write(Array("\(length)\r\n".utf8) + part + [13, 10])
      }
      try await connection.write("0\r\n\r\n")
      #expect(try await connection.readToEnd().hasPrefix("HTTP/1.1 200"))
      #expect(try folders(server) == [])
    }
  }

  @Test("is refused with 1100 if its body is malformed, truncated or too long")
  func malformed() async throws {
    try await RunningServer.with {
      $0.limits.fileBytes = 800_000
    } _: { server in
      let count = first.count
      for (body, reason) in [
        ([], "truncated"), (Array("x".utf8), "truncated"), (body("x", []), "the step"),
        (body("{}", []), "the step"), (body(#"{"operation":"crop"}"#, []), "the step"),
        (body(#"{"operation":"sheet"}"#, []), "images"),
        (body(sheet([0]), []), "files"), (body(sheet([-1]), first), "files"),
        (body(sheet([count], fields: #"{"colums":3}"#), first), "colums"),
        (body(sheet([count], fields: #"{"columns":0}"#), first), "columns"),
        (body(sheet([count]), first.dropLast()), "truncated"),
        (body(sheet([count]), first + [0]), "longer"),
        (body(sheet([10]), [UInt8](repeating: 7, count: 10)), "not an image"),
        (body(sheet([count, second.count, second.count]), first + second + second), "larger"),
      ] as [([UInt8], String)] {
        let answer = try await server.send(.post, path, body: body)
        #expect(answer.status == 400 && answer.code == 1100, "\(reason): \(answer.text)")
        #expect(answer.message.contains(reason), "\(answer.message)")
      }
      #expect(try folders(server) == [])
    }
  }

  @Test("leaves nothing behind when its client hangs up, which is the client's fault")
  func hungUp() async throws {
    try await RunningServer.with { server in
      let part = body(sheet([second.count]), Array(second.prefix(400_000)))
      for hasLength in [true, false] {
        let connection = try await RawConnection(to: server.address)
        let framing =
          hasLength
          ? "Content-Length: \(part.count + 9)\r\n\r\n"
          : "Transfer-Encoding: chunked\r\n\r\n\(String(part.count, radix: 16))\r\n"
        try await connection.write(
          "POST \(path) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n\(framing)")
        try await connection.write(part)
        connection.endSending()
        let answer = try await connection.readToEnd()
        #expect(answer.hasPrefix("HTTP/1.1 400"), "\(answer)")
      }
      #expect(try folders(server) == [])
    }
  }

  @Test("waits for the disk that other steps use, of which one token has half")
  func budget() async throws {
    try await RunningServer.with {
      $0.limits.fileBytesInFlight = 1_000_000
    } _: { server in
      let large = try await server.send(
        .post, path, body: body(sheet([second.count]), second))
      #expect(large.code == 1202 && large.headers["retry-after"] != nil, "\(large.text)")
      let small = try await server.send(.post, path, body: body(sheet([first.count]), first))
      #expect(small.status == 200, "\(small.text)")
      #expect(try folders(server) == [])
    }
  }
}
