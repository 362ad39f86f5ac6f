import AsyncHTTPClient
import ImagineCore
public import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Sends requests and reads answers: the one place that touches the HTTP library.
///
/// It knows what a fault says about money: an error from before the request was written is
/// `charged: no` and may be retried; after that, of a billed call, the charge is unknown.
/// It follows no redirect; whoever may follow one decides for itself.
public final class HTTPTransport: Sendable {
  /// How long things may take, in seconds.
  public struct Timeouts: Sendable, Hashable {
    public var connect: Double = 5
    /// From the send to the last byte of the answer of an image call.
    public var call: Double = 120
    /// Between two pieces of a download.
    public var stall: Double = 30

    public init() {}
  }

  public let timeouts: Timeouts
  private let logger: Logger
  /// Opened by the first call: its event loops would be most of the start of a short script.
  private let opened = Mutex<HTTPClient?>(nil)
  private let watchman = Watchman()

  public init(timeouts: Timeouts = Timeouts(), logger: Logger) {
    self.timeouts = timeouts
    self.logger = logger
  }

  deinit {
    // The library insists on it; what is under way keeps it alive until it ends.
    opened.withLock { $0?.shutdown { _ in } }
  }

  private var client: HTTPClient {
    opened.withLock { opened in
      if let opened { return opened }
      let client = HTTPClient(
        eventLoopGroupProvider: .singleton, configuration: Self.configuration(timeouts))
      opened = client
      return client
    }
  }

  private static func configuration(_ timeouts: Timeouts) -> HTTPClient.Configuration {
    var configuration = HTTPClient.Configuration()
    configuration.timeout.connect = .milliseconds(Int64(timeouts.connect * 1000))
    configuration.redirectConfiguration = .disallow
    // A refused connection is ours to retry, by the policy that knows about money.
    configuration.connectionPool.retryConnectionEstablishment = false
    // Shorter than servers keep theirs: a call must not be written to a connection that is closing.
    configuration.connectionPool.idleTimeout = .seconds(4)
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
    return configuration
  }

  /// How long an exchange may take, in seconds.
  enum Limit: Sendable, Hashable {
    /// From the send to the last byte of the answer.
    case total(Double)
    /// Between two pieces of the answer.
    case silence(Double)
  }

  /// What is sent.
  struct Call: Sendable {
    var method: String
    var address: String
    /// As errors name it, such as `POST /image/generations`.
    var endpoint: String
    var authorization: String?
    var contentType: String?
    /// Further headers.
    var headers: [String: String] = [:]
    var body: [UInt8]?
    /// Whether the service bills it.
    var isBilled = false
    var limit: Limit

    /// Without the query: a signed address is a key to what it names.
    var loggedAddress: String { Self.withoutQuery(address) }

    static func withoutQuery(_ address: String) -> String { String(address.prefix { $0 != "?" }) }
  }

  /// Sends a call and reads its answer within a limit.
  ///
  /// - Parameter read: reads the answer; the connection is given back when it returns.
  /// - Throws: what `read` throws, or an ``ImagineError`` of kind `connection`, `timeout`,
  ///   `cancelled`, or `validation` for an address that cannot be called.
  func perform<Result: Sendable>(
    _ call: Call, _ read: @escaping @Sendable (HTTPAnswer) async throws -> Result
  ) async throws -> Result {
    let watch = Watch(limit: call.limit)
    let exchange = Task { try await self.exchange(call, watch: watch, read) }
    watchman.begin(watch) { exchange.cancel() }
    defer { watchman.end(watch) }
    do {
      return try await withTaskCancellationHandler {
        try await exchange.value
      } onCancel: {
        exchange.cancel()
      }
    } catch {
      let fault = Self.fault(watch.overdue ?? error, in: call).withoutSecret(of: call)
      if fault.kind != .cancelled {
        logger.debug(
          "\(call.method) \(call.loggedAddress): \(fault)",
          metadata: ["seconds": "\(watch.elapsed.inSeconds)", "bytes": "\(watch.byteCount)"])
      }
      throw fault
    }
  }

  private func exchange<Result: Sendable>(
    _ call: Call, watch: Watch, _ read: @Sendable (HTTPAnswer) async throws -> Result
  ) async throws -> Result {
    // The limit is the watch's; the library's own deadline ends at the head of the answer.
    let response = try await client.execute(Self.request(for: call), deadline: .distantFuture)
    let answer = HTTPAnswer(call: call, response: response, watch: watch)
    let result: Result
    do {
      result = try await read(answer)
    } catch var error as ImagineError
      where call.isBilled && answer.status == 200 && error.kind == .io
    {
      // The service did its work, and only keeping the answer failed.
      error.charged = .yes
      throw error
    }
    logger.debug(
      "\(call.method) \(call.loggedAddress)",
      metadata: [
        "status": "\(answer.status)", "seconds": "\(watch.elapsed.inSeconds)",
        "bytes": "\(answer.byteCount)",
      ])
    return result
  }

