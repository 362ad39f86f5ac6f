extension MediaOperation {
  public static let generate = MediaOperation(
    "generate", title: "Text to Image", path: "/image/generations", answer: .image,
    summary: "generates an image from a prompt",
    output: "of about one megapixel in the aspect ratio",
    fields: [.prompt, .imageStyle, .aspectRatio, .seed],
    example: """
      local cat = imagine.generate{ prompt = "a cat on a sofa", style = "realistic", seed = 7 }
      cat:save("cat.png")
      for i, image in ipairs(imagine.generate{ prompt = "a red bottle", n = 2 }) do
        image:save("bottle-" .. i .. ".webp")
      end
      """,
    seeAlso: ["png", "video", "upscale"])

  public static let png = MediaOperation(
    "png", title: "Text to PNG", path: "/image/generations/transparent", answer: .image,
    summary: "generates a subject on a transparent background, as a PNG",
    output: "of about one megapixel in the aspect ratio, with alpha",
    fields: [.prompt, .aspectRatio, .seed],
    example: """
      imagine.png{ prompt = "a yellow car", aspect_ratio = "16:9" }:save("car.png")
      """,
    seeAlso: ["remove_background", "add_background"])

  public static let removeBackground = MediaOperation(
    "remove_background", title: "Background Remover", path: "/image/background/remover",
    answer: .image, summary: "cuts out the subject, as a PNG with alpha",
    output: "of the given image's size",
    fields: [.image],
    example: """
      imagine.remove_background("photo.png"):save("subject.png")
      """,
    seeAlso: ["add_background", "png"])

  public static let upscale = MediaOperation(
    "upscale", title: "Image Upscale", path: "/image/enhance", answer: .image,
    summary: "doubles width and height", output: "of twice the width and height",
    fields: [.image],
    example: """
      local photo = imagine.open("photo.png")
      photo:upscale():save("large.png")
      """,
    seeAlso: ["convert", "resize"])

  public static let fill = MediaOperation(
    "fill", title: "Generative Fill", path: "/image/edits/generative-fill", answer: .image,
    summary: "generates what the prompt says where the mask is white",
    output: "of the given image's size",
    fields: [.prompt, .image, .mask(.required)],
    example: """
      imagine.fill{ prompt = "a vase of flowers", image = "photo.png", mask = "mask.png" }
        :save("filled.png")
      """,
    seeAlso: ["retouch"])

  public static let resize = MediaOperation(
    "resize", title: "AI Resize", path: "/image/edits/ai-resize", answer: .image,
    summary: "changes the aspect ratio of an image without stretching it",
    output: "of the new aspect ratio; without one, of the given image's size",
    fields: [
      .image, .optionalPrompt, .mask(.optional),
      Field(
        "aspect_ratio", .choice(AspectRatio.allCases.map(\.rawValue)), .optional,
        summary: "the new aspect ratio, width to height"),
    ],
    example: """
      imagine.resize{ image = "photo.png", aspect_ratio = "16:9" }:save("wide.png")
      """,
    seeAlso: ["convert", "upscale"])

  public static let retouch = MediaOperation(
    "retouch", title: "Retouch", path: "/image/edits/remove", answer: .image,
    summary: "removes what the mask covers in white", output: "of the given image's size",
    fields: [.image, .mask(.required)],
    example: """
      imagine.retouch{ image = "photo.png", mask = "mask.png" }:save("clean.png")
      """,
    seeAlso: ["fill"])

  public static let addBackground = MediaOperation(
    "add_background", title: "AI Backgrounds", path: "/image/generations/ai-background",
    answer: .image, summary: "generates a background for a cut-out subject",
    output: "of the given image's size",
    fields: [
      .prompt, .image,
      Field(
        "style", .choice(["product-shoot"]), .defaulted("product-shoot"),
        summary: "the only style of this operation"),
      .seed,
    ],
    example: """
      local bottle = imagine.png("a red bottle")
      bottle:add_background("a wooden table by a window"):save("shop.png")
      """,
    seeAlso: ["png", "remove_background"])

  public static let video = MediaOperation(
    "video", title: "Text to Video", path: "/video/text-to-video", answer: .job,
    summary: "generates a video from a prompt; returns a job, since it takes minutes",
    output: "whose video is an MP4 with H.264",
    fields: [.prompt, .videoStyle, .videoAspectRatio],
    example: """
      local job = imagine.video{ prompt = "waves at dusk", aspect_ratio = "16:9" }
      job:wait{ timeout = 900 }:save("waves.mp4")
      """,
    seeAlso: ["animate", "wait"])

  public static let animate = MediaOperation(
    "animate", title: "Image to Video", path: "/video/image-to-video", answer: .job,
    summary: "generates a video from an image; returns a job, since it takes minutes",
    output: "whose video is an MP4 with H.264",
    fields: [
      .prompt, .videoStyle,
      Field(
        "image", .image, .required, wireName: "file", wireAliases: ["image"],
        summary: "the first frame of the video"),
      Field(
        "aspect_ratio", .choice(AspectRatio.video.map(\.rawValue)), .optional,
        summary: "the aspect ratio; by default that of the image"),
    ],
    example: """
      local job = imagine.animate{ prompt = "the camera moves closer", image = "photo.png" }
      imagine.wait(job):save("photo.mp4")
      """,
    seeAlso: ["video", "wait"])

  /// Every operation, in the order of the vendor's documentation.
  public static let all: [MediaOperation] = [
    generate, png, removeBackground, upscale, fill, resize, retouch, addBackground, video, animate,
  ]

  /// Every operation as the built-in engine takes it: only known styles. A field that it does not
  /// honour is left out here; then the provider `local` and the server's engine refuse it.
  public static let builtIn: [MediaOperation] = all.map { operation in
    operation.with(fields: operation.fields.map(\.restrictedToKnownNames))
  }

  /// The operation with a script's name for it.
  public static func named(_ name: String) -> MediaOperation? {
    all.first { $0.name == name }
  }
}

