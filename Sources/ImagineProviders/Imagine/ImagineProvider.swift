public import ImagineAPI
import ImagineSystem

/// The Imagine API v2 over HTTP: the vendor's service, a user's own server, or the private local
/// one. Only their ``Endpoint`` differs.
public struct ImagineProvider: Provider {
  public let name: String
  public let prices: PriceList
  private let transport: HTTPTransport
  public let polling: JobPolling
  /// Whether all calls are free, even if they fail.
  private let isFree: Bool
  /// Called before each call: the first starts the private server.
  private let endpoint: @Sendable () async throws -> Endpoint

  public init(
    name: String, prices: PriceList = .imagine, polling: JobPolling = JobPolling(),
    isFree: Bool = false, transport: HTTPTransport,
    endpoint: @escaping @Sendable () async throws -> Endpoint
  ) {
    self.isFree = isFree
    self.name = name
    self.prices = prices
    self.polling = polling
    self.transport = transport
    self.endpoint = endpoint
  }

  public init(
    name: String, prices: PriceList = .imagine, transport: HTTPTransport, endpoint: Endpoint
  ) {
    self.init(name: name, prices: prices, transport: transport) { endpoint }
  }

  /// The private server on this machine: free, and polled more often than a paid service.
  public static func local(
    transport: HTTPTransport, endpoint: @escaping @Sendable () async throws -> Endpoint
  ) -> ImagineProvider {
    ImagineProvider(
      name: BuiltInProvider.local.name, prices: .free,
      polling: JobPolling(firstPause: 0.2, maxPause: 2), isFree: true,
      transport: transport, endpoint: endpoint)
  }

  /// The built-in engine knows its styles; the styles of a remote service are not known here.
  public var operations: [MediaOperation] {
    name == BuiltInProvider.local.name ? MediaOperation.builtIn : MediaOperation.all
  }

  /// The API generates one image per call.
  public var takesCount: Bool { false }

  public func generate(
    _ request: Request, count: Int, options: CallOptions, into store: any MediaSink
  ) async throws -> [GeneratedImage] {
    let (call, _) = try await call(for: request, options)
    return try await withoutCharge {
      try await transport.performFollowingRedirects(call) { answer in
        [
          GeneratedImage(
            asset: try await ImageAnswer(answer).store(in: store), engine: answer.engine)
        ]
      }
    }
  }

  public func submit(_ request: Request, options: CallOptions) async throws -> JobStatus {
    let (call, _) = try await call(for: request, options)
    return try await withoutCharge {
      try await transport.performFollowingRedirects(call) { answer in
        let body = try await answer.json()
        guard var job = ServiceAnswer.submission(body) else {
          throw answer.unexpected("the answer has no job id")
        }
        job.engine = answer.engine
        return job
      }
    }
  }

  /// Marks errors of a free provider as not charged, and retries calls that were lost with a server
  /// that died.
  private func withoutCharge<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
      return try await body()
    } catch var error as ImagineError where isFree {
      error.charged = .no
      if error.kind == .connection { error.retryable = true }
      throw error
    }
  }

  public func status(of job: String, options: CallOptions) async throws -> JobStatus {
    let path = "/assets/\(try pathComponent(job))/status"
    let (call, endpoint) = try await call("GET", path, options)
    return try await transport.performFollowingRedirects(call) { answer in
      let body = try await answer.json(about: job)
      guard let status = ServiceAnswer.status(body, id: job, resolve: endpoint.resolve) else {
        throw answer.unexpected("the answer has no video status")
      }
      return status
    }
  }

  public func delete(job: String) async throws {
    let (call, _) = try await call("DELETE", "/video/\(try pathComponent(job))", CallOptions())
    try await transport.performFollowingRedirects(call) { answer in
      _ = try await answer.json(about: job)
    }
  }

  /// Downloads a finished file. The service's key is sent only to the service's own origin, and a
  /// Unix socket is followed only if it is the configured one.
  public func download(
    _ address: String, options: CallOptions, into store: any MediaSink
  ) async throws -> Asset {
    let endpoint = try await endpoint()
    return try await Download(
      transport: transport, source: .service(endpoint), store: store, deadline: options.deadline
    ).fetch(address)
  }

  // MARK: Calls

  private func call(
    for request: Request, _ options: CallOptions
  ) async throws -> (HTTPTransport.Call, Endpoint) {
    let body = try Self.body(of: request)
    var (call, endpoint) = try await call("POST", request.operation.path, options)
    call.contentType = body.contentType
    call.body = body.bytes
    call.isBilled = true
    return (call, endpoint)
  }

  private func call(
    _ method: String, _ path: String, _ options: CallOptions
  ) async throws -> (HTTPTransport.Call, Endpoint) {
    let endpoint = try await endpoint()
    let address = endpoint.address(path)
    let call = HTTPTransport.Call(
      method: method, address: address, endpoint: "\(method) \(path)",
      authorization: endpoint.authorization(for: address),
      limit: transport.limit(for: options))
    return (call, endpoint)
  }

  private static func body(of request: Request) throws -> MultipartBody {
    var body = MultipartBody()
    for field in request.operation.fields {
      guard let value = request[field.name] else { continue }
      switch value {
      case .image(.bytes(let bytes)): body.append(name: field.wireName, file: bytes)
      case .image(.file(let path)):
        body.append(name: field.wireName, file: try InputFile.read(path, field: field.name))
      default:
        let text = RequestDescription.Scalar(value)?.description ?? ""
        body.append(name: field.wireName, value: text)
      }
    }
    for (name, value) in request.extra.sorted(by: { $0.key < $1.key }) {
      body.append(name: name, value: value.description)
    }
    body.close()
    return body
  }

  /// Checks an id that becomes part of a path: it may come from a script, and must not lead
  /// elsewhere.
  private func pathComponent(_ id: String) throws(ImagineError) -> String {
    let isPlain = id.unicodeScalars.allSatisfy {
      ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
        || "-_.:~=@+,".unicodeScalars.contains($0)
    }
    guard isPlain, !id.allSatisfy({ $0 == "." }) else {
      throw .invalid(
        field: "id", given: "\"\(id)\"",
        expected: "letters, digits, and any of - _ . : ~ = @ + ,")
    }
    return id
  }
}

/// Reads an input image for a request's body. The error names the field.
enum InputFile {
  static func read(_ path: FilePath, field: String) throws(ImagineError) -> [UInt8] {
    do {
      return try FileReader(path).all()
    } catch {
      throw ImagineError(.io, "field '\(field)': \(error.message)", field: field)
    }
  }
}

extension HTTPAnswer {
  /// The built-in engine's version, if our own server answered.
  var engine: String? { header("x-imagine-engine") }

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
