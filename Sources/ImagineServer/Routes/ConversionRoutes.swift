import Hummingbird
import ImagineAPI

extension MediaOperation {
  /// `/x/convert`, which the host calls on its private server.
  static let convert = MediaOperation(
    "convert", title: "Convert", path: "/convert", answer: .image,
    summary: "changes the format or size of an image",
    fields: [
      Field("image", .image, .required, summary: "the image to convert"),
      Field(
        "format", .choice(ImageFormat.writable.map(\.rawValue)), .defaulted("png"),
        summary: "the format to write"),
      Field("width", .integer(1...16384), .optional, summary: "pixels"),
      Field("height", .integer(1...16384), .optional, summary: "pixels"),
      Field(
        "fit", .choice(Conversion.Fit.allCases.map(\.rawValue)), .defaulted("contain"),
        summary: "how the image fits a box of another shape"),
      Field("quality", .integer(1...100), .defaulted("90"), summary: "quality of lossy formats"),
    ])
}

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
    let conversion = Conversion(
      format: request["format"]?.text.flatMap(ImageFormat.init(rawValue:)) ?? .png,
      width: request["width"]?.integer.map(Int.init),
      height: request["height"]?.integer.map(Int.init),
      fit: request["fit"]?.text.flatMap(Conversion.Fit.init(rawValue:)) ?? .contain,
      quality: request["quality"]?.integer.map(Int.init) ?? 90)
    let memory = try engine.memory(for: conversion, image: size)
    return .image(
      try await run(incoming, bytes: memory) {
        try engine.convert(bytes, to: conversion, control: $0)
      })
  }
}
