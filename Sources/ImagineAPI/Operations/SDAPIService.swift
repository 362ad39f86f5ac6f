/// What a server of the A1111 API does otherwise than A1111: `dialect` in a provider's description.
public enum SDAPIDialect: String, Sendable, CaseIterable, Codable {
  /// A1111, Forge and SD.Next.
  case a1111
  /// The server of stable-diffusion.cpp, and koboldcpp: one model, and no upscaling by itself.
  case sdcpp
  /// Draw Things: it drops masks and refuses fields that it does not know.
  case drawthings

  /// Whether the sides of an edited image must be multiples of ``SDAPIService/step``. A1111 edits
  /// the part around the mask of an image of any size.
  public var editsWholeImages: Bool { self != .a1111 }
}

/// What a server of the A1111 API takes, as its description says.
///
/// ```toml
/// [providers.gpu]
/// kind = "sdapi"
/// base_url = "http://127.0.0.1:7860"
/// ```
public struct SDAPIService: Sendable, Hashable {
  public var dialect = SDAPIDialect.a1111
  /// The model unless a call names one; nil for the one that the server has loaded.
  public var model: String?
  /// The upscaler unless a call names one.
  public var upscaler = Self.standardUpscaler
  /// The side in pixels of the squares that the model was trained with; nil if it is not told.
  public var resolution: Int?
  /// The most images of one request.
  public var batch = 1

  public init() {}

  public static let standardUpscaler = "R-ESRGAN 4x+"
  public static let standardResolution = 1024
  public static let resolutions = 256...4096
  public static let batches = 1...16
  /// Sides are multiples of it: a model computes with blocks of so many pixels.
  public static let step = 8
}

extension SDAPIService {
  /// The operations with their fields.
  public var operations: [MediaOperation] {
    switch dialect {
    case .a1111: [generate, upscale, fill, resize, retouch, addBackground]
    case .sdcpp: [generate, fill, resize, retouch, addBackground]
    case .drawthings: [generate]
    }
  }

  private var generate: MediaOperation {
    MediaOperation.generate.with(
      path: "/sdapi/v1/txt2img",
      fields: [.prompt, .negativePrompt, SDAPIField.startImage] + SDAPIField.size
        + [SDAPIField.strength(nil)] + sampling)
  }

  private var upscale: MediaOperation {
    MediaOperation.upscale.with(
      path: "/sdapi/v1/extra-single-image",
      fields: [
        .image,
        Field(
          "scale", .number(1...8), .defaulted("2"), wireName: "upscaling_resize",
          summary: "how many times as wide and high"),
        Field(
          "upscaler", .text, .required, wireName: "upscaler_1", hostDefault: upscaler,
          summary: "the upscaler, one that `imagine models` lists"),
      ])
  }

  private var fill: MediaOperation {
    edit(.fill, [.prompt, .image, .mask(.required)], strength: "0.9")
  }

  private var retouch: MediaOperation {
    edit(.retouch, [.image, .mask(.required), SDAPIField.surroundings], strength: "0.9")
  }

  private var addBackground: MediaOperation {
    edit(.addBackground, [.prompt, SDAPIField.cutout], strength: "1")
  }

  private var resize: MediaOperation {
    edit(
      .resize,
      [
        .image, SDAPIField.surroundings,
        Field(
          "aspect_ratio", .choice(AspectRatio.allCases.map(\.rawValue)), .required,
          summary: "the new aspect ratio, width to height; the image is extended to it"),
      ], strength: "0.9")
  }

  private func edit(
    _ operation: MediaOperation, _ fields: [Field], strength: String
  ) -> MediaOperation {
    operation.with(
      path: "/sdapi/v1/img2img",
      fields: fields + [.negativePrompt, SDAPIField.strength(strength)] + sampling)
  }

  /// What the model computes with.
  private var sampling: [Field] {
    let model = Field(
      "model", .text, .optional, hostDefault: model,
      summary: "the model, one that `imagine models` lists; by default the one that is loaded")
    return SDAPIField.sampling.filter {
      dialect != .drawthings || $0.name != SDAPIField.scheduler.name
    } + (dialect == .sdcpp ? [] : [model])
  }
}

extension SDAPIService {
  /// The size that a call without a mask asks for; nil to leave it to the server.
  ///
  /// - Parameter image: the size of the image to start with; nil for none.
  /// - Throws: ``ImagineError`` of kind `validation` for a side that is no multiple of ``step``, and
  ///   for an image that the server cannot change in its size.
  public func size(
    of request: Request, from image: PixelSize?
  ) throws(ImagineError) -> PixelSize? {
    let size = try size(of: request)
    let isGiven =
      request["width"] != nil || request["height"] != nil || request.aspectRatio != nil
    guard let image, !isGiven else { return size }
    switch try area(ofImage: image) {
    case .whole: return image
    case .part(let size): return size
    }
  }

