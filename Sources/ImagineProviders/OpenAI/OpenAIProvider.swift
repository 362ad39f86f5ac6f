public import ImagineAPI

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// An OpenAI-style images API: OpenAI's own, llm.vin, or a model on the user's machine.
///
/// It supports `generate` only.
public struct OpenAIProvider: Provider {
  public let name: String
  private let transport: HTTPTransport
  private let endpoint: Endpoint
  private let model: String?
  private let sizes: [PixelSize]?
  public let prices: PriceList

  /// - Parameters:
  ///   - model: the default model.
  ///   - sizes: the sizes that the service takes; nil if it may take any.
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

  public var operations: [MediaOperation] { [.openAIGenerate(model: model, sizes: sizes)] }
  public var takesCount: Bool { true }
  public var polling: JobPolling { JobPolling() }

  public func generate(
    _ request: Request, count: Int, options: CallOptions, into store: any MediaSink
  ) async throws -> [GeneratedImage] {
    let call = HTTPTransport.Call(
      method: "POST", address: endpoint.address(request.operation.path),
      endpoint: request.operation.endpoint,
      authorization: endpoint.authorization(for: endpoint.baseURL),
      contentType: "application/json", body: try body(of: request, count: count),
      isBilled: true, limit: transport.limit(for: options))
    let entries = try await transport.performFollowingRedirects(call) { [endpoint] answer in
      guard answer.isSuccess else { throw answer.fault(try await answer.errorBody()) }
      let body = try await answer.bytes(upTo: OpenAIAnswer.maxBytes)
      return try OpenAIAnswer(answer, resolve: endpoint.resolve).entries(body)
    }
    do {
      return try await images(of: entries, call, options, into: store)
    } catch var error as ImagineError {
      // The images were generated and billed, even if their files were lost.
      error.charged = .yes
      error.retryable = false
      throw error
    }
  }

  private func images(
    of entries: [OpenAIAnswer.Entry], _ call: HTTPTransport.Call, _ options: CallOptions,
    into store: any MediaSink
  ) async throws -> [GeneratedImage] {
    let addresses = entries.compactMap(\.address)
    // If all images are addresses, a retry can download them again.
    let canDownloadLater = addresses.count == entries.count
    if canDownloadLater { try await options.observer?.wasAnswered(at: addresses) }
    var images: [GeneratedImage] = []
    var fault: ImagineError?
    for entry in entries {
      do {
        let asset = try await asset(of: entry, call, options, into: store)
        images.append(GeneratedImage(asset: asset, engine: nil))
      } catch let error as ImagineError {
        // Skip an entry that is no image; retry a download that may succeed later.
        guard !(canDownloadLater && error.retryable) else { throw error }
        fault = fault ?? error
      }
    }
    if images.isEmpty, let fault { throw fault }
    return images
  }

  public func submit(_ request: Request, options: CallOptions) async throws -> JobStatus {
    throw unsupported()
  }

  public func status(of job: String, options: CallOptions) async throws -> JobStatus {
    throw unsupported()
  }

  public func delete(job: String) async throws { throw unsupported() }

  public func download(
    _ address: String, options: CallOptions, into store: any MediaSink
  ) async throws -> Asset {
    try await Download(
      transport: transport, source: .service(endpoint), store: store, deadline: options.deadline
    ).fetch(address)
  }

  private func unsupported() -> ImagineError {
    .unsupportedOperation(operation: "job", by: name)
  }

  private func body(of request: Request, count: Int) throws -> [UInt8] {
    var fields = request.extra
    for (name, value) in request.values where name != "aspect_ratio" && name != "approximate" {
      fields[name] = RequestDescription.Scalar(value)
    }
    if let ratio = request.aspectRatio {
      guard fields["size"] == nil else {
        throw ImagineError(
          .validation, "size and aspect_ratio contradict each other: give only one",
          field: "aspect_ratio")
      }
      let size = try PixelSize.matching(
        ratio, among: sizes ?? PixelSize.openAISizes,
        approximate: request["approximate"]?.flag ?? false)
      fields["size"] = .text(size.description)
    }
    if count > 1 { fields["n"] = .integer(Int64(count)) }
    return Array(try JSONEncoder().encode(fields))
  }

  private func asset(
    of entry: OpenAIAnswer.Entry, _ call: HTTPTransport.Call, _ options: CallOptions,
    into store: any MediaSink
  ) async throws -> Asset {
    let asset =
      switch entry {
      case .bytes(let bytes): try await store.store(bytes)
      case .address(let address):
        try await download(address, options: options, into: store)
      }
    guard asset.header != nil else {
      throw ImagineError(
        .badResponse, "\(call.endpoint): an entry of the answer is no image",
        charged: .yes, endpoint: call.endpoint)
    }
    return asset
  }
}
