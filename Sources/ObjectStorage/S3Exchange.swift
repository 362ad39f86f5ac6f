import AsyncHTTPClient
import ImagineAPI
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A request for an object, or for the bucket. Each may be sent again.
struct S3Request: Sendable {
  var method: HTTPMethod
  /// Nil for the bucket.
  var name: String?
  var query: [(name: String, value: String)] = []
  var headers: [(name: String, value: String)] = []
  var body = S3Body.none

  /// For errors and logs.
  var description: String { "\(method.rawValue) \(name ?? "the bucket")" }
}

/// Signs requests, sends them, and sends those again that may succeed later.
final class S3Exchange: Sendable {
  /// How long requests may take, in seconds.
  struct Patience: Sendable {
    var connect = 5.0
    /// Without a byte in either direction.
    var stall = 20.0
    /// One attempt, apart from the time of its bytes.
    var attempt = 30.0
    /// All attempts, apart from the time of their bytes.
    var all = 60.0
    /// The slowest line that is enough.
    var bytesPerSecond = 256_000.0
    /// Before the second attempt; it doubles each time.
    var firstPause = 0.1
    var attempts = 5
  }

  let location: S3Location
  private let credentials: S3Credentials
  let signature: S3Signature
  let patience: Patience
  private let client: HTTPClient
  private let logger: Logger
  /// Seconds since 1970.
  let now: @Sendable () -> Double

  /// - Throws: ``ImagineError`` of kind `io` if the certificates cannot be read.
  init(
    _ location: S3Location, _ credentials: S3Credentials, patience: Patience, logger: Logger,
    now: @escaping @Sendable () -> Double
  ) throws(ImagineError) {
    self.location = location
    self.credentials = credentials
    self.patience = patience
    self.logger = logger
    self.now = now
    signature = S3Signature(credentials: credentials, region: location.region)
    var configuration = HTTPClient.Configuration()
    configuration.timeout.connect = .milliseconds(Int64(patience.connect * 1000))
    configuration.timeout.read = .milliseconds(Int64(patience.stall * 1000))
    configuration.timeout.write = .milliseconds(Int64(patience.stall * 1000))
    configuration.redirectConfiguration = .disallow
    configuration.httpVersion = .http1Only
    configuration.connectionPool.retryConnectionEstablishment = false
    // Services close idle connections after a few seconds.
    configuration.connectionPool.idleTimeout = .seconds(4)
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
    if let path = location.trustedCertificates {
      var tls = TLSConfiguration.makeClientConfiguration()
      tls.trustRoots = .certificates(try Self.certificates(in: path))
      configuration.tlsConfiguration = tls
    }
    client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }

  // The library demands a shutdown; requests in flight keep it alive until they end.
  deinit { client.shutdown { _ in } }

  private static func certificates(
    in path: String
  ) throws(ImagineError) -> [NIOSSLCertificate] {
    do {
      return try NIOSSLCertificate.fromPEMFile(path)
    } catch {
      throw ImagineError(.io, "cannot read \(path) as PEM certificates", field: "ca_file")
    }
  }

  /// Sends a request until it is answered with success.
  ///
  /// - Parameters:
  ///   - received: bytes that the answer may have.
  ///   - read: reads the answer; called again for another attempt.
  /// - Throws: ``S3Error``; what `read` throws; `CancellationError`.
  func send<Answer: Sendable>(
    _ request: S3Request, receiving received: Int = 1 << 20,
    _ read: @escaping @Sendable (S3Answer) async throws -> Answer
  ) async throws -> Answer {
    let bytes = Double(request.body.byteCount + received) / patience.bytesPerSecond
    let end = ContinuousClock.now + .seconds(patience.all + bytes)
    var attempt = 1
    while true {
      do {
        return try await once(request, seconds: patience.attempt + bytes, read)
      } catch let error as S3Error where error.isRetryable && attempt < patience.attempts {
        let pause = max(
          error.retryAfter ?? 0,
          patience.firstPause * Double(1 << (attempt - 1)) * .random(in: 0.5...1))
        guard ContinuousClock.now + .clamped(seconds: pause) < end else { throw error }
        logger.debug(
          "an object storage is asked again",
          metadata: ["cause": .string("\(error)"), "attempt": .stringConvertible(attempt)])
        try await Task.sleep(for: .clamped(seconds: pause))
        attempt += 1
      }
    }
  }

  /// One attempt. Its errors are ``S3Error``, unless `read` throws another one.
  private func once<Answer: Sendable>(
    _ request: S3Request, seconds: Double,
    _ read: @escaping @Sendable (S3Answer) async throws -> Answer
  ) async throws -> Answer {
    do {
      return try await withDeadline(seconds) { [self] in
        try await answer(request, seconds: seconds, read)
      }
    } catch let error as S3Error {
      throw error
    } catch let error as ImagineError {
      throw error
    } catch  where Task.isCancelled {
      throw CancellationError()
    } catch {
      throw S3Error(
        request: request.description, message: Self.reason(error, location.endpoint),
        isRetryable: !(error is NIOSSLError || error is NIOSSLExtraError))
    }
  }

