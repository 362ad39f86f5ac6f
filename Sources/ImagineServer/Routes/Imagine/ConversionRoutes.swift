import Hummingbird
import ImagineAPI
import MediaFiles
import NIOCore

extension ImagineService {
  var conversionRoutes: [Route] {
    [
      Route(.post, "/x/convert") { try await convert($0) },
      Route(.post, "/x/composite") { try await composite($0) },
      Route(.post, "/x/thumbnail") { try await thumbnail($0) },
    ]
  }

  private func convert(_ incoming: IncomingRequest) async throws -> Response {
    let (bytes, conversion, memory) = try await conversion(incoming)
    return .image(
      try await run(incoming, bytes: memory) {
        try engine.convert(bytes, to: conversion, control: $0)
      })
  }

  private func composite(_ incoming: IncomingRequest) async throws -> Response {
    try countCall(incoming)
    let form = try await Form(incoming, by: bodies)
    let request = try form.request(for: .composite)
    let size = try RequestCheck(configuration.limits).check(request)
    guard let size, case .bytes(let image)? = request.image("image"),
      case .bytes(let mask)? = request.image("mask"),
      case .bytes(let edited)? = request.image(CompositeField.edited.name)
    else {
      throw APIError.invalid("field 'image' is missing", field: "image")
    }
    let measuresOnly = request[CompositeField.measure.name]?.flag ?? false
    let largest = [size, ImageHeader(edited)?.size ?? size].max {
      $0.width * $0.height < $1.width * $1.height
    }
    let memory = try engine.memory(for: .composite, image: largest, aspectRatio: nil)
    let composite = try await run(incoming, bytes: memory) {
      try engine.composite(
        edited, over: image, mask: mask, measuresOnly: measuresOnly, control: $0)
    }
    var response = composite.png.map(Response.image) ?? Response(status: .ok)
    response.headers[.imagineDrift] = String(composite.drift)
    return response
  }

  /// The same fields; width and height are the box, and the others say nothing here.
  private func thumbnail(_ incoming: IncomingRequest) async throws -> Response {
    let (bytes, conversion, memory) = try await conversion(incoming)
    let sides = 1...Thumbnail.maxSide
    for (name, side) in [("width", conversion.width), ("height", conversion.height)]
    where !(side.map(sides.contains) ?? false) {
      throw APIError.invalid(
        "field '\(name)': expected 1 to \(Thumbnail.maxSide) pixels", field: name)
    }
    let box = PixelSize(width: conversion.width ?? 1, height: conversion.height ?? 1)
    let thumbnail = try await run(incoming, bytes: memory) {
      try engine.thumbnail(of: bytes, within: box, control: $0)
    }
    return Response(
      status: .ok, headers: [.contentType: Thumbnail.mediaType],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: thumbnail.portablePixmap)))
  }

  /// The image, what it shall become, and the memory for that.
  private func conversion(
    _ incoming: IncomingRequest
  ) async throws -> (image: [UInt8], conversion: Conversion, memory: Int) {
    try countCall(incoming)
    let form = try await Form(incoming, by: bodies)
    let request = try form.request(for: .convert)
    guard let size = try RequestCheck(configuration.limits).check(request),
      case .bytes(let bytes)? = request.image("image")
    else {
      throw APIError.invalid("field 'image' is missing", field: "image")
    }
    let conversion = Conversion(request.fields, format: .png)
    return (bytes, conversion, try engine.memory(for: conversion, image: size))
  }
}