  private func size(of request: Request) throws(ImagineError) -> PixelSize? {
    let (width, height) = (request["width"]?.integer, request["height"]?.integer)
    for (name, side) in [("width", width), ("height", height)] {
      guard let side, side % Int64(Self.step) != 0 else { continue }
      throw .invalid(
        field: name, given: String(side), expected: "a multiple of \(Self.step)")
    }
    if let ratio = request.aspectRatio { return size(in: ratio) }
    let standard = resolution ?? (width == nil && height == nil ? nil : Self.standardResolution)
    guard let standard else { return nil }
    return PixelSize(
      width: width.map(Int.init) ?? standard, height: height.map(Int.init) ?? standard)
  }

  /// The size of about as many pixels as the model was trained with.
  private func size(in ratio: AspectRatio) -> PixelSize {
    let scale = Double(resolution ?? Self.standardResolution) / 1024
    func side(_ pixels: Int) -> Int { Self.stepped(Double(pixels) * scale) }
    return PixelSize(width: side(ratio.pixelSize.width), height: side(ratio.pixelSize.height))
  }

  /// How a model edits an image.
  public enum Area: Sendable, Hashable {
    /// The image as it is.
    case whole
    /// The part around the mask, scaled to a size that the model was trained with.
    case part(PixelSize)
  }

  /// - Throws: ``ImagineError`` of kind `validation` for an image that the server cannot edit in its
  ///   size.
  public func area(ofImage size: PixelSize) throws(ImagineError) -> Area {
    let fits = size.width % Self.step == 0 && size.height % Self.step == 0
    guard !dialect.editsWholeImages else {
      guard fits else {
        throw .invalid(
          field: "image", given: "an image of \(size) pixels",
          expected: "sides that are multiples of \(Self.step), which image:convert{ width = …,"
            + " height = …, fit = \"fill\" } makes: this server has no other sizes")
      }
      return .whole
    }
    let side = Double(resolution ?? Self.standardResolution)
    let pixels = Double(size.width) * Double(size.height)
    if fits, pixels <= 1.6 * side * side { return .whole }
    let scale = side / pixels.squareRoot()
    return .part(
      PixelSize(
        width: Self.stepped(Double(size.width) * scale),
        height: Self.stepped(Double(size.height) * scale)))
  }

  /// The nearest multiple of ``step``, above 0.
  private static func stepped(_ pixels: Double) -> Int {
    max(8 * step, Int((pixels / Double(step)).rounded()) * step)
  }

  /// The smallest size of an aspect ratio, in multiples of ``step``, that an image fits in unscaled.
  ///
  /// - Throws: ``ImagineError`` of kind `validation` if the image has the aspect ratio.
  public static func extended(
    _ size: PixelSize, to ratio: AspectRatio
  ) throws(ImagineError) -> PixelSize {
    let (across, down) = (ratio.pixelSize.width, ratio.pixelSize.height)
    /// The least multiple of the step that is `side · part / whole` or more.
    func next(_ side: Int, _ part: Int, _ whole: Int) -> Int {
      (side * part + whole * step - 1) / (whole * step) * step
    }
    let extended =
      size.width * down < size.height * across
      ? PixelSize(width: next(size.height, across, down), height: size.height)
      : PixelSize(width: size.width, height: next(size.width, down, across))
    guard max(extended.width - size.width, extended.height - size.height) >= step else {
      throw .invalid(
        field: "aspect_ratio", given: "\"\(ratio.rawValue)\", the shape of the image already,",
        expected: "another one")
    }
    return extended
  }

  /// How many images at a time, and how often: exactly `count` images in one request.
  public func rounds(of count: Int) -> (size: Int, count: Int) {
    let size = (1...max(1, min(batch, count))).last { count % $0 == 0 } ?? 1
    return (size, count / size)
  }
}

/// Fields of the A1111 API.
enum SDAPIField {
  static let surroundings = Field(
    "prompt", .text, .optional,
    summary: "what to paint there, in words; by default what surrounds it")
  static let startImage = Field(
    "image", .image, .optional, summary: "an image to begin with, which `strength` changes")
  static let cutout = Field(
    "image", .image, .required, summary: "the subject, an image that is transparent beside it")

  static func strength(_ standard: String?) -> Field {
    Field(
      "strength", .number(0...1), standard.map { .defaulted($0) } ?? .optional,
      wireName: "denoising_strength",
      summary: "how much of the image is painted anew: 0 changes nothing")
  }

  static let size = [side("width"), side("height"), .shape]

  private static func side(_ name: String) -> Field {
    Field(
      name, .integer(64...8192), .optional, unit: "pixels",
      summary: "the \(name), a multiple of \(SDAPIService.step); by default the server's")
  }

  static let scheduler = Field(
    "scheduler", .text, .optional, summary: "the noise schedule, such as Karras")

  static let sampling = [
    Field("steps", .integer(1...1000), .optional, summary: "steps of the model"),
    Field(
      "cfg_scale", .number(0...100), .optional, summary: "how closely to follow the prompt"),
    Field(
      "sampler", .text, .optional, wireName: "sampler_name",
      summary: "the sampler, such as DPM++ 2M"),
    scheduler,
    Field(
      "seed", .integer(0...4_294_967_295), .optional,
      summary: "the same request with the same seed gives the same image"),
  ]
}
