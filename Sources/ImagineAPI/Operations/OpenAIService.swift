/// What a server does otherwise than OpenAI's API says: `dialect` in a provider's description.
public enum OpenAIDialect: String, Sendable, CaseIterable, Codable {
  case openai
  /// The server of stable-diffusion.cpp: seeds and steps are part of the prompt.
  case sdcpp
  /// vLLM-Omni: seeds, steps, and a second name of the mask.
  case vllm
  /// LocalAI: seeds, and routes of its own for masks and for larger images.
  case localai
  /// OpenRouter: its own route, and reference images as addresses.
  case openrouter

  /// Whether its models take a seed, so that the host chooses one where a call gives none.
  public var takesSeeds: Bool {
    switch self {
    case .sdcpp, .vllm, .localai: true
    case .openai, .openrouter: false
    }
  }
}

/// What an OpenAI-style service takes, as its description says.
public struct OpenAIService: Sendable, Hashable {
  public var dialect = OpenAIDialect.openai
  /// The model of images unless a call names one.
  public var model: String?
  /// The sizes that it takes; nil for those that a model is known for.
  public var sizes: [PixelSize]?
  /// Whether it edits images and takes reference images.
  public var hasEdits = true
  /// Whether it makes videos.
  public var hasVideos = false
  /// The model of videos unless a call names one.
  public var videoModel: String?

  public init(model: String? = nil, sizes: [PixelSize]? = nil, hasVideos: Bool = false) {
    self.model = model
    self.sizes = sizes
    self.hasVideos = hasVideos
  }

  /// The most reference images of a call, with the edited image.
  public static let maxImages = 16
}

extension OpenAIService {
  /// The operations with their fields.
  public var operations: [MediaOperation] {
    var operations = [generate]
    if hasEdits {
      switch dialect {
      case .openai: operations += [removeBackground, fill, retouch, addBackground]
      case .sdcpp, .vllm: operations += [fill, retouch, addBackground]
      case .localai: operations += [upscale, fill, retouch]
      case .openrouter: operations += [addBackground]
      }
    }
    if hasVideos, dialect != .openrouter { operations += [video, animate] }
    return operations
  }

  fileprivate var generate: MediaOperation {
    MediaOperation(
      MediaOperation.generate.name, title: "Create image",
      path: dialect == .openrouter ? "/images" : "/images/generations", answer: .image,
      summary: "generates an image from a prompt",
      fields: [.prompt] + shape + [OpenAIField.images] + common)
  }

  private var removeBackground: MediaOperation {
    edit(.removeBackground, path: "/images/edits", [.image, OpenAIField.optionalPrompt])
  }

  private var fill: MediaOperation {
    edit(.fill, path: maskPath, [.prompt, .image, OpenAIField.images, .mask(.required)])
  }

  private var retouch: MediaOperation {
    edit(
      .retouch, path: maskPath,
      [.image, .mask(.required), OpenAIField.optionalPrompt, OpenAIField.images])
  }

  private var addBackground: MediaOperation {
    edit(
      .addBackground, path: dialect == .openrouter ? "/images" : "/images/edits",
      [.prompt, .image, OpenAIField.images])
  }

  private var upscale: MediaOperation {
    MediaOperation.upscale.with(path: "/images/upscale", fields: [.image, modelField(model)])
  }

  private var maskPath: String {
    dialect == .localai ? "/images/inpainting" : "/images/edits"
  }

  private func edit(
    _ operation: MediaOperation, path: String, _ fields: [Field]
  ) -> MediaOperation {
    // LocalAI's route takes one image, and no size.
    guard dialect != .localai else {
      let own = fields.filter { $0.name != OpenAIField.images.name }
      return operation.with(path: path, fields: own + [modelField(model), OpenAIField.seed])
    }
    return operation.with(path: path, fields: fields + shape + common)
  }

  private var video: MediaOperation {
    MediaOperation.video.with(path: "/videos", fields: [.prompt] + videoFields)
  }

  private var animate: MediaOperation {
    MediaOperation.animate.with(
      path: "/videos",
      fields: [
        .prompt,
        Field(
          "image", .image, .required, wireName: "input_reference",
          summary: "the first frame of the video"),
      ] + videoFields)
  }

  private var shape: [Field] {
    [
      modelField(model),
      sizes.map { OpenAIField.size(.optional).limited(to: .choice($0.map(\.description))) }
        ?? OpenAIField.size(.optional),
      OpenAIField.aspectRatio, OpenAIField.approximate,
    ]
  }

