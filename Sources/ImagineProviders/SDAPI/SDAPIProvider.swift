public import ImagineAPI
import MediaFiles

/// A server of the A1111 API: A1111, Forge, SD.Next, stable-diffusion.cpp, Draw Things.
///
/// A call is one request that the server answers when the images are there. It keeps no answer, so
/// one that was lost is made again: the seed is the same, and so is the image.
public struct SDAPIProvider: Provider {
  public let profile: ProviderProfile
  public let stopsCalls: Bool
  let transport: HTTPTransport
  let endpoint: Endpoint
  let service: SDAPIService
  let models = SDAPIModels()
  /// Seconds between two questions for the progress.
  var pause = SDAPITask.standardPause

  public init(
    name: String, transport: HTTPTransport, endpoint: Endpoint, service: SDAPIService,
    prices: PriceList = .free
  ) {
    profile = ProviderProfile(
      name: name, kind: ProviderKind.sdapi.rawValue, operations: service.operations,
      takesCount: service.batch > 1, prices: prices, keepsSizes: true)
    stopsCalls = service.operations.allSatisfy { operation in
      prices.price(of: operation.name)?.millionths == 0
        && prices.pricedStyles(of: operation.name).isEmpty
    }
    self.transport = transport
    self.endpoint = endpoint
    self.service = service
  }

  public func perform(_ request: Request, _ context: CallContext) async throws -> Outcome {
    let task =
      service.dialect == .a1111
      ? SDAPITask(transport: transport, endpoint: endpoint, pause: pause) : nil
    let body = try SDAPIBody(
      request, service, model: knownName(.model, of: request),
      upscaler: knownName(.upscaler, of: request), task: task?.id, context)
    var call = call("POST", body.path, context)
    call.body = body.bytes
    call.contentType = "application/json"
    call.isBilled = profile.prices.price(of: request)?.millionths != 0
    let images: [SDAPIAnswer.Image]
    do {
      images = try await SDAPITask.watched(task, context.observer) { [transport, call] in
        try await transport.performFollowingRedirects(call) { answer in
          guard answer.isSuccess else { throw Self.fault(answer, try await answer.errorBody()) }
          let body = try await answer.bytes(upTo: SDAPIAnswer.maxBytes)
          return try SDAPIAnswer(answer).images(body, of: request)
        }
      }
    } catch let error as ImagineError {
      throw await explained(error, of: request, context)
    }
    do {
      var outputs: [Output] = []
      for image in images { outputs.append(try await store(image, call, context)) }
      return .finished(Answer(outputs))
    } catch var error as ImagineError where call.isBilled {
      error.charged = .yes
      error.retryable = false
      throw error
    }
  }

  private func store(
    _ image: SDAPIAnswer.Image, _ call: HTTPTransport.Call, _ context: CallContext
  ) async throws -> Output {
    let bytes = image.text.map { ImageTexts.adding($0, as: "parameters", to: image.bytes) }
    let asset = try await context.store.store(bytes ?? image.bytes)
    guard asset.header != nil else {
      throw ImagineError(
        .badResponse, "\(call.endpoint): an image of the answer is no image",
        endpoint: call.endpoint)
    }
    return Output(asset: asset, seed: image.seed)
  }

  func call(
    _ method: String, _ path: String, _ context: CallContext, seconds: Double? = nil
  ) -> HTTPTransport.Call {
    let address = endpoint.address(path)
    return HTTPTransport.Call(
      method: method, address: address, endpoint: "\(method) \(path)",
      authorization: endpoint.authorization(for: address),
      limit: TimeLimit(
        total: seconds ?? context.options.timeout ?? StandardTimeout.slowAttempt,
        deadline: context.options.deadline))
  }
}

/// Input images.
extension SDAPIProvider {
  /// Makes the canvas and the mask of an edit that has none, and converts images that these servers
  /// do not take. Checks sizes, and model and upscaler, whose names servers ignore if they do not
  /// know them.
  public func derivedInputs(
    of request: Request, _ context: CallContext
  ) async throws -> [String: [ImageInput]] {
    try checkSize(of: request, context)
    try await checkName(.model, of: request, context)
    try await checkName(.upscaler, of: request, context)
    var derived: [String: [ImageInput]] = [:]
    for name in request.images.keys.sorted() {
      guard let input = context.images(name, of: request).first,
        input.mustBeConverted(to: [.png, .jpeg]), case .asset(let asset) = input
      else { continue }
      let conversion = Conversion(format: .png)
      derived[name] = [.asset(try await context.convert(asset, to: conversion, field: name))]
    }
    guard
      case .asset(let image)? = (derived["image"] ?? context.images("image", of: request)).first,
      let header = image.header
    else { return derived }
    switch request.operation.name {
    case MediaOperation.addBackground.name:
      guard header.hasAlpha else {
        throw ImagineError.invalid(
          field: "image", given: "an image without transparency",
          expected: "a subject that is cut out, as remove_background of another provider does")
      }
      derived["mask"] = [.asset(try await matte(of: image, context))]
    case MediaOperation.resize.name:
      guard let ratio = request.aspectRatio else { break }
      let size = try SDAPIService.extended(header.size, to: ratio)
      var padding = Conversion(format: .png, width: size.width, height: size.height)
      padding.fit = .pad
      let canvas = try await context.convert(image, to: padding, field: "image")
      derived["image"] = [.asset(canvas)]
      derived["mask"] = [.asset(try await matte(of: canvas, context))]
    default: break
    }
    return derived
  }

