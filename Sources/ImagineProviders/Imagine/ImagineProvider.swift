public import ImagineAPI
import ImagineSystem

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The Imagine API v2 over HTTP: the vendor's service, a user's own server, or the private local
/// one. Only their ``Endpoint`` differs.
public struct ImagineProvider: Provider {
  public let profile: ProviderProfile
  private let transport: HTTPTransport
  /// Whether all calls are free, even if they fail.
  private let isFree: Bool
  private let target: any CallTarget

  private init(
    profile: ProviderProfile, isFree: Bool = false, transport: HTTPTransport,
    target: any CallTarget
  ) {
    self.profile = profile
    self.isFree = isFree
    self.transport = transport
    self.target = target
  }

  /// A service at an address. Its styles are not all known here.
  public init(
    name: String, prices: PriceList = .imagine, transport: HTTPTransport, endpoint: Endpoint
  ) {
    self.init(
      profile: ProviderProfile(
        name: name, kind: ProviderKind.imagine.rawValue, operations: MediaOperation.all,
        prices: prices, keepsOutsideMask: true),
      transport: transport, target: endpoint)
  }

  /// The private server on this machine: free, and polled more often than a paid service. The
  /// built-in engine knows its styles.
  public static func local(
    transport: HTTPTransport, target: any CallTarget
  ) -> ImagineProvider {
    ImagineProvider(
      profile: BuiltInProvider.local.profile, isFree: true, transport: transport, target: target)
  }

  /// Asks an `imagine-server` for what it promises. The vendor's service promises nothing, and calls
  /// of the private server cost nothing.
  public func keyRetention(_ context: CallContext) async throws -> Double? {
    guard !isFree else { return nil }
    return try await target.call { endpoint in
      guard endpoint.baseURL.hasSuffix("/v2"),
        endpoint.baseURL != BuiltInProvider.imagine.address
      else { return nil }
      return await transport.capabilities.value(of: endpoint.baseURL) { [transport] in
        try await Self.capabilities(of: endpoint, transport)
      }?.idempotency?.seconds
    }
  }

  /// - Throws: ``ImagineError`` if the server did not answer, or not about what it promises.
  private static func capabilities(
    of endpoint: Endpoint, _ transport: HTTPTransport
  ) async throws -> ServerCapabilities? {
    let path = ServerCapabilities.path
    let address = "\(endpoint.baseURL.dropLast("/v2".count))\(path)"
    let call = HTTPTransport.Call(
      method: "GET", address: address, endpoint: "GET \(path)",
      authorization: endpoint.authorization(for: address),
      limit: transport.limit(for: CallOptions(timeout: capabilitySeconds)))
    return try await transport.perform(call) { answer in
      let body = try await answer.isSuccess ? answer.bytes() : answer.errorBody()
      // These pass: the server is busy or down, or its key is being replaced.
      let passes =
        [401, 403, 408, 425, 429].contains(answer.status)
        || (500...599).contains(answer.status) && answer.status != 501
      if passes { throw answer.fault(body) }
      guard answer.isSuccess else { return nil }
      // Another server may answer any path with a page.
      return try? JSONDecoder().decode(ServerCapabilities.self, from: Data(body))
    }
  }

  /// The most seconds that a call waits for what its service promises.
  private static let capabilitySeconds = 5.0

  public func perform(_ request: Request, _ context: CallContext) async throws -> Outcome {
    let body = try Self.body(of: request, context.store)
    return try await withoutCharge {
      try await send({ call(for: request, body, context, at: $0) }) { answer, _ in
        switch request.operation.answer {
        case .image:
          let asset = try await ImageAnswer(answer).store(in: context.store)
          return .finished(
            Answer([
              Output(asset: asset, engine: answer.engine, confidence: answer.confidence)
            ]))
        case .job:
          var job = try await answer.submittedJob()
          job.engine = answer.engine
          return .running(job)
        }
      }
    }
  }

