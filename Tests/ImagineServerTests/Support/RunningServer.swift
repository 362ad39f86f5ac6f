import AsyncHTTPClient
import Foundation
import ImagineAPI
import ImagineServer
import ImagineTestSupport
import Logging
import NIOCore
import NIOHTTP1
import ServerStore
import ServiceLifecycle
import Testing

/// A service in this process, on its own port.
struct RunningServer: Sendable {
  let address: String
  let home: TemporaryFolder
  let engine: StubEngine
  let store: SQLiteServiceStore
  /// Starts an orderly shutdown.
  let stop: @Sendable () async -> Void

  /// Runs a service while `body` runs.
  static func with(
    engine: StubEngine = StubEngine(), children: ChildEngine? = nil, home: TemporaryFolder? = nil,
    faults: StoreFaults? = nil, configure: (inout ServiceConfiguration) -> Void = { _ in },
    _ body: (RunningServer) async throws -> Void
  ) async throws {
    let folder = try home ?? TemporaryFolder()
    let directory = try DataDirectory(folder.path)
    let store = try SQLiteServiceStore(path: directory.database)
    var configuration = ServiceConfiguration(
      address: .tcp(host: "127.0.0.1", port: 0), authentication: .anyToken, limits: Limits(cores: 2)
    )
    configure(&configuration)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let service = try ImagineService(
      configuration, dataDirectory: directory, engine: children ?? engine,
      store: faults.map { FaultyStore(store, $0) } ?? store,
      logger: logger)
    let (addresses, continuation) = AsyncStream.makeStream(of: String.self)
    let group = ServiceGroup(
      configuration: .init(
        services: [
          .init(service: Serving(service: service) { continuation.yield("\($0)") })
        ], logger: logger))
    let running = Task { try await group.run() }
    let ended = Task {
      _ = try? await running.value
      continuation.finish()
    }
    guard let address = await addresses.first(where: { _ in true }) else {
      try await running.value
      return
    }
    do {
      try await body(
        RunningServer(
          address: address, home: folder, engine: engine, store: store,
          stop: { await group.triggerGracefulShutdown() }))
    } catch {
      engine.paintGate.open()
      await group.triggerGracefulShutdown()
      await ended.value
      throw error
    }
    engine.paintGate.open()
    await group.triggerGracefulShutdown()
    try await running.value
  }

  private struct Serving: Service {
    let service: ImagineService
    let onReady: @Sendable (ServiceAddress) -> Void

    func run() async throws {
      try await service.run { onReady($0) }
    }
  }
}

/// The methods that tests use.
enum Method: String {
  case get = "GET"
  case head = "HEAD"
  case post = "POST"
  case delete = "DELETE"
}

/// A complete answer.
struct Answer: Sendable {
  let status: Int
  /// By lower-case name.
  let headers: [String: String]
  let bytes: [UInt8]

  var text: String { String(decoding: bytes, as: UTF8.self) }

  /// The body as a JSON object.
  var json: [String: Any] {
    get throws {
      try #require(
        try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any],
        "\(text.prefix(200))")
    }
  }

  /// The error code of a `/v2` error answer.
  var code: Int? {
    guard let fault = try? json, fault["status"] as? String == "error",
      fault["error"] is String, let message = fault["message"] as? String, !message.isEmpty
    else { return nil }
    return fault["code"] as? Int
  }

  var message: String { (try? json["message"] as? String) ?? "" }
}

extension RunningServer {
  /// Follows no redirect.
  private static let client = HTTPClient(
    eventLoopGroupProvider: .singleton,
    configuration: .init(redirectConfiguration: .disallow))

  /// Sends a request and reads its answer.
  func send(
    _ method: Method, _ path: String, token: String? = "test",
    headers: [(String, String)] = [], body: [UInt8]? = nil
  ) async throws -> Answer {
    var request = HTTPClientRequest(url: path.hasPrefix("http") ? path : address + path)
    request.method = .init(rawValue: method.rawValue)
    if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    if let body { request.body = .bytes(body) }
    let response = try await Self.client.execute(request, timeout: .seconds(60))
    let bytes = try await response.body.collect(upTo: 64 << 20)
    return Answer(
      status: Int(response.status.code),
      headers: Dictionary(
        response.headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { $1 }),
      bytes: Array(bytes.readableBytesView))
  }

  /// Posts a form.
  func post(
    _ path: String, _ form: FormWriter, token: String? = "test"
  ) async throws -> Answer {
    try await send(
      .post, path, token: token,
      headers: [("Content-Type", "multipart/form-data; boundary=\(form.boundary)")],
      body: form.bytes)
  }

  /// Submits a video job and returns its id.
  func submitVideo(_ prompt: String, token: String = "test") async throws -> String {
    let answer = try await post(
      "/v2/video/text-to-video", FormWriter(["prompt": prompt, "style": "fast-svd"]),
      token: token)
    return try #require(try answer.json["id"] as? String, "\(answer.text)")
  }

  /// The status answer of a video.
  func video(_ id: String, token: String = "test") async throws -> [String: Any] {
    let answer = try await send(.get, "/v2/video/\(id)/status", token: token)
    return try #require(try answer.json["video"] as? [String: Any], "\(answer.text)")
  }

  /// Polls until a video's status is one of `states`.
  func video(
    _ id: String, until states: Set<String>, token: String = "test"
  ) async throws -> [String: Any] {
    try await eventually {
      let video = try await self.video(id, token: token)
      return states.contains(video["status"] as? String ?? "") ? video : nil
    }
  }
}

/// Polls until there is an answer. Fails after five minutes, which is long enough for a busy machine.
func eventually<Value>(
  _ question: () async throws -> Value?, sourceLocation: SourceLocation = #_sourceLocation
) async throws -> Value {
  let deadline = ContinuousClock.now + .seconds(300)
  while ContinuousClock.now < deadline {
    if let value = try await question() { return value }
    try await Task.sleep(for: .milliseconds(10))
  }
  return try #require(nil as Value?, "it did not happen", sourceLocation: sourceLocation)
}

/// A body of `multipart/form-data`.
struct FormWriter {
  let boundary: String
  private(set) var parts: [UInt8] = []

  init(
    _ fields: KeyValuePairs<String, String> = [:], boundary: String = "test-boundary"
  ) {
    self.boundary = boundary
    for (name, value) in fields { add(name, value) }
  }

  mutating func add(_ name: String, _ value: String) {
    parts += Array(
      "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n".utf8)
  }

  mutating func add(_ name: String, file: [UInt8]) {
    parts += Array(
      """
      --\(boundary)\r\nContent-Disposition: form-data; name="\(name)"; filename="a.png"\r\n\
      Content-Type: image/png\r\n\r\n
      """.utf8)
    parts += file + [13, 10]
  }

  func adding(_ name: String, _ value: String) -> FormWriter {
    var copy = self
    copy.add(name, value)
    return copy
  }

  func adding(_ name: String, file: [UInt8]) -> FormWriter {
    var copy = self
    copy.add(name, file: file)
    return copy
  }

  var bytes: [UInt8] { parts + Array("--\(boundary)--\r\n".utf8) }
}