  private func matte(of image: Asset, _ context: CallContext) async throws -> Asset {
    try await context.convert(
      image, to: Conversion(format: .png, isMatte: true), field: "image")
  }

  /// - Throws: ``ImagineError`` of kind `validation` for a size that the server cannot paint.
  private func checkSize(of request: Request, _ context: CallContext) throws(ImagineError) {
    let image = Self.size(of: context.images("image", of: request).first)
    switch request.operation.name {
    case MediaOperation.generate.name: _ = try service.size(of: request, from: image)
    case MediaOperation.upscale.name: break
    default: if let image { _ = try service.area(ofImage: image) }
    }
  }

  public func imageSize(of request: Request) throws(ImagineError) -> PixelSize? {
    let image = Self.size(of: request.image("image"))
    switch request.operation.name {
    case MediaOperation.generate.name: return try service.size(of: request, from: image)
    case MediaOperation.resize.name:
      guard let image, let ratio = request.aspectRatio else { return nil }
      return try SDAPIService.extended(image, to: ratio)
    default: return nil
    }
  }

  private static func size(of input: ImageInput?) -> PixelSize? {
    guard case .asset(let asset)? = input else { return nil }
    return asset.header?.size
  }
}

/// Errors.
extension SDAPIProvider {
  static func fault(_ answer: HTTPAnswer, _ body: [UInt8]) -> ImagineError {
    var error = answer.fault(body)
    switch answer.status {
    case 401, 403:
      error.message +=
        "; `token_env` names the variable with the server's user and password, as user:password"
    case 422:
      error.message +=
        error.message.contains("Unrecognized keys")
        ? "; this is Draw Things: set dialect = \"drawthings\""
        : "; the server does not take the field in this form"
    // An exception in the server: the same request raises it again.
    case 500 where JSONValue(body)?.isObject == true: error.retryable = false
    default: break
    }
    return error
  }

  /// An error that says what to do about it, which may need a free question.
  func explained(
    _ error: ImagineError, of request: Request?, _ context: CallContext
  ) async -> ImagineError {
    var error = error
    switch error.kind {
    // The server still works on it.
    case .timeout where error.status == nil: error.retryable = false
    // The same seed gives the same answer.
    case .badResponse where error.status.map { (200..<300).contains($0) } == true:
      error.retryable = false
    case .connection where error.retryable || error.charged == .unknown:
      if !error.message.contains("cannot be reached") {
        error.message += " (was the server restarted?)"
      }
    case .notFound, .badResponse, .validation:
      guard error.status == 404 || error.status == 405 else { break }
      let front = await SDAPIFront(of: self, context)
      error.kind = .unavailable
      switch front {
      case .page where request == nil || request?.operation.name != MediaOperation.upscale.name:
        error.message +=
          "; \(endpoint) answers, but without this API: start the server with --api"
      case .page, .nothing:
        error.message +=
          "; \(endpoint) has no such route: is it a server of the kind sdapi, and its dialect the"
          + " right one?"
      case .named where error.message.hasSuffix("Not Found") || error.message.hasSuffix("404"):
        error.message += "; this server has no such route: is its dialect the right one?"
      case .named: error.kind = .validation
      }
    default: break
    }
    return error
  }
}

/// What a server shows at its root, which tells one without this API from another program.
private enum SDAPIFront {
  case page
  case nothing
  /// It has the API; what is not found is what the request names.
  case named

  init(of provider: SDAPIProvider, _ context: CallContext) async {
    func status(_ path: String) async -> Int? {
      try? await provider.transport.perform(
        provider.call("GET", path, context, seconds: 5)
      ) { answer in
        _ = try await answer.errorBody()
        return answer.status
      }
    }
    if await status("/sdapi/v1/options") == 200 {
      self = .named
    } else {
      self = await status("/") == 200 ? .page : .nothing
    }
  }
}
