import Hummingbird
import ImagineCore

extension Operation {
  /// `/x/convert`: what the host asks of its private server.
  static let convert = Operation(
    "convert", title: "Convert", path: "/convert", answer: .picture,
    summary: "changes the format or size of a picture",
    fields: [
      Field("image", .picture, .required, summary: "the picture to convert"),
      Field(
        "format", .choice(PictureFormat.writable.map(\.rawValue)), .defaulted("png"),
        summary: "the format to write"),
      Field("width", .integer(1...16384), .optional, summary: "pixels"),
      Field("height", .integer(1...16384), .optional, summary: "pixels"),
      Field(
        "fit", .choice(Conversion.Fit.allCases.map(\.rawValue)), .defaulted("contain"),
        summary: "how the picture fits a box of another shape"),
      Field("quality", .integer(1...100), .defaulted("90"), summary: "of formats with loss"),
    ])
}

extension ImagineService {
  var conversionRoutes: [Route] {
    [Route(.post, "/x/convert") { try await convert($0) }]
  }

  private func convert(_ call: Call) async throws -> Response {
    try admit(call)
    let form = try await Form(call.request, by: bodies, for: call.account)
    let request = try form.request(for: .convert)
    guard let size = try RequestCheck(configuration.limits).check(request),
      case .bytes(let bytes)? = request["image"]?.picture
    else {
      throw Failure.invalid("field 'image' is missing", field: "image")
    }
    let conversion = Conversion(
      format: request["format"]?.text.flatMap(PictureFormat.init(rawValue:)) ?? .png,
      width: request["width"]?.integer.map(Int.init),
      height: request["height"]?.integer.map(Int.init),
      fit: request["fit"]?.text.flatMap(Conversion.Fit.init(rawValue:)) ?? .contain,
      quality: request["quality"]?.integer.map(Int.init) ?? 90)
    let memory = try engine.memory(for: conversion, picture: size)
    return .picture(
      try await run(call, bytes: memory) {
        try engine.convert(bytes, to: conversion, control: $0)
      })
  }
}
