public import ImagineAPI

/// An OpenAI-style images API: OpenAI's own, llm.vin, or a model on the user's machine.
///
/// It supports `generate` only.
public struct OpenAIProvider: Provider {
  public let profile: ProviderProfile
  private let transport: HTTPTransport
  private let endpoint: Endpoint
  private let sizes: [PixelSize]?

  /// - Parameters:
  ///   - model: the default model.
  ///   - sizes: the sizes that the service takes; nil if it may take any.
  public init(
    name: String, transport: HTTPTransport, endpoint: Endpoint, model: String?,
    sizes: [PixelSize]? = nil, prices: PriceList = .unknown
  ) {
    profile = ProviderProfile(
      name: name, kind: ProviderKind.openai.rawValue,
      operations: [.openAIGenerate(model: model, sizes: sizes)],
      takesCount: true, prices: prices)
    self.transport = transport
    self.endpoint = endpoint
    self.sizes = sizes
  }

  public func perform(_ request: Request, _ context: CallContext) async throws -> Outcome {
    let call = HTTPTransport.Call(
      method: "POST", address: endpoint.address(request.operation.path),
      endpoint: request.operation.endpoint,
      authorization: endpoint.authorization(for: endpoint.baseURL),
      contentType: "application/json", body: try body(of: request),
      isBilled: true, limit: transport.limit(for: context.options))
    let entries = try await transport.performFollowingRedirects(call) { [endpoint] answer in
      guard answer.isSuccess else { throw answer.fault(try await answer.errorBody()) }
      let body = try await answer.bytes(upTo: OpenAIAnswer.maxBytes)
      return try OpenAIAnswer(answer, resolve: endpoint.resolve).entries(body)
    }
    do {
      return .finished(Answer(try await images(of: entries, call, context)))
    } catch var error as ImagineError {
      // The images were generated and billed, even if their files were lost.
      error.charged = .yes
      error.retryable = false
      throw error
    }
  }

  private func images(
    of entries: [OpenAIAnswer.Entry], _ call: HTTPTransport.Call, _ context: CallContext
  ) async throws -> [Output] {
    let addresses = entries.compactMap(\.address)
    // If all images are addresses, a retry can download them again.
    let canDownloadLater = addresses.count == entries.count
    if canDownloadLater { try await context.observer?.wasAnswered(at: addresses) }
    var images: [Output] = []
    var fault: ImagineError?
    for entry in entries {
      do {
        images.append(Output(asset: try await asset(of: entry, call, context)))
      } catch let error as ImagineError {
        // Skip an entry that is no image; retry a download that may succeed later.
        guard !(canDownloadLater && error.retryable) else { throw error }
        fault = fault ?? error
      }
    }
    if images.isEmpty, let fault { throw fault }
    return images
  }

  public func download(_ address: String, _ context: CallContext) async throws -> Asset {
    try await Download(
      transport: transport, source: .service(endpoint), store: context.store,
      deadline: context.options.deadline
    ).fetch(address)
  }

  private func body(of request: Request) throws -> [UInt8] {
    var fields = request.extra
    for (name, value) in request.fields where name != "aspect_ratio" && name != "approximate" {
      fields[name] = value
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
    if request.count > 1 { fields["n"] = .integer(Int64(request.count)) }
    return Array(Value.table(fields).json.utf8)
  }

  private func asset(
    of entry: OpenAIAnswer.Entry, _ call: HTTPTransport.Call, _ context: CallContext
  ) async throws -> Asset {
    let asset =
      switch entry {
      case .bytes(let bytes): try await context.store.store(bytes)
      case .address(let address): try await download(address, context)
      }
    guard asset.header != nil else {
      throw ImagineError(
        .badResponse, "\(call.endpoint): an entry of the answer is no image",
        charged: .yes, endpoint: call.endpoint)
    }
    return asset
  }
}
