public import ImagineAPI

/// Converts images with an `imagine-server`, by its routes `/x/convert`, `/x/composite` and
/// `/x/thumbnail`.
public struct ServerConverter: ImageConverter {
  private let endpoint: @Sendable () async throws -> Endpoint
  private let transport: HTTPTransport

  /// - Parameter endpoint: the server's endpoint; called before each call.
  public init(transport: HTTPTransport, endpoint: @escaping @Sendable () async throws -> Endpoint) {
    self.endpoint = endpoint
    self.transport = transport
  }

  /// Requests the version of the server's engine.
  public func engineVersion() async throws -> String {
    let call = HTTPTransport.Call(
      method: "GET", address: Self.address("/healthz", of: try await endpoint()),
      endpoint: "GET /healthz", limit: TimeLimit(total: 10))
    return try await transport.perform(call) { answer in
      guard answer.isSuccess, let version = answer.engine else {
        throw answer.unexpected("the answer names no engine")
      }
      return version
    }
  }

  public func convert(
    _ asset: Asset, to conversion: Conversion, into store: any MediaStore
  ) async throws -> Asset {
    let call = try await call("/x/convert", asset, conversion, from: store)
    return try await transport.perform(call) { answer in
      try await ImageAnswer(answer).store(in: store)
    }
  }

  public func thumbnail(
    of asset: Asset, within box: PixelSize, from store: any MediaStore
  ) async throws -> Thumbnail {
    let conversion = Conversion(format: .png, width: box.width, height: box.height)
    let call = try await call("/x/thumbnail", asset, conversion, from: store)
    return try await transport.perform(call) { answer in
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
    let call = try await call("/x/composite", body)
    return try await transport.perform(call) { answer in
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
    _ path: String, _ asset: Asset, _ conversion: Conversion, from store: any MediaStore
  ) async throws -> HTTPTransport.Call {
    var body = MultipartBody()
    func append(_ field: Field, _ value: String) { body.append(name: field.wireName, value: value) }
    body.append(
      name: "image", file: try ImageInput.asset(asset).content(from: store, field: "image"))
    append(ConversionField.format, conversion.format.rawValue)
    append(ConversionField.fit, conversion.fit.rawValue)
    append(ConversionField.quality, String(conversion.quality))
    if let width = conversion.width { append(ConversionField.width, String(width)) }
    if let height = conversion.height { append(ConversionField.height, String(height)) }
    if conversion.isMask { append(ConversionField.mask, "true") }
    if conversion.isMatte { append(ConversionField.matte, "true") }
    body.close()
    return try await call(path, body)
  }

  private func call(_ path: String, _ body: MultipartBody) async throws -> HTTPTransport.Call {
    let endpoint = try await endpoint()
    let address = Self.address(path, of: endpoint)
    return HTTPTransport.Call(
      method: "POST", address: address, endpoint: "POST \(path)",
      authorization: endpoint.authorization(for: address), contentType: body.contentType,
      body: body.bytes, limit: TimeLimit(total: transport.timeouts.call))
  }

  /// The server's own routes are at the root, beside `/v2`.
  private static func address(_ path: String, of endpoint: Endpoint) -> String {
    endpoint.baseURL.dropLast("/v2".count) + path
  }
}
