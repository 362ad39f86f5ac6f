import Foundation
import HostStore
import ImagineAPI
import ImagineTestSupport
import Logging
import Synchronization
import Testing

@testable import ImagineProviders

/// Mutates a few bytes anywhere in an answer: head, framing, JSON or media.
@Suite("No mutated answer crashes the process")
struct FuzzedAnswerTests {
  /// Seeded, so that a failure can be reproduced.
  private struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      return mixed ^ (mixed >> 31)
    }
  }

  private static let base64 = Data(TinyImage.png).base64EncodedString()

  private static func framed(_ status: String, _ body: [UInt8], _ headers: String = "") -> [UInt8] {
    Array("HTTP/1.1 \(status)\r\nContent-Length: \(body.count)\r\n\(headers)\r\n".utf8) + body
  }

  private static func json(_ status: String, _ text: String) -> [UInt8] {
    framed(status, Array(text.utf8), "Content-Type: application/json\r\n")
  }

  /// The answers that are mutated.
  private static let answers: [[UInt8]] = [
    framed("200 OK", TinyImage.png, "Content-Type: image/png\r\n"),
    Array(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\nX: y\r\n\r\n".utf8),
    Array("HTTP/1.0 200 OK\r\n\r\n".utf8) + TinyImage.png,
    json("200 OK", #"{"data":[{"b64_json":"\#(base64)"},{"url":"/f.png"}]}"#),
    json(
      "200 OK",
      #"{"images":["\#(base64)"],"parameters":{},"info":"{\"all_seeds\":[7],\"infotexts\":[\"a\"]}"}"#
    ),
    json("200 OK", #"{"id":"v1","status":"processing","error":null}"#),
    json(
      "200 OK",
      #"{"status":"success","video":{"uuid":"v","status":"finished","progress":0.5,"created_at":"x","code":2,"error":{"message":"m"},"url":{"generation":["/v.mp4"],"thumbnail":null}}}"#
    ),
    json("429 Busy", #"{"status":"error","code":1202,"error":"TooMany","message":"m"}"#),
    framed(
      "503 X", Array("busy".utf8),
      "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\nx-ratelimit-limit: 50\r\nDate: x\r\n"),
    framed("422 X", Array(#"{"detail":[{"loc":["body","size"],"msg":"m"}]}"#.utf8)),
    framed("502 X", Array("<html><head><title>Bad gateway</title></head></html>".utf8)),
    framed("307 X", [], "Location: //127.0.0.1:1/x\r\n"),
    framed("206 X", Array("ftypisom".utf8), "Content-Range: bytes 0-7/8\r\nETag: \"a\"\r\n"),
  ]

  /// Texts that have crashed parsers before.
  private static let hostile = [
    "-1", "99999999999999999999", "1e999", "NaN", "null", "\u{0}", "\r\n\r\n", "[[[[[[[[",
    "\\ud800",
    "http://127.0.0.1:70000/", "\u{FEFF}", "{\"a\":", "Content-Length: -5\r\n", "\"\"", "%00", "]}",
  ]

  private static func mutated(_ answer: [UInt8], _ generator: inout Generator) -> [UInt8] {
    var bytes = answer
    for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
      let place = Int.random(in: 0..<bytes.count, using: &generator)
      switch Int.random(in: 0..<6, using: &generator) {
      case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
      case 1: bytes.removeSubrange(place..<min(bytes.count, place + 8))
      case 2: bytes.removeSubrange(place...)
      case 3: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 16)], at: place)
      default:
        bytes.insert(
          contentsOf: Array((hostile.randomElement(using: &generator) ?? "").utf8), at: place)
      }
    }
    return bytes
  }

  @Test("three thousand mutated answers give results or errors", arguments: [1, 2, 3])
  func answers(seed: UInt64) async throws {
    let folder = try TemporaryFolder()
    let store = FileAssetStore(root: folder.file("assets"))
    let generator = Mutex(Generator(state: seed))
    let server = try await WireServer { _ in
      let bytes = generator.withLock { generator in
        Self.mutated(Self.answers.randomElement(using: &generator) ?? [], &generator)
      }
      return [.send(bytes), .close]
    }
    var timeouts = HTTPTransport.Timeouts()
    timeouts.call = 20
    timeouts.download = 20
    let transport = HTTPTransport(timeouts: timeouts, logger: Logger(label: "test"))
    let imagine = ImagineProvider(
      name: "imagine", transport: transport,
      endpoint: Endpoint(baseURL: "\(server.address)/v2", token: Token("test-token")))
    let openAI = OpenAIProvider(
      name: "openai", transport: transport,
      endpoint: Endpoint(baseURL: "\(server.address)/v1", token: nil),
      service: OpenAIService(model: "m"))
    let painter = SDAPIProvider(
      name: "gpu", transport: transport, endpoint: Endpoint(baseURL: server.address, token: nil),
      service: SDAPIService())
    let painting = try painter.profile.operation("generate")
      .request(from: ["prompt": .text("x")], source: .script)
    let generate = try MediaOperation.generate.request(
      from: ["prompt": .text("x")], source: .script)
    let video = try MediaOperation.video.request(from: ["prompt": .text("x")], source: .script)
    let foreign = try #require(openAI.profile.operations.first)
      .request(from: ["prompt": .text("x")], source: .script)
    var answered = 0
    for number in 0..<1000 {
      do {
        switch number % 6 {
        case 0:
          _ = try await imagine.outputs(generate, count: 1, options: CallOptions(), into: store)
        case 1:
          _ = try await openAI.outputs(foreign, count: 2, options: CallOptions(), into: store)
        case 2: _ = try await imagine.perform(video, CallContext(store: store))
        case 3: _ = try await imagine.status(of: "v1")
        case 4:
          _ = try await painter.outputs(painting, count: 2, options: CallOptions(), into: store)
        default:
          var download = Download(
            transport: transport,
            source: .service(Endpoint(baseURL: server.address, token: nil)), store: store)
          download.policy = RetryPolicy(retries: 0)
          _ = try await download.fetch("\(server.address)/v.mp4")
        }
        answered += 1
      } catch let error as ImagineError {
        #expect(error.kind != .timeout || error.status != nil, "\(error)")
        #expect(!error.message.isEmpty)
      }
    }
    #expect((1..<1000).contains(answered))
    await server.close()
  }
}