extension Field {
  static let prompt = Field("prompt", .text, .required, summary: "what to generate, in words")
  static let optionalPrompt = Field(
    "prompt", .text, .optional, summary: "what to generate, in words")
  static let image = Field("image", .image, .required, summary: "the image to edit")

  static func mask(_ presence: Presence) -> Field {
    Field(
      "mask", .image, presence,
      summary: "an image of the same size in pixels: white is edited, black is kept")
  }

  static let negativePrompt = Field(
    "negative_prompt", .text, .optional, summary: "what to leave out")
  /// Beside `width` and `height`, which it takes the place of.
  static let shape = Field(
    "aspect_ratio", .choice(AspectRatio.allCases.map(\.rawValue)), .optional,
    summary: "the aspect ratio, width to height, in place of the sides")

  static let imageStyle = Field(
    "style", .choice(ImageStyle.allCases.map(\.rawValue)), .required,
    hostDefault: ImageStyle.standard.rawValue, summary: "the style of the image")

  static let aspectRatio = Field(
    "aspect_ratio", .choice(AspectRatio.allCases.map(\.rawValue)),
    .defaulted(AspectRatio.square.rawValue), summary: "the aspect ratio, width to height")

  static let videoStyle = Field(
    "style", .openChoice(VideoStyle.known), .required, hostDefault: VideoStyle.standard,
    summary: "the model that generates the video")

  static let videoAspectRatio = Field(
    "aspect_ratio", .choice(AspectRatio.video.map(\.rawValue)),
    .defaulted(AspectRatio.sixteenToNine.rawValue), summary: "the aspect ratio, width to height")

  static let seed = Field(
    "seed", .integer(1...Int64.max), .optional,
    summary: "the same request with the same seed gives the same image")
}
