import HTTPTypes
import Hummingbird
import ImagineAPI
import MediaFiles
import NIOCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension ImagineService {
  var openAIImageRoutes: [Route] {
    [
      Route(.post, "/v1/images/generations") { try await paint($0) },
      Route(.post, "/v1/images/edits") { try await edit($0) },
      Route(.post, "/v1/images/variations") { _ in
        throw APIError.invalid(
          "this server makes no variations of an image: generate one with another seed, or edit"
            + " one inside a mask")
      },
    ]
  }

  private func paint(_ incoming: IncomingRequest) async throws -> Response {
    try countCall(incoming)
    let request = try await openAIRequest(for: .openAIImages, from: incoming)
    let model = try model(request["model"]?.text ?? "")
    let output = try OpenAIOutput(request)
    let call = try ImageCall.painting(
      request.prompt ?? "", isTransparent: output.isTransparent, seed: request.seed,
      size: output.size ?? OpenAISize.square.pixels, model: model)
    return try await answer(call, output, "image_generation", incoming)
  }

  private func edit(_ incoming: IncomingRequest) async throws -> Response {
    try countCall(incoming)
    let request = try await openAIRequest(for: .openAIEdits, from: incoming)
    let model = try model(request["model"]?.text ?? OpenAIModel.id)
    let output = try OpenAIOutput(request)
    try RequestCheck(configuration.limits).check(request)
    guard case .bytes(let image)? = request.image("image") else {
      throw APIError.invalid("field 'image' is missing", field: "image")
    }
    guard !output.isTransparent else {
      throw APIError.invalid(
        "field 'background': an edit keeps the background of its image (expected opaque or auto)",
        field: "background")
    }
    let call: ImageCall
    if case .bytes(let mask)? = request.image("mask") {
      guard output.count == 1 else {
        throw APIError.invalid(
          "field 'n': an edit with a mask has one result, whatever the seed (expected 1)",
          field: "n")
      }
      call = try ImageCall.filling(
        request.prompt, image: image, mask: try await whiteMask(mask, for: incoming), model: model)
    } else {
      try await checkTransparentParts(of: image, for: incoming)
      let operation = MediaOperation.addBackground
      let edit = try operation.request(
        from: ["prompt": .text(request.prompt ?? "")], images: ["image": [.bytes(image)]],
        source: .wire)
      call = ImageCall(request: request.seed.map { edit.with(seed: $0) } ?? edit, model: model)
    }
    return try await answer(call, output, "image_edit", incoming)
  }

  /// A mask that is white where another one is transparent.
  ///
  /// - Throws: ``APIError`` if that one is opaque everywhere.
  private func whiteMask(
    _ mask: [UInt8], for incoming: IncomingRequest
  ) async throws -> [UInt8] {
    let step = try PictureStep(
      .measure, [:], images: [PictureOperation.base: [.bytes(mask)]],
      facts: PictureStep.facts)
    let matte = Conversion(format: .png, isMatte: true)
    let memory = max(
      try engine.memory(for: step), try engine.memory(for: matte, image: step.size))
    do {
      return try await run(incoming, bytes: memory) { control in
        guard try engine.numbers(of: step, control: control)["opacity", default: 1] < 1 else {
          throw APIError.invalid(
            "field 'mask': no pixel of it is transparent (transparent pixels are edited)",
            field: "mask")
        }
        return try engine.convert(mask, to: matte, control: control)
      }
    } catch EngineError.unusable(_, let reason) {
      throw EngineError.unusable(field: "mask", reason: reason)
    }
  }

  private func checkTransparentParts(
    of image: [UInt8], for incoming: IncomingRequest
  ) async throws {
    let isOpaque: Bool
    if ImageHeader(image)?.hasAlpha == true {
      let step = try PictureStep(
        .measure, [:], images: [PictureOperation.base: [.bytes(image)]],
        facts: PictureStep.facts)
      let opacity = try await run(incoming, bytes: try engine.memory(for: step)) { control in
        try engine.numbers(of: step, control: control)["opacity", default: 1]
      }
      isOpaque = opacity >= 1
    } else {
      isOpaque = true
    }
    guard isOpaque else { return }
    throw APIError.invalid(
      "field 'mask': it is missing: without one, this server only paints a background where the"
        + " image is transparent, and this image is opaque",
      field: "mask")
  }

  private func answer(
    _ call: ImageCall, _ output: OpenAIOutput, _ event: String, _ incoming: IncomingRequest
  ) async throws -> Response {
    var call = call
    call.size = call.size ?? output.size
    call.count = output.count
    call.format = output.format
    call.quality = output.quality
    let images = try await makeImages(call, for: incoming)
    let base = baseAddress(for: incoming)
    var list = ImageList(
      created: Int64(Date().timeIntervalSince1970),
      background: output.background == "auto" ? nil : output.background,
      format: output.format.rawValue, quality: output.effort == "auto" ? nil : output.effort,
      size: images.first.flatMap { ImageHeader($0.bytes)?.size.description })
    var texts = try ImagesInJSON()
    for image in images {
      let isInAnswer = output.isStream || output.hasBytes
      list.data.append(
        ImageList.Image(
          url: isInAnswer
            ? nil : base + (try await temporaryImages.store(image.bytes, as: output.format)),
          base64: isInAnswer ? texts.text(for: image.bytes) : nil, seed: image.seed))
    }
    var response: Response =
      output.isStream
      ? .events(list.events(named: "\(event).completed"), texts) : texts.response(list)
    response.headers.setMaker(images.first?.engine)
    return response
  }
}

extension Response {
  /// Server-sent events, whose data is JSON.
  fileprivate static func events(_ events: [ImageEvent], _ texts: ImagesInJSON) -> Response {
    var body = ByteBuffer()
    for event in events {
      body.writeString("event: \(event.type)\ndata: ")
      var data = texts.encoded(event)
      body.writeBuffer(&data)
      body.writeString("\n\n")
    }
    return Response(
      status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: body))
  }
}
