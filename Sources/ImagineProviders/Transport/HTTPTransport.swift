import AsyncHTTPClient
import ImagineAPI
public import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPCompression
import NIOPosix
import NIOSSL
import Synchronization

/// Sends requests and reads answers; the only type that uses the HTTP library.
///
/// It decides whether a failed call was charged, by ``SendRecord``: a request whose head was
/// certainly not written is `charged: no`. For a billed call every other fault leaves the charge
/// `unknown`, or `yes` if the service's answer had arrived.
public final class HTTPTransport: Sendable {
  /// Timeouts in seconds.
  public struct Timeouts: Sendable, Hashable {
    public var connect: Double = 5
    /// From the send of an image call to the last byte of its answer.
    public var call = StandardTimeout.attempt
    /// Between two pieces of a download (idle timeout).
    public var stall: Double = 30
    /// From the request of a download to its last byte.
    public var download = StandardTimeout.download

    public init() {}
  }

  public let timeouts: Timeouts
  private let logger: Logger
  private let trustedCertificates: String?
  private let restoresSIGPIPE: Bool
  let userAgent: String
  /// How other machines are reached.
  public let proxies: ProxySettings
  /// By what the library connects through; created by the first call: their event loops would
  /// dominate the start of a short script.
  private let opened = Mutex<[Proxy?: HTTPClient]>([:])
  /// What the servers that it reaches promise.
  let capabilities = KnownCapabilities()
  private let scheduler = TimeoutScheduler()
  private let sends = SendRecord()

  /// - Parameters:
  ///   - trustedCertificates: a PEM file of certificates to trust instead of the system's.
  ///   - proxies: how other machines are reached; directly by default.
  ///   - userAgent: the value of `User-Agent`.
  ///   - restoresSIGPIPE: whether to restore the process's handler of SIGPIPE, which the HTTP
  ///     library ignores. Only for a program in which nothing else uses SwiftNIO.
  public init(
    timeouts: Timeouts = Timeouts(), trustedCertificates: String? = nil,
    proxies: ProxySettings = ProxySettings(), userAgent: String = "imagine",
    restoresSIGPIPE: Bool = false, logger: Logger
  ) {
    self.proxies = proxies
    self.userAgent = userAgent
    self.timeouts = timeouts
    self.trustedCertificates = trustedCertificates
    self.restoresSIGPIPE = restoresSIGPIPE
    self.logger = logger
  }

  deinit {
    // The library requires a shutdown; calls in flight keep the client alive until they end.
    opened.withLock { for client in $0.values { client.shutdown { _ in } } }
  }

  /// - Parameter proxy: what to connect through; nil to connect to the address itself.
  private func client(through proxy: Proxy?) throws(ImagineError) -> HTTPClient {
    try opened.withLock { opened throws(ImagineError) in
      if let client = opened[proxy] { return client }
      var configuration = try configuration()
      configuration.proxy = proxy.map(HTTPClient.Configuration.Proxy.init)
      let client = HTTPClient(
        eventLoopGroup: try threads(), configuration: configuration)
      opened[proxy] = client
      return client
    }
  }

  private func configuration() throws(ImagineError) -> HTTPClient.Configuration {
    var configuration = HTTPClient.Configuration()
    configuration.timeout.connect = .milliseconds(Int64(min(timeouts.connect, 3600) * 1000))
    configuration.redirectConfiguration = .disallow
    // ``SendRecordHandler`` works in HTTP/1.1 connections. Over HTTP/2 a request may be refused
    // after its head was written (REFUSED_STREAM, GOAWAY), which would need rules of its own.
    configuration.httpVersion = .http1Only
    // Compressed answers are not requested, but some servers send them. Readers limit the
    // decompressed size.
    configuration.decompression = .enabled(limit: .none)
    // Retries are ours: our policy knows about charges.
    configuration.connectionPool.retryConnectionEstablishment = false
    // Shorter than servers' idle timeouts: a call must not be written to a connection that is
    // closing.
    configuration.connectionPool.idleTimeout = .seconds(4)
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
    configuration.http1_1ConnectionDebugInitializer = { [sends] channel in
      SendRecordHandler.install(in: channel, sends)
    }
    if trustedCertificates != nil { configuration.tlsConfiguration = try tlsConfiguration() }
    return configuration
  }

