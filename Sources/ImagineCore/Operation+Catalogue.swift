extension Operation {
  public static let generate = Operation(
    "generate", title: "Text to Image", path: "/image/generations", answer: .picture,
    summary: "draws a picture from a prompt",
    fields: [.prompt, .imageStyle, .aspectRatio, .seed])

  public static let png = Operation(
    "png", title: "Text to PNG", path: "/image/generations/transparent", answer: .picture,
    summary: "draws a subject on a transparent ground, as a PNG",
    fields: [.prompt, .aspectRatio, .seed])

  public static let removeBackground = Operation(
    "remove_background", title: "Background Remover", path: "/image/background/remover",
    answer: .picture, summary: "cuts out the subject, as a PNG with alpha",
    fields: [.image])

  public static let upscale = Operation(
    "upscale", title: "Image Upscale", path: "/image/enhance", answer: .picture,
    summary: "doubles width and height", fields: [.image])

  public static let fill = Operation(
    "fill", title: "Generative Fill", path: "/image/edits/generative-fill", answer: .picture,
    summary: "paints what the prompt says where the mask is white",
    fields: [.prompt, .image, .mask(.required)])

  public static let resize = Operation(
    "resize", title: "AI Resize", path: "/image/edits/ai-resize", answer: .picture,
    summary: "brings a picture to another shape without stretching it",
    fields: [
      .image, .optionalPrompt, .mask(.optional),
      Field(
        "aspect_ratio", .choice(AspectRatio.allCases.map(\.rawValue)), .optional,
        summary: "the shape to bring it to"),
    ])

  public static let retouch = Operation(
    "retouch", title: "Retouch", path: "/image/edits/remove", answer: .picture,
    summary: "removes what the mask covers in white", fields: [.image, .mask(.required)])

  public static let addBackground = Operation(
    "add_background", title: "AI Backgrounds", path: "/image/generations/ai-background",
    answer: .picture, summary: "puts a cut-out subject before a drawn background",
    fields: [
      .prompt, .image,
      Field(
        "style", .choice(["product-shoot"]), .defaulted("product-shoot"),
        summary: "the only style of this operation"),
      .seed,
    ])

  public static let video = Operation(
    "video", title: "Text to Video", path: "/video/text-to-video", answer: .job,
    summary: "films a prompt; minutes of work, so it gives a job",
    fields: [.prompt, .videoStyle, .videoAspectRatio])

  public static let animate = Operation(
    "animate", title: "Image to Video", path: "/video/image-to-video", answer: .job,
    summary: "sets a picture in motion; minutes of work, so it gives a job",
    fields: [
      .prompt, .videoStyle,
      Field(
        "image", .picture, .required, wireName: "file", wireAliases: ["image"],
        summary: "the picture to set in motion"),
      Field(
        "aspect_ratio", .choice(AspectRatio.video.map(\.rawValue)), .optional,
        summary: "the shape, where it is not to follow from the picture's"),
    ])

  /// Every operation, in the order of the vendor's pages.
  public static let all: [Operation] = [
    generate, png, removeBackground, upscale, fill, resize, retouch, addBackground, video, animate,
  ]

  /// Every operation as the built-in engine takes it: it has no style but those that are known.
  public static let builtIn: [Operation] = all.map { operation in
    Operation(
      operation.name, title: operation.title, path: operation.path, answer: operation.answer,
      summary: operation.summary, fields: operation.fields.map(\.closed))
  }

  /// The operation with a name, as scripts write it.
  public static func named(_ name: String) -> Operation? {
    all.first { $0.name == name }
  }
}

extension Field {
  static let prompt = Field("prompt", .text, .required, summary: "what to draw, in words")
  static let optionalPrompt = Field("prompt", .text, .optional, summary: "what to draw, in words")
  static let image = Field("image", .picture, .required, summary: "the picture to work on")

  static func mask(_ presence: Presence) -> Field {
    Field(
      "mask", .picture, presence,
      summary: "a picture of the same size in pixels: white is worked on, black is kept")
  }

  static let imageStyle = Field(
    "style", .choice(ImageStyle.allCases.map(\.rawValue)), .required,
    hostDefault: ImageStyle.standard.rawValue, summary: "how it is drawn")

  static let aspectRatio = Field(
    "aspect_ratio", .choice(AspectRatio.allCases.map(\.rawValue)),
    .defaulted(AspectRatio.square.rawValue), summary: "the shape, width to height")

  static let videoStyle = Field(
    "style", .openChoice(VideoStyle.known), .required, hostDefault: VideoStyle.standard,
    summary: "the model that films it")

  static let videoAspectRatio = Field(
    "aspect_ratio", .choice(AspectRatio.video.map(\.rawValue)),
    .defaulted(AspectRatio.sixteenToNine.rawValue), summary: "the shape, width to height")

  static let seed = Field(
    "seed", .integer(1...Int64.max), .optional,
    summary: "an integer of at least 1; the same request with the same seed draws the same picture")
}