  private func modelField(_ standard: String?) -> Field {
    Field("model", .text, .required, hostDefault: standard, summary: "the model")
  }

  private var common: [Field] {
    OpenAIField.sampling
      + (dialect.takesSeeds ? OpenAIField.encoding : OpenAIField.encoding + OpenAIField.output)
  }

  private var videoFields: [Field] {
    [
      Field(
        "model", .text, .optional, hostDefault: videoModel ?? (dialect == .vllm ? model : nil),
        summary: "the model of videos"),
      Field("seconds", .integer(1...600), .optional, unit: "seconds", summary: "the duration"),
      Field("size", .text, .optional, summary: "width x height in pixels, such as 1280x720"),
      Field(
        "aspect_ratio", .choice(AspectRatio.video.map(\.rawValue)), .optional,
        summary: "the size 1280x720, 720x1280 or 720x720"),
      OpenAIField.seed, OpenAIField.negativePrompt, OpenAIField.guidanceScale(.optional),
      OpenAIField.inferenceSteps(.optional),
      Field("fps", .integer(1...240), .optional, summary: "frames a second; only some models"),
      Field(
        "num_frames", .integer(1...100_000), .optional,
        summary: "how many frames; only some models"),
    ]
  }
}

extension MediaOperation {
  /// Text to Image of an OpenAI-style service without edits.
  public static func openAIGenerate(model: String?, sizes: [PixelSize]? = nil) -> MediaOperation {
    OpenAIService(model: model, sizes: sizes).generate
  }
}

extension Request {
  /// Whether an OpenAI-style service is asked for a transparent background.
  public var wantsTransparency: Bool {
    guard operation.field("background") != nil else { return false }
    return operation.name == MediaOperation.removeBackground.name
      || fields["background"]?.text == "transparent"
  }
}

/// Fields that our client sends to OpenAI-style services, and some that our server takes.
enum OpenAIField {
  static func size(_ presence: Field.Presence) -> Field {
    Field(
      "size", .text, presence,
      summary: "width x height in pixels, such as \(OpenAISize.square.name)")
  }

  /// The built-in engine ignores it.
  static func guidanceScale(_ presence: Field.Presence) -> Field {
    Field(
      "guidance_scale", .number(0...100), presence,
      summary: "how closely to follow the prompt; only some models")
  }

  /// The built-in engine ignores it.
  static func inferenceSteps(_ presence: Field.Presence) -> Field {
    Field(
      "num_inference_steps", .integer(1...1000), presence,
      summary: "steps of the model; only some models")
  }

  static let aspectRatio = Field(
    "aspect_ratio", .choice(AspectRatio.allCases.map(\.rawValue)), .optional,
    summary: "the aspect ratio, if one of the service's sizes has it")
  static let approximate = Field(
    "approximate", .flag, .optional, summary: "use the size nearest to the aspect ratio")
  static let optionalPrompt = Field(
    "prompt", .text, .optional, summary: "what to tell the model in place of our words")
  static let images = Field(
    "images", .images(OpenAIService.maxImages), .optional,
    summary: "reference images, in the order in which the prompt names them")
  static let seed = Field(
    "seed", .integer(1...Int64.max), .optional,
    summary: "the seed; only some models take one, and OpenAI's do not")
  static let negativePrompt = Field(
    "negative_prompt", .text, .optional, summary: "what to leave out; only some models")

  /// What the model computes with.
  static let sampling = [
    seed, negativePrompt, guidanceScale(.optional), inferenceSteps(.optional),
  ]

  /// How the image is written.
  static let encoding = [
    Field(
      "output_format", .choice(["png", "jpeg", "webp"]), .optional,
      summary: "the format of the image"),
    Field(
      "output_compression", .integer(0...100), .optional, summary: "the quality of lossy formats"),
  ]

  /// What only OpenAI and its gateways take.
  static let output = [
    Field(
      "quality", .openChoice(["auto", "low", "medium", "high", "xhigh", "max"]), .optional,
      summary: "the effort of the model; xhigh and max only of some"),
    Field(
      "background", .choice(["transparent", "opaque", "auto"]), .optional,
      summary: "whether the background is transparent; only some models"),
    Field(
      "input_fidelity", .choice(["low", "high"]), .optional,
      summary: "how closely to keep input images; only some models"),
    Field("moderation", .choice(["low", "auto"]), .optional, summary: "how strictly to filter"),
    Field("user", .text, .optional, summary: "your name for your own user, for abuse reports"),
  ]
}