  func tlsConfiguration() throws(ImagineError) -> TLSConfiguration {
    var tls = TLSConfiguration.makeClientConfiguration()
    if let trustedCertificates {
      tls.trustRoots = .certificates(try Self.certificates(in: trustedCertificates))
    }
    return tls
  }

  func threads() throws(ImagineError) -> MultiThreadedEventLoopGroup {
    try NetworkThreads.group(restoresSIGPIPE: restoresSIGPIPE)
  }

  private static func certificates(in path: String) throws(ImagineError) -> [NIOSSLCertificate] {
    do {
      return try NIOSSLCertificate.fromPEMFile(path)
    } catch {
      throw ImagineError(
        .io, "SSL_CERT_FILE: cannot read \(path) as PEM certificates", field: "SSL_CERT_FILE")
    }
  }

  /// A request to send.
  struct Call: Sendable {
    var method: String
    var address: String
    /// The name in errors, such as `POST /image/generations`.
    var endpoint: String
    var authorization: String?
    var contentType: String?
    /// Further headers.
    var headers: [String: String] = [:]
    var body: [UInt8]?
    /// Files that follow the body, read as they are sent.
    var files: [Asset] = []
    /// A key in the body, which no error repeats.
    var secret: String?
    /// Whether the service charges for it.
    var isBilled = false
    var limit: TimeLimit

    var loggedAddress: String { WebAddress.shown(address) }
  }

  /// The time limit of an attempt.
  func limit(for options: CallOptions) -> TimeLimit {
    TimeLimit(total: options.timeout ?? timeouts.call, deadline: options.deadline)
  }

  /// Sends a call and reads its answer within the limit. Redirects are not followed.
  ///
  /// - Parameter read: reads the answer; the connection is released when it returns.
  /// - Throws: what `read` throws, or an ``ImagineError`` of kind `connection`, `timeout`,
  ///   `cancelled`, `io` if descriptors have run out, or `validation` for an invalid address.
  func perform<Result: Sendable>(
    _ call: Call, _ read: @escaping @Sendable (HTTPAnswer) async throws -> Result
  ) async throws -> Result {
    try WebAddress.check(call.address, endpoint: call.endpoint)
    let timer = RequestTimer(limit: call.limit)
    let send = sends.begin()
    let exchange = Task { try await self.exchange(call, send, timer: timer, read) }
    scheduler.begin(timer) { exchange.cancel() }
    defer { scheduler.end(timer) }
    do {
      let result = try await withTaskCancellationHandler {
        try await exchange.value
      } onCancel: {
        exchange.cancel()
      }
      _ = sends.end(send)
      return result
    } catch {
      let fault = TransportFault(
        call: call, wasSent: sends.end(send),
        proxy: try? proxies.proxy(for: call.address)?.description
      )
      .error(for: timer.timeout ?? error).redactingKey(of: call)
      if fault.kind != .cancelled {
        logger.debug(
          "\(call.method) \(call.loggedAddress): \(fault)",
          metadata: ["seconds": "\(timer.elapsed.inSeconds)", "bytes": "\(timer.byteCount)"])
      }
      throw fault
    }
  }

