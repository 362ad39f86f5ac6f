public import ImagineCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// An OpenAI-style images API: OpenAI's own, llm.vin, or a model on one's own machine.
///
/// It draws from prompts and does nothing else of what the Imagine API does.
public struct OpenAIProvider: Provider {
  public let name: String
  private let transport: HTTPTransport
  private let endpoint: Endpoint
  private let model: String?
  private let sizes: [PixelSize]?
  public let prices: PriceList

  /// - Parameters:
  ///   - model: what is sent where a script names none.
  ///   - sizes: those that the service takes; nil where it may take others than are usual.
  public init(
    name: String, transport: HTTPTransport, endpoint: Endpoint, model: String?,
    sizes: [PixelSize]? = nil, prices: PriceList = .unknown
  ) {
    self.name = name
    self.transport = transport
    self.endpoint = endpoint
    self.model = model
    self.sizes = sizes
    self.prices = prices
  }

  public var operations: [Operation] { [.openAIGenerate(model: model, sizes: sizes)] }
  public var takesCount: Bool { true }
  public var polling: JobPolling { JobPolling() }

  public func draw(
    _ request: Request, count: Int, options: CallOptions, into store: any AssetStore
  ) async throws -> [Drawing] {
    let call = HTTPTransport.Call(
      method: "POST", address: endpoint.address(request.operation.path),
      endpoint: request.operation.endpoint,
      authorization: endpoint.authorization(for: endpoint.baseURL),
      contentType: "application/json", body: try body(of: request, count: count),
      isBilled: true, limit: transport.limit(for: options))
    let entries = try await transport.performFollowing(call) { [endpoint] answer in
      guard answer.isSuccess else { throw answer.fault(try await answer.beginning()) }
      let body = try await answer.bytes(upTo: OpenAIAnswer.longest)
      return try OpenAIAnswer(answer, resolve: endpoint.resolve).entries(body)
    }
    do {
      return try await drawings(of: entries, call, options, into: store)
    } catch var error as ImagineError {
      // The pictures were drawn, whatever became of their files.
      error.charged = .yes
      error.retryable = false
      throw error
    }
  }

  private func drawings(
    of entries: [OpenAIAnswer.Entry], _ call: HTTPTransport.Call, _ options: CallOptions,
    into store: any AssetStore
  ) async throws -> [Drawing] {
    let addresses = entries.compactMap(\.address)
    // What is told by address alone can be fetched by a later attempt too.
    let canBeFetchedLater = addresses.count == entries.count
    if canBeFetchedLater { try await options.trace?.wasAnswered(at: addresses) }
    var drawings: [Drawing] = []
    var fault: ImagineError?
    for entry in entries {
      do {
        let asset = try await asset(of: entry, call, options, into: store)
        drawings.append(Drawing(asset: asset, engine: nil))
      } catch let error as ImagineError {
        // One that is no picture costs none of the others; one that can be fetched later is waited for.
        guard !(canBeFetchedLater && error.retryable) else { throw error }
        fault = fault ?? error
      }
    }
    if drawings.isEmpty, let fault { throw fault }
    return drawings
  }

  public func submit(_ request: Request, options: CallOptions) async throws -> JobStatus {
    throw unsupported()
  }

  public func status(of job: String, options: CallOptions) async throws -> JobStatus {
    throw unsupported()
  }

  public func delete(job: String) async throws { throw unsupported() }

  public func download(
    _ address: String, options: CallOptions, into store: any AssetStore
  ) async throws -> Asset {
    try await Download(
      transport: transport, source: .service(endpoint), store: store, deadline: options.deadline
    ).fetch(address)
  }

  private func unsupported() -> ImagineError {
    .notOffered(operation: "job", by: name)
  }

  private func body(of request: Request, count: Int) throws -> [UInt8] {
    var fields = request.extra
    for (name, value) in request.values where name != "aspect_ratio" && name != "approximate" {
      fields[name] = RequestDescription.Scalar(value)
    }
    if let shape = request.aspectRatio {
      guard fields["size"] == nil else {
        throw ImagineError(
          .validation, "size and aspect_ratio say the same thing: give one", field: "aspect_ratio")
      }
      let size = try PixelSize.having(
        shape, among: sizes ?? PixelSize.openAISizes,
        approximate: request["approximate"]?.flag ?? false)
      fields["size"] = .text(size.description)
    }
    if count > 1 { fields["n"] = .integer(Int64(count)) }
    return Array(try JSONEncoder().encode(fields))
  }

  private func asset(
    of entry: OpenAIAnswer.Entry, _ call: HTTPTransport.Call, _ options: CallOptions,
    into store: any AssetStore
  ) async throws -> Asset {
    let asset =
      switch entry {
      case .bytes(let bytes): try await store.store(bytes)
      case .address(let address):
        try await download(address, options: options, into: store)
      }
    guard asset.header != nil else {
      throw ImagineError(
        .badResponse, "\(call.endpoint): an entry of the answer is no picture",
        charged: .yes, endpoint: call.endpoint)
    }
    return asset
  }
}
