import Hummingbird
import ImagineAPI
import MediaFiles

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension ImagineService {
  var sdapiImageRoutes: [Route] {
    [
      Route(.post, MediaOperation.textToImage.path) { try await textToImage($0) },
      Route(.post, MediaOperation.imageToImage.path) { try await imageToImage($0) },
      Route(.post, MediaOperation.singleExtra.path) { try await enlarge($0) },
    ]
  }

  private func textToImage(_ incoming: IncomingRequest) async throws -> Response {
    try countCall(incoming)
    let body = try await sdapiBody(incoming)
    let request = try body.request(for: .textToImage)
    let model = try sdapiModel(body.model ?? sdapiSessions.model(of: incoming.account))
    var call = try ImageCall.painting(
      request.prompt ?? "", seed: request.givenSeed,
      size: try servedSize(
        width: request["width"]?.integer, height: request["height"]?.integer), model: model)
    call.count = try count(of: request)
    return try await answer(call, request, body, incoming)
  }

  private func imageToImage(_ incoming: IncomingRequest) async throws -> Response {
    try countCall(incoming)
    let body = try await sdapiBody(incoming)
    let request = try body.request(for: .imageToImage)
    let model = try sdapiModel(body.model ?? sdapiSessions.model(of: incoming.account))
    try RequestCheck(configuration.limits).check(request)
    guard case .bytes(let image)? = request.image("init_images"),
      let imageSize = ImageHeader(image)?.size
    else {
      throw APIError.invalid("field 'init_images' is missing", field: "init_images")
    }
    guard case .bytes(let mask)? = request.image("mask") else {
      throw APIError.invalid(
        "field 'mask': it is missing: without one, this server cannot change an image",
        field: "mask")
    }
    guard try count(of: request) == 1 else {
      throw APIError.invalid(
        "field 'batch_size': an edit with a mask has one result, whatever the seed (expected 1)",
        field: "batch_size")
    }
    let (width, height) = (request["width"]?.integer, request["height"]?.integer)
    let size =
      try width == nil && height == nil ? imageSize : servedSize(width: width, height: height)
    let mode = request["resize_mode"]?.integer ?? 0
    guard mode <= 1 || size == imageSize else {
      throw APIError.invalid(
        "field 'resize_mode': \(mode) is not available on this server (expected 0 or 1)",
        field: "resize_mode")
    }
    let inputs = try await resized(
      image, mask, to: size, fit: mode == 1 ? .cover : .fill, for: incoming)
    let call = try ImageCall.filling(
      request.prompt, image: inputs.image, mask: inputs.mask, model: model)
    return try await answer(call, request, body, incoming)
  }

  /// An image and its mask at the size at which the image is edited.
  private func resized(
    _ image: [UInt8], _ mask: [UInt8], to size: PixelSize, fit: Conversion.Fit,
    for incoming: IncomingRequest
  ) async throws -> (image: [UInt8], mask: [UInt8]) {
    func converted(_ file: [UInt8], _ field: String, _ fit: Conversion.Fit) async throws -> [UInt8]
    {
      guard let given = ImageHeader(file)?.size, given != size else { return file }
      let conversion = Conversion(
        format: .png, width: size.width, height: size.height, fit: fit)
      let memory = try engine.memory(for: conversion, image: given)
      do {
        return try await run(incoming, bytes: memory) {
          try engine.convert(file, to: conversion, control: $0)
        }
      } catch EngineError.unusable(_, let reason) {
        throw EngineError.unusable(field: field, reason: reason)
      }
    }
    // A mask of another size than its image is stretched over it.
    let maskFit = ImageHeader(mask)?.size == ImageHeader(image)?.size ? fit : .fill
    return (
      try await converted(image, "init_images", fit), try await converted(mask, "mask", maskFit)
    )
  }

  private func enlarge(_ incoming: IncomingRequest) async throws -> Response {
    try countCall(incoming)
    let body = try await sdapiBody(incoming)
    let request = try body.request(for: .singleExtra)
    guard let given = try RequestCheck(configuration.limits).check(request),
      let image = request.image("image")
    else {
      throw APIError.invalid("field 'image' is missing", field: "image")
    }
    let size = try Self.enlarged(given, request)
    let upscaler = request["upscaler_1"]?.text ?? "None"
    let call: ImageCall
    if upscaler == SDAPINames.engineUpscaler {
      call = ImageCall(
        request: try MediaOperation.upscale.request(
          from: [:], images: ["image": [image]], source: .wire), size: size)
    } else {
      let kernel = upscaler == "Nearest" ? Conversion.Kernel.nearest : .lanczos
      call = ImageCall(
        request: try MediaOperation.convert.request(
          from: [
            "width": .integer(Int64(size.width)), "height": .integer(Int64(size.height)),
            "fit": .text(Conversion.Fit.cover.rawValue), "kernel": .text(kernel.rawValue),
          ], images: ["image": [image]], source: .wire))
    }
    let images = try await interruptible(call, "extras", incoming)
    var texts = try ImagesInJSON()
    let answer: Value = [
      "html_info": "", "image": .text(images.first.map { texts.text(for: $0.bytes) } ?? ""),
    ]
    return texts.response(answer)
  }

  /// - Throws: ``APIError`` for a size over the ``PixelBudget``.
  private static func enlarged(
    _ size: PixelSize, _ request: ImagineAPI.Request
  ) throws(APIError) -> PixelSize {
    var scale = request["upscaling_resize"]?.double ?? 2
    var field = "upscaling_resize"
    if request["resize_mode"]?.integer == 1 {
      field = "upscaling_resize_w"
      let box = PixelSize(
        width: Int(request["upscaling_resize_w"]?.integer ?? 512),
        height: Int(request["upscaling_resize_h"]?.integer ?? 512))
      if request["upscaling_crop"]?.flag ?? true { return try checked(box, field) }
      scale = max(
        Double(box.width) / Double(size.width), Double(box.height) / Double(size.height))
    }
    return try checked(
      PixelSize(
        width: max(1, Int((Double(size.width) * scale).rounded())),
        height: max(1, Int((Double(size.height) * scale).rounded()))), field)
  }

  private static func checked(
    _ size: PixelSize, _ field: String
  ) throws(APIError) -> PixelSize {
    if let fault = PixelBudget.fault(of: size) {
      throw .invalid("field '\(field)': the result would have \(fault)", field: field)
    }
    return size
  }

  // MARK: What these routes share

  private func sdapiBody(_ incoming: IncomingRequest) async throws -> SDAPIBody {
    try SDAPIBody(try await bodies.read(incoming))
  }

  /// - Throws: ``APIError`` for a size that this server does not make.
  private func servedSize(width: Int64?, height: Int64?) throws(APIError) -> PixelSize {
    let size = PixelSize(width: Int(width ?? 512), height: Int(height ?? 512))
    if let fault = ServedSizes.fault(of: size) {
      throw .invalid("field 'width': \(fault)", field: "width")
    }
    return size
  }

  private func count(of request: ImagineAPI.Request) throws(APIError) -> Int {
    let count = Int((request["batch_size"]?.integer ?? 1) * (request["n_iter"]?.integer ?? 1))
    guard count <= 16 else {
      throw .invalid(
        "field 'n_iter': batch_size times n_iter is \(count) images (expected at most 16)",
        field: "n_iter")
    }
    return count
  }

  /// Makes the images of a call that the account can stop.
  private func interruptible(
    _ call: ImageCall, _ name: String, _ incoming: IncomingRequest
  ) async throws -> [EngineImage] {
    var incoming = incoming
    let client = await incoming.context.clientPresence()
    let runsOn = incoming.keyed != nil
    let control = EngineControl(account: incoming.account.id) {
      runsOn || client?.isConnected == true
    }
    incoming.control = control
    do {
      return try await sdapiSessions.run(
        name, images: call.count, of: incoming.account, control
      ) { [incoming] in try await makeImages(call, for: incoming) }
    } catch _ where control.stopReason == .cancelled && client?.isConnected == true {
      throw APIError(.requestInvalid, "the call was interrupted", status: 409)
    }
  }

  private func answer(
    _ call: ImageCall, _ request: ImagineAPI.Request, _ body: SDAPIBody,
    _ incoming: IncomingRequest
  ) async throws -> Response {
    let images = try await interruptible(call, request.operation.name, incoming)
    // An edit has no seed: any gives the same image.
    let given = request.givenSeed ?? incoming.seed
    let texts = images.map { image in
      Infotext(
        prompt: request.prompt ?? "", seed: image.seed ?? given,
        size: ImageHeader(image.bytes)?.size ?? PixelSize(width: 0, height: 0),
        model: call.model ?? "", version: engine.version)
    }
    let files = zip(images, texts).map { image, text in
      ImageTexts.adding(text.description, as: Infotext.keyword, to: image.bytes)
    }
    var encoded = try ImagesInJSON()
    let answer: Value = [
      "images": .list(files.map { .text(encoded.text(for: $0)) }),
      "parameters": body.parameters(of: request.operation),
      "info": .text(body.info(texts, request).json),
    ]
    return encoded.response(answer)
  }
}

