public import ImagineCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The Imagine API v2 over HTTP: the vendor's service, a server of one's own, or the private local
/// one. They differ in their ``Endpoint`` and in nothing else.
public struct ImagineProvider: Provider {
  public let name: String
  public let prices: PriceList
  private let transport: HTTPTransport
  public let polling: JobPolling
  /// Whether no call costs anything, whatever becomes of it.
  private let isFree: Bool
  /// Asked before each call: the private server is started by the first.
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

  /// The private server of this machine: free, and asked more often than one that is paid for its
  /// answers.
  public static func local(
    transport: HTTPTransport, endpoint: @escaping @Sendable () async throws -> Endpoint
  ) -> ImagineProvider {
    ImagineProvider(
      name: "local", prices: .free, polling: JobPolling(first: 0.2, longest: 2), isFree: true,
      transport: transport, endpoint: endpoint)
  }

  /// The built-in engine says which styles it has; what a service elsewhere has, it alone knows.
  public var operations: [Operation] { name == "local" ? Operation.builtIn : Operation.all }

  /// The API draws one picture a call.
  public var takesCount: Bool { false }

  public func draw(
    _ request: Request, count: Int, options: CallOptions, into store: any AssetStore
  ) async throws -> [Drawing] {
    let (call, _) = try await call(for: request, options)
    return try await settling {
      try await transport.performFollowing(call) { answer in
        [Drawing(asset: try await PictureAnswer(answer).store(in: store), engine: answer.engine)]
      }
    }
  }

  public func submit(_ request: Request, options: CallOptions) async throws -> JobStatus {
    let (call, _) = try await call(for: request, options)
    return try await settling {
      try await transport.performFollowing(call) { answer in
        let body = try await answer.json()
        guard var job = ServiceAnswer.submission(body) else {
          throw answer.unexpected("the answer names no job")
        }
        job.engine = answer.engine
        return job
      }
    }
  }

  /// What costs nothing is never uncertain, and what was lost with a server that died is asked of
  /// the next one.
  private func settling<Result>(_ body: () async throws -> Result) async throws -> Result {
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
    return try await transport.performFollowing(call) { answer in
      let body = try await answer.json(about: job)
      guard let status = ServiceAnswer.status(body, id: job, resolve: endpoint.resolve) else {
        throw answer.unexpected("the answer tells nothing of a video")
      }
      return status
    }
  }

  public func delete(job: String) async throws {
    let (call, _) = try await call("DELETE", "/video/\(try pathComponent(job))", CallOptions())
    try await transport.performFollowing(call) { answer in
      _ = try await answer.json(about: job)
    }
  }

  /// Fetches a finished file. The service's key goes along only to the service's own origin, and a
  /// Unix socket is followed only if it is the one that the provider was configured with.
  public func download(
    _ address: String, options: CallOptions, into store: any AssetStore
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
      case .picture(.bytes(let bytes)): body.append(name: field.wireName, file: bytes)
      case .picture(.file(let path)):
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

  /// An id as part of a path: it may come from a script, and must not lead elsewhere.
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

/// Reads an input picture for a request's body.
enum InputFile {
  static func read(_ path: FilePath, field: String) throws(ImagineError) -> [UInt8] {
    guard let file = fopen(path.cString, "rbe") else {
      let reason = String(cString: strerror(errno))
      throw ImagineError(.io, "field '\(field)': cannot read \(path): \(reason)", field: field)
    }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = fread(&piece, 1, piece.count, file)
      bytes += piece[..<count]
      if count < piece.count { break }
    }
    guard ferror(file) == 0 else {
      throw ImagineError(.io, "field '\(field)': cannot read \(path)", field: field)
    }
    return bytes
  }
}

extension HTTPAnswer {
  /// The version of the built-in engine, where our own server says that it drew.
  var engine: String? { header("x-imagine-engine") }

  /// The body of a successful JSON answer.
  ///
  /// - Parameter job: the job that the call names, so that an id unknown to the service is told as
  ///   such.
  func json(about job: String? = nil) async throws -> [UInt8] {
    let body = try await isSuccess ? bytes() : beginning()
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
