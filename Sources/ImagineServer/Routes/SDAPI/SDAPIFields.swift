import ImagineAPI

/// The fields of A1111's API that this server takes. Of the others, ``SDAPIBody`` refuses those that
/// ask for another picture; the rest describe how a model computes, which changes nothing here.
extension MediaOperation {
  static let textToImage = MediaOperation(
    "txt2img", title: "txt2img", path: "/sdapi/v1/txt2img", answer: .image,
    summary: "generates images from a prompt",
    fields: [Field("prompt", .text, .required, summary: "what to paint")]
      + SDAPIField.size(.defaulted("512")) + SDAPIField.sampling)

  static let imageToImage = MediaOperation(
    "img2img", title: "img2img", path: "/sdapi/v1/img2img", answer: .image,
    summary: "paints inside a mask",
    fields: [
      Field(
        "prompt", .text, .optional, summary: "what to paint there; without it, what surrounds it"),
      Field(
        "init_images", .image, .required, summary: "the image, in a list of one"),
      Field("mask", .image, .optional, summary: "white is painted, black is kept"),
      Field(
        "resize_mode", .integer(0...3), .defaulted("0"),
        summary: "how the image is brought to the size: 0 stretched, 1 cropped"),
    ] + SDAPIField.size(.optional) + SDAPIField.sampling)

  static let singleExtra = MediaOperation(
    "extra-single-image", title: "extra-single-image", path: "/sdapi/v1/extra-single-image",
    answer: .image, summary: "enlarges an image",
    fields: [
      Field("image", .image, .required, summary: "the image"),
      Field(
        "resize_mode", .integer(0...1), .defaulted("0"), summary: "0 by a factor, 1 to a size"),
      Field("upscaling_resize", .number(1...8), .defaulted("2"), summary: "the factor"),
      SDAPIField.side("upscaling_resize_w", .defaulted("512")),
      SDAPIField.side("upscaling_resize_h", .defaulted("512")),
      Field(
        "upscaling_crop", .flag, .defaulted("true"), summary: "whether the size crops the image"),
      Field(
        "upscaler_1", .choice(SDAPINames.upscalers), .defaulted("None"), summary: "the upscaler"),
    ])

  static let imageInformation = MediaOperation(
    "png-info", title: "png-info", path: "/sdapi/v1/png-info", answer: .image,
    summary: "reads the texts of an image",
    fields: [Field("image", .image, .required, summary: "the image")])
}

private enum SDAPIField {
  static func side(_ name: String, _ presence: Field.Presence) -> Field {
    Field(
      name, .integer(1...Int64(PixelBudget.side)), presence, unit: "pixels",
      summary: "a side of the result")
  }

  static func size(_ presence: Field.Presence) -> [Field] {
    [side("width", presence), side("height", presence)]
  }

  static let sampling = [
    Field(
      "seed", .integer(-1...Int64.max), .defaulted("-1"), summary: "-1 for a random one"),
    Field("batch_size", .integer(1...16), .defaulted("1"), summary: "how many images"),
    Field("n_iter", .integer(1...16), .defaulted("1"), summary: "how often"),
    Field(
      "sampler_name", .choice(SDAPINames.acceptedSamplers), .optional,
      wireAliases: ["sampler_index"], summary: "changes nothing here"),
    Field(
      "scheduler", .openChoice(SDAPINames.schedulers), .optional, summary: "changes nothing here"),
  ]
}

/// The names that A1111's clients choose from. Those of samplers and schedulers are A1111's own,
/// since its clients send them; the engine uses none.
enum SDAPINames {
  static let samplers = [
    "DPM++ 2M", "DPM++ SDE", "DPM++ 2M SDE", "DPM++ 2M SDE Heun", "DPM++ 2S a", "DPM++ 3M SDE",
    "Euler a", "Euler", "LMS", "Heun", "DPM2", "DPM2 a", "DPM fast", "DPM adaptive", "Restart",
    "DDIM", "DDIM CFG++", "PLMS", "UniPC", "LCM",
  ]

  /// Older clients name the scheduler too.
  static let acceptedSamplers =
    samplers + ["Karras", "Exponential"].flatMap { end in samplers.map { "\($0) \(end)" } }

  static let schedulers = [
    "automatic", "uniform", "karras", "exponential", "polyexponential", "sgm_uniform",
    "kl_optimal", "align_your_steps", "simple", "normal", "ddim", "beta", "turbo",
  ]

  /// The upscaler of the engine.
  static let engineUpscaler = "Imagine"
  /// `None` computes as `Lanczos`, as in A1111.
  static let upscalers = ["None", "Lanczos", "Nearest", engineUpscaler]
}

/// A JSON body of A1111's API.
struct SDAPIBody {
  /// Without what is null or empty text.
  let fields: [String: Value]

  /// - Throws: ``APIError`` 1100 if the bytes are not a JSON object.
  init(_ bytes: [UInt8]) throws(APIError) {
    fields = try JSONFields(bytes).fields.filter { $0.value != "" }
  }

  /// The request that the fields describe.
  ///
  /// - Throws: ``APIError`` and ``ImagineError`` that name the field.
  func request(for operation: MediaOperation) throws -> ImagineAPI.Request {
    try checkOffers()
    return try JSONFields(fields: fields).request(for: operation)
  }

  /// Fields for what this server cannot do.
  private static let unavailable = [
    "alwayson_scripts", "codeformer_visibility", "enable_hr", "gfpgan_visibility", "infotext",
    "inpainting_mask_invert", "latent_mask", "refiner_checkpoint", "restore_faces", "script_name",
    "styles", "subseed_strength", "tiling", "upscaler_2",
  ]

  private func checkOffers() throws(APIError) {
    for name in Self.unavailable {
      guard let value = fields[name], !value.isOff else { continue }
      let parts = value.table?.filter { !$0.value.isOff }.keys.sorted().joined(separator: ", ")
      throw .invalid(
        "field '\(name)': \(parts ?? value.quoted) is not available on this server", field: name)
    }
    if fields["send_images"] == false {
      throw .invalid(
        "field 'send_images': this server keeps no images, it only sends them (expected true)",
        field: "send_images")
    }
    if let format = settings["samples_format"], format != "png" {
      throw .invalid(
        "field 'samples_format': \(format.quoted) is not available (expected png)",
        field: "samples_format")
    }
  }

  /// The settings for this call alone.
  private var settings: [String: Value] { fields["override_settings"]?.table ?? [:] }

  /// The model that the call names.
  var model: String? { settings["sd_model_checkpoint"]?.text }

  /// The fields to repeat in the answer: without images, and without what some clients send with
  /// them, such as addresses and passwords.
  func parameters(of operation: MediaOperation) -> Value {
    let settings = operation.fields.filter { $0.maxImages == 0 }
    let names =
      settings.flatMap { [$0.wireName] + $0.wireAliases }
      + ["negative_prompt", "steps", "cfg_scale", "denoising_strength"]
    return .table(fields.filter { names.contains($0.key) })
  }
}

extension Value {
  /// Whether it says that something is not wanted.
  fileprivate var isOff: Bool {
    switch self {
    case .null, .flag(false), .integer(0), .text(""), .text("None"): true
    case .number(let number): number == 0
    case .list(let values): values.allSatisfy(\.isOff)
    case .table(let members): members.values.allSatisfy(\.isOff)
    default: false
    }
  }
}