extension SDAPIBody {
  /// What A1111 tells of the images that it made.
  fileprivate func info(_ texts: [Infotext], _ request: ImagineAPI.Request) -> Value {
    func all(_ value: Value) -> Value { .list(texts.map { _ in value }) }
    let negative = fields["negative_prompt"] ?? ""
    let prompt = Value.text(request.prompt ?? "")
    let seeds = texts.map { Value.integer($0.seed) }
    let seed = seeds.first ?? .null
    var info: [String: Value] = [
      "prompt": prompt, "all_prompts": all(prompt), "negative_prompt": negative,
      "all_negative_prompts": all(negative), "seed": seed, "all_seeds": .list(seeds),
      "subseed": seed, "all_subseeds": .list(seeds), "subseed_strength": 0,
      "index_of_first_image": 0, "batch_size": .integer(Int64(texts.count)), "styles": [],
      "infotexts": .list(texts.map { .text($0.description) }), "restore_faces": false,
      "extra_generation_params": [:], "sd_model_hash": "", "sd_vae_name": .null,
      "sd_vae_hash": .null, "seed_resize_from_w": 0, "seed_resize_from_h": 0, "clip_skip": 1,
      "job_timestamp": "0", "is_using_inpainting_conditioning": false,
      "denoising_strength": fields["denoising_strength"] ?? 0,
    ]
    // Clients that check types expect all of them.
    let defaults: [String: Value] = ["sampler_name": "Euler", "steps": 20, "cfg_scale": 7]
    for (name, value) in defaults { info[name] = fields[name] ?? value }
    if let first = texts.first {
      info["width"] = .integer(Int64(first.size.width))
      info["height"] = .integer(Int64(first.size.height))
      info["sd_model_name"] = .text(first.model)
      info["version"] = .text(first.version)
    }
    return .table(info)
  }
}

extension ImagineAPI.Request {
  /// The seed that the caller chose; nil for a random one.
  fileprivate var givenSeed: Int64? { seed.flatMap { $0 < 0 ? nil : $0 } }
}