  private func exchange<Result: Sendable>(
    _ call: Call, _ send: UInt64, timer: RequestTimer,
    _ read: @Sendable (HTTPAnswer) async throws -> Result
  ) async throws -> Result {
    let proxy = try proxies.proxy(for: call.address)
    // A proxy takes an http address as it is; the library only knows tunnels, which many refuse to
    // other ports than 443.
    let isForwarded = proxy?.kind == .http && Origin(call.address)?.isEncrypted == false
    let request = request(for: call, send, forwardedBy: isForwarded ? proxy : nil)
    // The timer enforces the limit; the library's deadline covers only the head of the answer.
    let response = try await client(through: isForwarded ? nil : proxy).execute(
      request, deadline: .distantFuture)
    let answer = HTTPAnswer(call: call, response: response, timer: timer)
    let result: Result
    do {
      result = try await read(answer)
    } catch let error as ImagineError {
      throw answer.settingCharge(of: error)
    }
    logger.debug(
      "\(call.method) \(call.loggedAddress)\(proxy.map { " through \($0.description)" } ?? "")",
      metadata: [
        "status": "\(answer.status)", "seconds": "\(timer.elapsed.inSeconds)",
        "bytes": "\(answer.byteCount)",
      ])
    return result
  }

  /// - Parameter proxy: the proxy that is sent the whole address; nil for none.
  private func request(
    for call: Call, _ send: UInt64, forwardedBy proxy: Proxy?
  ) -> HTTPClientRequest {
    var request = HTTPClientRequest(url: proxy?.url ?? call.address)
    if let proxy {
      let rest = call.address.drop { $0 != ":" }.dropFirst(3)
      let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
      request.headers.add(name: "Host", value: String(authority))
      request.headers.add(name: SendRecordHandler.target, value: call.address)
      if let authorization = proxy.authorization {
        request.headers.add(name: "Proxy-Authorization", value: authorization)
      }
    }
    request.method = HTTPMethod(rawValue: call.method)
    request.headers.add(name: SendRecordHandler.header, value: String(send))
    request.headers.add(name: "User-Agent", value: userAgent)
    request.headers.add(name: "Accept", value: "*/*")
    if let authorization = call.authorization {
      request.headers.add(name: "Authorization", value: authorization)
    }
    if let contentType = call.contentType {
      request.headers.add(name: "Content-Type", value: contentType)
    }
    if let trace = TraceContext.current {
      request.headers.add(name: TraceContext.header, value: trace.headerValue)
    }
    for (name, value) in call.headers { request.headers.replaceOrAdd(name: name, value: value) }
    if !call.files.isEmpty {
      let length = call.files.reduce(call.body?.count ?? 0) { $0 + $1.byteCount }
      request.body = .stream(
        FileSequence(head: call.body ?? [], files: call.files), length: .known(Int64(length)))
    } else if let body = call.body {
      request.body = .bytes(ByteBuffer(bytes: body))
    }
    return request
  }
}

extension ImagineError {
  /// The error with the sent key redacted: a service may repeat the key in its message.
  fileprivate func redactingKey(of call: HTTPTransport.Call) -> ImagineError {
    let sent = [call.authorization?.split(separator: " ").last, call.secret.map { $0[...] }]
    // A shorter text is no key, and may be part of any word.
    let keys = sent.compactMap { $0 }.filter { $0.count >= 8 }
    guard !keys.isEmpty else { return self }
    func redacted(_ text: String) -> String {
      keys.reduce(text) { $0.contains($1) ? $0.replacing($1, with: "\($1.prefix(3))…") : $0 }
    }
    var error = self
    error.message = redacted(message)
    error.name = name.map(redacted)
    error.field = field.map(redacted)
    return error
  }
}

extension Proxy {
  /// The proxy's own address.
  fileprivate var url: String {
    "http://\(host.contains(":") ? "[\(host)]" : host):\(port)/"
  }
}

extension HTTPClient.Configuration.Proxy {
  fileprivate init(_ proxy: Proxy) {
    switch proxy.kind {
    case .socks5: self = .socksServer(host: proxy.host, port: proxy.port)
    case .http:
      let words = proxy.authorization?.split(separator: " ") ?? []
      self = .server(
        host: proxy.host, port: proxy.port,
        authorization: words.count == 2 ? .basic(credentials: String(words[1])) : nil)
    }
  }
}

extension Duration {
  /// For logs.
  fileprivate var inSeconds: Double { self / .seconds(1) }
}