  private static func request(for call: Call) -> HTTPClientRequest {
    var request = HTTPClientRequest(url: call.address)
    request.method = HTTPMethod(rawValue: call.method)
    request.headers.add(name: "User-Agent", value: "imagine")
    request.headers.add(name: "Accept", value: "*/*")
    if let authorization = call.authorization {
      request.headers.add(name: "Authorization", value: authorization)
    }
    if let contentType = call.contentType {
      request.headers.add(name: "Content-Type", value: contentType)
    }
    for (name, value) in call.headers { request.headers.replaceOrAdd(name: name, value: value) }
    if let body = call.body { request.body = .bytes(ByteBuffer(bytes: body)) }
    return request
  }

  /// What an error of the HTTP library means.
  static func fault(_ error: any Error, in call: Call) -> ImagineError {
    let unknown: ImagineError.Charged = call.isBilled ? .unknown : .no
    func broken(_ reason: String) -> ImagineError {
      ImagineError(
        .connection, "\(call.endpoint): the connection broke: \(reason)",
        retryable: !call.isBilled, charged: unknown, endpoint: call.endpoint)
    }
    func unreached(_ reason: String) -> ImagineError {
      ImagineError(
        .connection, "\(call.loggedAddress) cannot be reached: \(reason)", retryable: true,
        endpoint: call.endpoint)
    }
    switch error {
    case let error as ImagineError:
      return error
    case is CancellationError, HTTPClientError.cancelled as HTTPClientError:
      return ImagineError(
        .cancelled, "\(call.endpoint) was cancelled", charged: unknown, endpoint: call.endpoint)
    case let overdue as Watch.Overdue:
      return ImagineError(
        .timeout, "\(call.endpoint): \(overdue.description)", retryable: !call.isBilled,
        charged: unknown, endpoint: call.endpoint)
    case let error as HTTPClientError where neverConnected.contains(error):
      return unreached(error.shortDescription)
    case let error as HTTPClientError where neverSent.contains(error):
      return ImagineError(
        .validation, "\(call.loggedAddress) cannot be called: \(error.shortDescription)",
        endpoint: call.endpoint)
    case let error as HTTPClientError:
      return broken(error.shortDescription)
    case let error as NIOConnectionError:
      return unreached(Self.reason(of: error))
    case let error as IOError where connectFaults.contains(error.errnoCode):
      return unreached(String(cString: strerror(error.errnoCode)))
    case is NIOSSLError, is NIOSSLExtraError:
      return unreached("TLS: \(error)")
    default:
      return broken("\(error)")
    }
  }

  private static let neverConnected: [HTTPClientError] = [
    .connectTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout,
  ]
  private static let neverSent: [HTTPClientError] = [
    .invalidURL, .emptyHost, .missingSocketPath, .emptyScheme, .alreadyShutdown,
  ]
  private static let connectFaults = [
    ECONNREFUSED, ENOENT, EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL,
  ]

  private static func reason(of error: NIOConnectionError) -> String {
    if let first = error.connectionErrors.first?.error {
      guard let first = first as? IOError else { return "\(first)" }
      return String(cString: strerror(first.errnoCode))
    }
    return error.dnsAError == nil && error.dnsAAAAError == nil
      ? "no connection" : "the host '\(error.host)' is not known"
  }
}

extension ImagineError {
  /// The error without the key that was sent, which a service may repeat in what it says.
  fileprivate func withoutSecret(of call: HTTPTransport.Call) -> ImagineError {
    // A key that short is none, and may be part of any word.
    guard let key = call.authorization?.split(separator: " ").last, key.count >= 8 else {
      return self
    }
    func cleaned(_ text: String) -> String {
      text.contains(key) ? text.replacing(key, with: "\(key.prefix(3))…") : text
    }
    var error = self
    error.message = cleaned(message)
    error.name = name.map(cleaned)
    error.field = field.map(cleaned)
    return error
  }
}

extension Duration {
  /// As logs have it.
  fileprivate var inSeconds: Double { self / .seconds(1) }
}

/// The head of an answer, and its body in pieces.
struct HTTPAnswer: Sendable {
  let call: HTTPTransport.Call
  let status: Int
  private let response: HTTPClientResponse
  private let watch: Watch

  init(call: HTTPTransport.Call, response: HTTPClientResponse, watch: Watch) {
    self.call = call
    self.response = response
    self.watch = watch
    status = Int(response.status.code)
  }

  func header(_ name: String) -> String? { response.headers.first(name: name) }

  /// Bytes of the body read so far.
  var byteCount: Int { watch.byteCount }

  /// Reads the body piece by piece.
  func forEachPiece(_ body: (UnsafeRawBufferPointer) throws -> Void) async throws {
    for try await piece in response.body {
      watch.received(piece.readableBytes)
      try piece.withUnsafeReadableBytes(body)
    }
  }

  /// Reads the whole body; past the limit it is cut, since it is for an error message.
  func bytes(upTo limit: Int) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(min(limit, header("Content-Length").flatMap { Int($0) } ?? 0))
    for try await piece in response.body {
      watch.received(piece.readableBytes)
      piece.withUnsafeReadableBytes { bytes.append(contentsOf: $0.prefix(limit - bytes.count)) }
      if bytes.count == limit { break }
    }
    return bytes
  }
}