  /// Marks errors of a free provider as not charged, and lets calls whose connection broke be sent
  /// again.
  private func withoutCharge<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
      return try await body()
    } catch var error as ImagineError where isFree {
      error.charged = .no
      if error.kind == .connection { error.retryable = true }
      throw error
    }
  }

  public func poll(_ ticket: Ticket, _ context: CallContext) async throws -> JobStatus {
    let job = ticket.id
    let path = "/assets/\(try WebAddress.pathComponent(job))/status"
    return try await send({ call("GET", path, context.options, at: $0) }) { answer, endpoint in
      try await answer.status(ofJob: job, resolve: endpoint.resolve)
    }
  }

  public func cancel(_ ticket: Ticket, _ context: CallContext) async throws {
    let path = "/video/\(try WebAddress.pathComponent(ticket.id))"
    try await send({ call("DELETE", path, context.options, at: $0) }) { answer, _ in
      _ = try await answer.json(about: ticket.id)
    }
  }

  /// Downloads a finished file. The service's key is sent only to the service's own origin, and a
  /// Unix socket is followed only if it is the configured one.
  public func download(_ address: String, _ context: CallContext) async throws -> Asset {
    try await target.call { endpoint in
      try await Download(
        transport: transport, source: .service(endpoint), store: context.store,
        deadline: context.options.deadline
      ).fetch(address)
    }
  }

  // MARK: Calls

  private func send<Result: Sendable>(
    _ call: @Sendable (Endpoint) -> HTTPTransport.Call,
    _ read: @escaping @Sendable (HTTPAnswer, Endpoint) async throws -> Result
  ) async throws -> Result {
    try await target.call { endpoint in
      try await transport.performFollowingRedirects(call(endpoint)) { try await read($0, endpoint) }
    }
  }

  private func call(
    for request: Request, _ body: MultipartBody, _ context: CallContext, at endpoint: Endpoint
  ) -> HTTPTransport.Call {
    var call = call("POST", request.operation.path, context.options, at: endpoint)
    call.contentType = body.contentType
    call.body = body.bytes
    call.isBilled = true
    if let key = context.idempotencyKey { call.headers["Idempotency-Key"] = key }
    return call
  }

  private func call(
    _ method: String, _ path: String, _ options: CallOptions, at endpoint: Endpoint
  ) -> HTTPTransport.Call {
    let address = endpoint.address(path)
    return HTTPTransport.Call(
      method: method, address: address, endpoint: "\(method) \(path)",
      authorization: endpoint.authorization(for: address),
      limit: transport.limit(for: options))
  }

  private static func body(of request: Request, _ store: any MediaStore) throws -> MultipartBody {
    var body = MultipartBody()
    for field in request.operation.fields {
      for image in request.images[field.name] ?? [] {
        body.append(
          name: field.wireName, file: try image.content(from: store, field: field.name))
      }
      if let value = request[field.name] {
        body.append(name: field.wireName, value: value.description)
      }
    }
    for (name, value) in request.extra.sorted(by: { $0.key < $1.key }) {
      body.append(name: name, value: value.description)
    }
    body.close()
    return body
  }
}

extension ImageInput {
  /// The bytes of an input image. The error names the field.
  func content(from store: any MediaStore, field: String) throws(ImagineError) -> [UInt8] {
    do {
      switch self {
      case .bytes(let bytes): return bytes
      case .file(let path): return try FileReader(path).all()
      case .asset(let asset): return try store.content(of: asset)
      }
    } catch {
      let message = (error as? ImagineError)?.message ?? "\(error)"
      throw ImagineError(.io, "field '\(field)': \(message)", field: field)
    }
  }
}

extension HTTPAnswer {
  /// The built-in engine's version, if our own server answered.
  var engine: String? { header("x-imagine-engine") }

  /// How likely the image is what was asked for, if our own server answered.
  var confidence: Double? {
    header(Output.confidenceHeader).flatMap(Double.init).flatMap { (0...1).contains($0) ? $0 : nil }
  }

  /// The body of a successful JSON answer.
  ///
  /// - Parameter job: the job of the call; its error says if the service does not know it.
  func json(about job: String? = nil) async throws -> [UInt8] {
    let body = try await isSuccess ? bytes() : errorBody()
    guard isSuccess, !ServiceAnswer.isError(body) else {
      var error = fault(body)
      if let job {
        error.job = job
        if error.status == 404 { error.kind = .notFound }
      }
      throw error
    }
    return body
  }
}
