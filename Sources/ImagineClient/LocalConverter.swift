public import ImagineCore

/// Conversion by the private server: pictures are sent nowhere else for it.
public struct LocalConverter: PictureConverter {
  private let server: LocalServer
  private let transport: HTTPTransport

  public init(server: LocalServer, transport: HTTPTransport) {
    self.server = server
    self.transport = transport
  }

  /// Asks the server which engine it has.
  public func engineVersion() async throws -> String {
    let call = HTTPTransport.Call(
      method: "GET", address: Self.address("/healthz", of: try await server.endpoint()),
      endpoint: "GET /healthz", limit: TimeLimit(total: 10))
    return try await transport.perform(call) { answer in
      guard answer.isSuccess, let version = answer.engine else {
        throw answer.unexpected("it names no engine")
      }
      return version
    }
  }

  public func convert(
    _ asset: Asset, to conversion: Conversion, into store: any AssetStore
  ) async throws -> Asset {
    let endpoint = try await server.endpoint()
    let address = Self.address("/x/convert", of: endpoint)
    var body = MultipartBody()
    body.append(name: "image", file: try InputFile.read(FilePath(asset.path), field: "image"))
    body.append(name: "format", value: conversion.format.rawValue)
    body.append(name: "fit", value: conversion.fit.rawValue)
    body.append(name: "quality", value: String(conversion.quality))
    if let width = conversion.width { body.append(name: "width", value: String(width)) }
    if let height = conversion.height { body.append(name: "height", value: String(height)) }
    body.close()
    let call = HTTPTransport.Call(
      method: "POST", address: address, endpoint: "POST /x/convert",
      authorization: endpoint.authorization(for: address), contentType: body.contentType,
      body: body.bytes, limit: TimeLimit(total: transport.timeouts.call))
    return try await transport.perform(call) { answer in
      try await PictureAnswer(answer).store(in: store)
    }
  }

  /// The private server's own routes stand beside `/v2`, at the root.
  private static func address(_ path: String, of endpoint: Endpoint) -> String {
    endpoint.baseURL.dropLast("/v2".count) + path
  }
}