  private func answer<Answer: Sendable>(
    _ request: S3Request, seconds: Double,
    _ read: @Sendable (S3Answer) async throws -> Answer
  ) async throws -> Answer {
    let response = try await client.execute(
      signed(request), deadline: .now() + .milliseconds(Int64(seconds * 1000)))
    let answer = S3Answer(request: request.description, response: response)
    guard (200..<300).contains(response.status.code) else {
      let after = response.headers.first(name: "retry-after").flatMap(Double.init)
      throw S3Error(
        request: request.description, status: Int(response.status.code),
        body: try await answer.beginning(), retryAfter: after.flatMap { $0 >= 0 ? $0 : nil },
        credentials: credentials)
    }
    return try await read(answer)
  }

  /// A request with its signature, made for now.
  private func signed(_ request: S3Request) -> HTTPClientRequest {
    let time = SigningTime(now())
    var headers = request.headers
    headers += [
      ("host", location.endpoint.host), ("x-amz-date", time.text),
      ("x-amz-content-sha256", request.body.sha256),
    ]
    if let token = credentials.sessionToken { headers.append(("x-amz-security-token", token)) }
    let path = location.path(request.name)
    let query = S3Signature.canonical(request.query)
    var result = HTTPClientRequest(
      url: "\(location.endpoint)\(path)" + (query.isEmpty ? "" : "?\(query)"))
    result.method = request.method
    for (name, value) in headers { result.headers.add(name: name, value: value) }
    result.headers.add(
      name: "authorization",
      value: signature.authorization(
        of: .init(
          method: request.method.rawValue, path: path, query: request.query, headers: headers,
          payload: request.body.sha256), at: time))
    switch request.body {
    case .none: if request.method == .PUT || request.method == .POST { result.body = .bytes([]) }
    case .bytes(let bytes): result.body = .bytes(bytes)
    case .file(let path, let offset, let count, _):
      result.body = .stream(
        FilePieces(path: path, offset: offset, count: count), length: .known(Int64(count)))
    }
    return result
  }

  private static func reason(_ error: any Error, _ endpoint: S3Endpoint) -> String {
    let text =
      switch error {
      case is DeadlinePassed, HTTPClientError.deadlineExceeded as HTTPClientError:
        "no answer in time"
      case let error as HTTPClientError: error.shortDescription
      case let error as NIOConnectionError:
        error.connectionErrors.first.map { "\($0.error)" } ?? "the host is unknown"
      default: "\(error)"
      }
    return "\(endpoint): \(text)"
  }
}

/// An answer of success, whose body is not read yet.
struct S3Answer: Sendable {
  let request: String
  fileprivate let response: HTTPClientResponse

  fileprivate init(request: String, response: HTTPClientResponse) {
    self.request = request
    self.response = response
  }

  func header(_ name: String) -> String? { response.headers.first(name: name) }

  /// The body in pieces; throws if it ends too early.
  func forEachPiece(_ body: (ByteBuffer) async throws -> Void) async throws {
    var rest = header("content-length").flatMap { Int($0) }
    for try await piece in response.body {
      rest = rest.map { $0 - piece.readableBytes }
      try await body(piece)
    }
    guard rest ?? 0 == 0 else {
      throw S3Error(request: request, message: "the answer is not complete", isRetryable: true)
    }
  }

  /// The whole body.
  ///
  /// - Throws: ``S3Error`` past the limit, in bytes.
  func bytes(upTo limit: Int = 8 << 20) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    try await forEachPiece { piece in
      bytes += piece.readableBytesView
      guard bytes.count <= limit else {
        throw S3Error(
          request: request, message: "the answer is larger than \(limit) bytes",
          isRetryable: false)
      }
    }
    return bytes
  }

  /// The first bytes of an error's body.
  fileprivate func beginning() async throws -> [UInt8] {
    var bytes: [UInt8] = []
    for try await piece in response.body {
      bytes += piece.readableBytesView.prefix((64 << 10) - bytes.count)
      if bytes.count >= 64 << 10 { break }
    }
    return bytes
  }

  /// The body as XML.
  func document() async throws -> S3Document {
    guard let document = S3Document(try await bytes()) else {
      throw S3Error(request: request, message: "the answer is no XML", isRetryable: false)
    }
    return document
  }
}

private struct DeadlinePassed: Error {}

/// Cancels work that takes too long.
private func withDeadline<Value: Sendable>(
  _ seconds: Double, _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
  try await withThrowingTaskGroup(of: Value.self) { group in
    group.addTask(operation: work)
    group.addTask {
      try await Task.sleep(for: .seconds(seconds))
      throw DeadlinePassed()
    }
    defer { group.cancelAll() }
    guard let value = try await group.next() else { throw CancellationError() }
    return value
  }
}
