import Hummingbird
import ImagineAPI

extension ImagineService {
  var conversionRoutes: [Route] {
    [Route(.post, "/x/convert") { try await convert($0) }]
  }

  private func convert(_ incoming: IncomingRequest) async throws -> Response {
    try countCall(incoming)
    let form = try await Form(incoming.http, by: bodies, for: incoming.account)
    let request = try form.request(for: .convert)
    guard let size = try RequestCheck(configuration.limits).check(request),
      case .bytes(let bytes)? = request.image("image")
    else {
      throw APIError.invalid("field 'image' is missing", field: "image")
    }
    let conversion = Conversion(request.fields, format: .png)
    let memory = try engine.memory(for: conversion, image: size)
    return .image(
      try await run(incoming, bytes: memory) {
        try engine.convert(bytes, to: conversion, control: $0)
      })
  }
}
