public import ImagineAPI

/// An OpenAI-style API: OpenAI's own, a gateway, or a model on the user's machine.
public struct OpenAIProvider: Provider {
  public let profile: ProviderProfile
  let transport: HTTPTransport
  let endpoint: Endpoint
  private let service: OpenAIService
  private let responseFormat: String?

  /// - Parameters:
  ///   - service: what it takes.
  ///   - responseFormat: the value of `response_format`, which OpenAI's own models refuse; nil to
  ///     send none.
  public init(
    name: String, transport: HTTPTransport, endpoint: Endpoint, service: OpenAIService,
    responseFormat: String? = nil, prices: PriceList = .unknown
  ) {
    profile = ProviderProfile(
      name: name, kind: ProviderKind.openai.rawValue, operations: service.operations,
      takesCount: service.dialect != .localai, prices: prices,
      choosesSeeds: service.dialect.takesSeeds)
    self.transport = transport
    self.endpoint = endpoint
    self.service = service
    self.responseFormat = responseFormat
  }

  /// Converts images that these services do not take, and masks to a form that each of them reads
  /// right.
  public func derivedInputs(
    of request: Request, _ context: CallContext
  ) async throws -> [String: [ImageInput]] {
    var derived: [String: [ImageInput]] = [:]
    for name in request.images.keys.sorted() {
      let inputs = context.images(name, of: request)
      let isMask = name == "mask"
      func mustBeConverted(_ input: ImageInput) -> Bool {
        isMask || input.mustBeConverted(to: [.png, .jpeg, .webp])
      }
      guard inputs.contains(where: mustBeConverted) else { continue }
      var converted: [ImageInput] = []
      for input in inputs {
        guard mustBeConverted(input), case .asset(let asset) = input else {
          converted.append(input)
          continue
        }
        let conversion = Conversion(format: .png, isMask: isMask)
        converted.append(.asset(try await context.convert(asset, to: conversion, field: name)))
      }
      derived[name] = converted
    }
    return derived
  }

  public func perform(_ request: Request, _ context: CallContext) async throws -> Outcome {
    let call = try billedCall(for: request, context)
    if request.operation.answer == .job { return .running(try await submit(call)) }
    let prices = profile.prices
    let answer = try await transport.performFollowingRedirects(call) { [endpoint] answer in
      guard answer.isSuccess else { throw answer.fault(try await answer.errorBody()) }
      let body = try await answer.bytes(upTo: OpenAIAnswer.maxBytes)
      return try OpenAIAnswer(answer, resolve: endpoint.resolve).content(body)
    }
    let usage = answer.usage
    let price = usage.price(of: request, by: prices)
    do {
      let images = try await images(of: answer.entries, price, usage.counts, call, context)
      return .finished(Answer(images, price: price, usage: usage.counts))
    } catch var error as ImagineError {
      // The images were generated and billed, even if their files were lost.
      error.charged = .yes
      error.retryable = false
      throw error
    }
  }

  private func billedCall(
    for request: Request, _ context: CallContext
  ) throws -> HTTPTransport.Call {
    let body = try OpenAIBody(request, service, responseFormat: responseFormat, context)
    var call = self.call("POST", body.path, context)
    (call.body, call.contentType) = body.contentAndType
    call.isBilled = true
    return call
  }

  func call(_ method: String, _ path: String, _ context: CallContext) -> HTTPTransport.Call {
    let address = endpoint.address(path)
    return HTTPTransport.Call(
      method: method, address: address, endpoint: "\(method) \(path)",
      authorization: endpoint.authorization(for: address),
      limit: TimeLimit(
        total: context.options.timeout ?? StandardTimeout.slowAttempt,
        deadline: context.options.deadline))
  }

  private func images(
    of entries: [OpenAIAnswer.Entry], _ price: Price?, _ usage: [String: Int64],
    _ call: HTTPTransport.Call, _ context: CallContext
  ) async throws -> [Output] {
    let addresses = entries.compactMap(\.address)
    // If all images are addresses, a retry can download them again.
    let canDownloadLater = addresses.count == entries.count
    if canDownloadLater {
      try await context.observer?.wasAnswered(at: addresses, price: price, usage: usage)
    }
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
