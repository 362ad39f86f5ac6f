public import ImagineAPI

/// Converts and changes images and videos with an `imagine-server`, by its routes `/x/convert`,
/// `/x/step`, `/x/files`, `/x/composite` and `/x/thumbnail`.
public struct ServerConverter: ImageConverter {
  private let target: any CallTarget
  private let transport: HTTPTransport

  public init(transport: HTTPTransport, target: any CallTarget) {
    self.target = target
    self.transport = transport
  }

  /// Requests the version of the server's engine.
  public func engineVersion() async throws -> String {
    let call = ConverterCall("GET", "/healthz", limit: TimeLimit(total: 10))
    return try await send(call) { answer in
      guard answer.isSuccess, let version = answer.engine else {
        throw answer.unexpected("the answer names no engine")
      }
      return version
    }
  }

  public func convert(
    _ asset: Asset, to conversion: Conversion, into store: any MediaStore
  ) async throws -> Asset {
    let call = try call("/x/convert", .asset(asset), conversion, from: store)
    return try await Self.namingFields {
      try await send(call) { answer in
        try await ImageAnswer(answer).store(in: store)
      }
    }
  }

  /// Runs a call and names the field of its error, as the server's message begins.
  private static func namingFields<Result>(
    _ body: () async throws -> Result
  ) async throws -> Result {
    do {
      return try await body()
    } catch var error as ImagineError where error.kind == .validation && error.field == nil {
      error.field = error.message.firstMatch(of: /field '([a-z_.\[\]0-9]+)':/)
        .map { String($0.1) }
      throw error
    }
  }

  public func thumbnail(
    of asset: Asset, within box: PixelSize, from store: any MediaStore
  ) async throws -> Thumbnail {
    let conversion = Conversion(format: .png, width: box.width, height: box.height)
    let call = try call("/x/thumbnail", .asset(asset), conversion, from: store)
    return try await send(call) { answer in
      guard answer.isSuccess else { throw answer.fault(try await answer.errorBody()) }
      guard let thumbnail = Thumbnail(portablePixmap: try await answer.bytes()) else {
        throw answer.unexpected("the answer is no thumbnail")
      }
      return thumbnail
    }
  }

  public func composite(
    _ edit: MaskedEdit, into store: any MediaStore
  ) async throws -> Composite {
    var body = MultipartBody()
    for (field, asset) in [
      ("image", edit.image), ("mask", edit.mask), (CompositeField.edited.wireName, edit.edited),
    ] {
      body.append(
        name: field, file: try ImageInput.asset(asset).content(from: store, field: field))
    }
    if edit.measuresOnly { body.append(name: CompositeField.measure.wireName, value: "true") }
    body.close()
    let call = call("/x/composite", body)
    return try await send(call) { answer in
      guard answer.isSuccess else { throw answer.fault(try await answer.errorBody()) }
      guard let drift = answer.header(CompositeField.driftHeader).flatMap(Double.init),
        (0...1).contains(drift)
      else { throw answer.unexpected("the answer names no drift") }
      return Composite(
        asset: edit.measuresOnly ? nil : try await ImageAnswer(answer).store(in: store),
        drift: drift)
    }
  }

  private func call(
    _ path: String, _ image: ImageInput, _ conversion: Conversion, from store: any MediaStore
  ) throws -> ConverterCall {
    var body = MultipartBody()
    func append(_ field: Field, _ value: String) { body.append(name: field.wireName, value: value) }
    body.append(name: "image", file: try image.content(from: store, field: "image"))
    append(ConversionField.format, conversion.format.rawValue)
    append(ConversionField.fit, conversion.fit.rawValue)
    append(ConversionField.quality, String(conversion.quality))
    if let width = conversion.width { append(ConversionField.width, String(width)) }
    if let height = conversion.height { append(ConversionField.height, String(height)) }
    if conversion.isMask { append(ConversionField.mask, "true") }
    if conversion.isMatte { append(ConversionField.matte, "true") }
    if conversion.kernel != .lanczos { append(ConversionField.kernel, conversion.kernel.rawValue) }
    if let background = conversion.background {
      append(ConversionField.background, background.text)
    }
    if let bytes = conversion.maxBytes {
      append(ConversionField.maxBytes, String(bytes))
      append(ConversionField.minQuality, String(conversion.minQuality))
    }
    body.close()
    return call(path, body)
  }

