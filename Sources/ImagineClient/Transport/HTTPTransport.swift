import AsyncHTTPClient
import ImagineCore
public import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPCompression
import NIOSSL
import Synchronization

/// Sends requests and reads answers: the one place that touches the HTTP library.
///
/// It decides what a fault means for money, by ``SendRecord``: a request whose head was certainly not
/// written is `charged: no`; of a billed call, every other fault leaves the charge unknown, or says
/// `yes` where the service's answer had arrived.
public final class HTTPTransport: Sendable {
  /// How long things may take, in seconds.
  public struct Timeouts: Sendable, Hashable {
    public var connect: Double = 5
    /// From the send to the last byte of the answer of an image call.
    public var call: Double = 120
    /// Between two pieces of a download.
    public var stall: Double = 30
    /// From the request of a download to its last byte.
    public var download: Double = 3600

    public init() {}
  }

  public let timeouts: Timeouts
  private let logger: Logger
  private let trustedCertificates: String?
  private let restoresSIGPIPE: Bool
  /// Opened by the first call: its event loops would be most of the start of a short script.
  private let opened = Mutex<HTTPClient?>(nil)
  private let watchman = Watchman()
  private let sends = SendRecord()

  /// - Parameters:
  ///   - trustedCertificates: a PEM file of the certificates to trust in place of the system's.
  ///   - restoresSIGPIPE: whether the process keeps its disposition of SIGPIPE, which the HTTP
  ///     library would ignore. Only for a program where nothing else uses SwiftNIO.
  public init(
    timeouts: Timeouts = Timeouts(), trustedCertificates: String? = nil,
    restoresSIGPIPE: Bool = false, logger: Logger
  ) {
    self.timeouts = timeouts
    self.trustedCertificates = trustedCertificates
    self.restoresSIGPIPE = restoresSIGPIPE
    self.logger = logger
  }

  deinit {
    // The library insists on it; what is under way keeps it alive until it ends.
    opened.withLock { $0?.shutdown { _ in } }
  }

  private func client() throws(ImagineError) -> HTTPClient {
    try opened.withLock { opened throws(ImagineError) in
      if let opened { return opened }
      let client = HTTPClient(
        eventLoopGroup: try NetworkThreads.group(restoresSIGPIPE: restoresSIGPIPE),
        configuration: try configuration())
      opened = client
      return client
    }
  }

  private func configuration() throws(ImagineError) -> HTTPClient.Configuration {
    var configuration = HTTPClient.Configuration()
    configuration.timeout.connect = .milliseconds(Int64(min(timeouts.connect, 3600) * 1000))
    configuration.redirectConfiguration = .disallow
    // The send record stands in connections of HTTP/1.1. Over HTTP/2 a request may be refused after
    // its head was written (REFUSED_STREAM, GOAWAY), which would want rules of its own.
    configuration.httpVersion = .http1Only
    // Compressed answers are not asked for, but some servers send them all the same. What they
    // come to is limited by whoever reads them.
    configuration.decompression = .enabled(limit: .none)
    // A refused connection is ours to retry, by the policy that knows about money.
    configuration.connectionPool.retryConnectionEstablishment = false
    // Shorter than servers keep theirs: a call must not be written to a connection that is closing.
    configuration.connectionPool.idleTimeout = .seconds(4)
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
    configuration.http1_1ConnectionDebugInitializer = { [sends] channel in
      SendWitness.install(in: channel, sends)
    }
    if let trustedCertificates {
      var tls = TLSConfiguration.makeClientConfiguration()
      tls.trustRoots = .certificates(try Self.certificates(in: trustedCertificates))
      configuration.tlsConfiguration = tls
    }
    return configuration
  }

  private static func certificates(in path: String) throws(ImagineError) -> [NIOSSLCertificate] {
    do {
      return try NIOSSLCertificate.fromPEMFile(path)
    } catch {
      throw ImagineError(
        .io, "SSL_CERT_FILE: \(path) cannot be read as certificates in PEM", field: "SSL_CERT_FILE")
    }
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
    var limit: TimeLimit

    /// Without the query: a signed address is a key to what it names.
    var loggedAddress: String { WebAddress.withoutQuery(address) }
  }

  /// How long an attempt of a call may take.
  func limit(for options: CallOptions) -> TimeLimit {
    TimeLimit(total: options.timeout ?? timeouts.call, deadline: options.deadline)
  }

  /// Sends a call and reads its answer within a limit. A redirect is an answer like any other.
  ///
  /// - Parameter read: reads the answer; the connection is given back when it returns.
  /// - Throws: what `read` throws, or an ``ImagineError`` of kind `connection`, `timeout`,
  ///   `cancelled`, `io` where descriptors have run out, or `validation` for an address that cannot
  ///   be called.
  func perform<Result: Sendable>(
    _ call: Call, _ read: @escaping @Sendable (HTTPAnswer) async throws -> Result
  ) async throws -> Result {
    try WebAddress.check(call.address, endpoint: call.endpoint)
    let watch = Watch(limit: call.limit)
    let send = sends.begin()
    let exchange = Task { try await self.exchange(call, send, watch: watch, read) }
    watchman.begin(watch) { exchange.cancel() }
    defer { watchman.end(watch) }
    do {
      let result = try await withTaskCancellationHandler {
        try await exchange.value
      } onCancel: {
        exchange.cancel()
      }
      _ = sends.end(send)
      return result
    } catch {
      let fault = TransportFault(call: call, wasSent: sends.end(send))
        .error(for: watch.overdue ?? error).withoutSecret(of: call)
      if fault.kind != .cancelled {
        logger.debug(
          "\(call.method) \(call.loggedAddress): \(fault)",
          metadata: ["seconds": "\(watch.elapsed.inSeconds)", "bytes": "\(watch.byteCount)"])
      }
      throw fault
    }
  }

  private func exchange<Result: Sendable>(
    _ call: Call, _ send: UInt64, watch: Watch,
    _ read: @Sendable (HTTPAnswer) async throws -> Result
  ) async throws -> Result {
    // The limit is the watch's; the library's own deadline ends at the head of the answer.
    let response = try await client().execute(
      Self.request(for: call, send), deadline: .distantFuture)
    let answer = HTTPAnswer(call: call, response: response, watch: watch)
    let result: Result
    do {
      result = try await read(answer)
    } catch let error as ImagineError {
      throw answer.charging(error)
    }
    logger.debug(
      "\(call.method) \(call.loggedAddress)",
      metadata: [
        "status": "\(answer.status)", "seconds": "\(watch.elapsed.inSeconds)",
        "bytes": "\(answer.byteCount)",
      ])
    return result
  }

  private static func request(for call: Call, _ send: UInt64) -> HTTPClientRequest {
    var request = HTTPClientRequest(url: call.address)
    request.method = HTTPMethod(rawValue: call.method)
    request.headers.add(name: SendWitness.header, value: String(send))
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
