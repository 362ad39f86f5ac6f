import Foundation
import ImagineAPI
import ImagineTestSupport
import ImagineTesting
import Synchronization

@testable import ImagineServer

/// An OpenAI-style service that counts its calls in flight.
final class UpstreamStub: Sendable {
  private struct Calls {
    var inFlight = 0
    var most = 0
  }

  private let calls: CallCounter
  private let server: StubServer

  private final class CallCounter: Sendable {
    let calls = Mutex(Calls())
  }

  /// - Parameter answer: of a request for images.
  init(
    models: [String] = ["m"],
    _ answer: @escaping StubServer.Handler = { _ in UpstreamStub.image(SampleMedia.png) }
  ) async throws {
    let counter = CallCounter()
    calls = counter
    server = try await StubServer { request in
      if request.target.hasSuffix("/models") {
        let list = models.map { "{\"id\":\"\($0)\"}" }.joined(separator: ",")
        return .json(200, "{\"data\":[\(list)]}")
      }
      counter.calls.withLock { calls in
        calls.inFlight += 1
        calls.most = max(calls.most, calls.inFlight)
      }
      defer { counter.calls.withLock { $0.inFlight -= 1 } }
      return await answer(request)
    }
  }

  var address: String { server.address }
  /// The most calls that were in flight at once.
  var most: Int { calls.calls.withLock { $0.most } }
  var inFlight: Int { calls.calls.withLock { $0.inFlight } }
  func close() async { await server.close() }

  /// The requests for images.
  var requests: [StubServer.Request] {
    server.requests.filter { !$0.target.hasSuffix("/models") }
  }

  /// The fields of the JSON of the last of them.
  var fields: [String: Value] {
    requests.last.flatMap { try? Value(json: $0.body) }?.table ?? [:]
  }

  static func image(_ bytes: [UInt8], count: Int = 1) -> StubServer.Answer {
    let entry = "{\"b64_json\":\"\(Data(bytes).base64EncodedString())\"}"
    let entries = Array(repeating: entry, count: count).joined(separator: ",")
    return .json(200, "{\"data\":[\(entries)]}")
  }

  /// Its lines in a settings file.
  func settings(_ more: String, name: String = "stub") -> String {
    Self.settings(more, name: name, address: "\(address)/v1")
  }

  static func settings(
    _ more: String, name: String, kind: String = "openai", address: String
  ) -> String {
    """
    [[upstream]]
    name = "\(name)"
    kind = "\(kind)"
    base_url = "\(address)"
    \(more)

    """
  }
}

extension UpstreamDescription {
  static func all(in text: String) throws -> [UpstreamDescription] {
    let folder = try TemporaryFolder()
    try FileSystem.write(text, to: folder.file("server.toml"))
    return try ServerSettings(file: folder.file("server.toml")).upstreams
  }
}

extension RunningServer {
  /// Posts JSON to `/v1/images/generations`.
  func images(_ json: String, token: String = "test") async throws -> Answer {
    try await send(
      .post, "/v1/images/generations", token: token,
      headers: [("Content-Type", "application/json")], body: Array(json.utf8))
  }

  func generate(_ style: String, token: String = "test") async throws -> Answer {
    try await post(
      "/v2/image/generations", FormWriter(["prompt": "a cat", "style": style]), token: token)
  }
}

extension Answer {
  /// The images of an answer of `/v1` with their bytes.
  func base64Images() throws -> [[UInt8]] {
    let entries = try json["data"] as? [[String: Any]] ?? []
    return entries.compactMap { entry in
      (entry["b64_json"] as? String).flatMap { Data(base64Encoded: $0) }.map { Array($0) }
    }
  }
}