  private func call(_ path: String, _ body: MultipartBody) -> ConverterCall {
    call(path, body.bytes, body.contentType)
  }

  private func call(_ path: String, _ body: [UInt8], _ contentType: String) -> ConverterCall {
    ConverterCall(
      "POST", path, contentType: contentType, body: body,
      limit: TimeLimit(total: transport.timeouts.call))
  }

  private func send<Result: Sendable>(
    _ call: ConverterCall, _ read: @escaping @Sendable (HTTPAnswer) async throws -> Result
  ) async throws -> Result {
    try await target.call { try await transport.perform(call.request(to: $0), read) }
  }

  public func perform(
    _ step: PictureStep, into store: any MediaStore
  ) async throws -> Output {
    if step.operation.takesFiles { return try await sendingFiles(of: step, into: store) }
    var body = MultipartBody()
    body.append(
      name: "step",
      value: RequestDescription(step.request, images: [:]).json)
    for (field, inputs) in step.request.images.sorted(by: { $0.key < $1.key }) {
      for (index, input) in inputs.enumerated() {
        body.append(
          name: "\(field).\(index)", file: try input.content(from: store, field: field))
      }
    }
    body.close()
    let call = call("/x/step", body)
    return try await Self.namingFields {
      try await send(call) { answer in
        guard step.operation.numbers.isEmpty else {
          guard answer.isSuccess else { throw answer.fault(try await answer.errorBody()) }
          return Output(asset: try await store.store(answer.bytes()), engine: answer.engine)
        }
        return Output(asset: try await ImageAnswer(answer).store(in: store), engine: answer.engine)
      }
    }
  }

  /// A step over videos or many images: a line that describes it, then its files.
  private func sendingFiles(
    of step: PictureStep, into store: any MediaStore
  ) async throws -> Output {
    var files: [Asset] = []
    var sizes: [String: Value] = [:]
    for (field, inputs) in step.request.images.sorted(by: { $0.key < $1.key }) {
      let assets = try inputs.map { input throws(ImagineError) in
        guard case .asset(let asset) = input else {
          throw .invalid(field: field, given: "a file outside the store", expected: "an asset")
        }
        return asset
      }
      sizes[field] = .list(assets.map { .integer(Int64($0.byteCount)) })
      files += assets
    }
    var description = RequestDescription(step.request, images: [:]).value.table ?? [:]
    description["files"] = .table(sizes)
    var call = call(
      "/x/files", Array(Value.table(description).json.utf8) + [UInt8(ascii: "\n")],
      "application/octet-stream")
    call.files = files
    call.limit = TimeLimit(total: max(transport.timeouts.call, StandardTimeout.wait))
    let isFilm = step.operation.makesVideo
    return try await Self.namingFields {
      try await send(call) { answer in
        guard isFilm else {
          return Output(
            asset: try await ImageAnswer(answer).store(in: store), engine: answer.engine)
        }
        guard answer.isSuccess else { throw answer.fault(try await answer.errorBody()) }
        let writer = try store.makeWriter()
        do {
          try await answer.forEachPiece(upTo: Self.maxFilmBytes) { try writer.write($0) }
          return Output(asset: try await writer.commit(), engine: answer.engine)
        } catch {
          writer.discard()
          throw error
        }
      }
    }
  }

  private static let maxFilmBytes = 4 << 30
}

/// A call to a route of an `imagine-server`'s own, whichever server it goes to.
private struct ConverterCall: Sendable {
  let method: String
  let path: String
  var contentType: String?
  var body: [UInt8]?
  /// Files that follow the body.
  var files: [Asset] = []
  var limit: TimeLimit

  init(
    _ method: String, _ path: String, contentType: String? = nil, body: [UInt8]? = nil,
    limit: TimeLimit
  ) {
    self.method = method
    self.path = path
    self.contentType = contentType
    self.body = body
    self.limit = limit
  }

  /// The server's own routes are at the root, beside `/v2`.
  func request(to endpoint: Endpoint) -> HTTPTransport.Call {
    let address = String(endpoint.baseURL.dropLast("/v2".count)) + path
    return HTTPTransport.Call(
      method: method, address: address, endpoint: "\(method) \(path)",
      authorization: endpoint.authorization(for: address), contentType: contentType, body: body,
      files: files, limit: limit)
  }
}
