extension MediaOperation {
  /// `image:convert`, and `/x/convert` of the private server that does it.
  public static let convert = MediaOperation(
    "convert", title: "Convert", path: "/convert", answer: .image,
    summary: "changes the format or size of an image on this machine; costs nothing",
    output: "of the given format and size",
    fields: [
      Field("image", .image, .required, summary: "the image to convert"),
      ConversionField.format, ConversionField.width, ConversionField.height, ConversionField.fit,
      ConversionField.background, ConversionField.kernel, ConversionField.quality,
      ConversionField.mask, ConversionField.matte, ConversionField.maxBytes,
      ConversionField.minQuality,
    ],
    example: """
      local photo = imagine.open("photo.png")
      photo:convert{ width = 128, height = 128, fit = "cover", format = "webp" }:save("small.webp")
      """,
    seeAlso: ["crop", "pad", "save", "resize", "upscale"])
}

/// The fields of a conversion.
public enum ConversionField {
  /// The host always sends it: by default the image's own format, or PNG if that cannot be written.
  public static let format = Field(
    "format", .choice(ImageFormat.writable.map(\.rawValue)), .optional,
    summary: "the format to write; by default the image's own, or png if that cannot be written")

  public static let width = side("width")
  public static let height = side("height")

  public static let fit = Field(
    "fit", .choice(Conversion.Fit.allCases.map(\.rawValue)),
    .defaulted(Conversion.standardFit.rawValue),
    summary: "how the image fits a box of another shape: whole, cropped, stretched, or whole with"
      + " edges")

  public static let background = Field(
    "background", .color, .optional,
    summary: "the color below what is transparent and of edges; else they are transparent, and"
      + " white in JPEG")

  public static let kernel = Field(
    "kernel", .choice(Conversion.Kernel.allCases.map(\.rawValue)),
    .defaulted(Conversion.Kernel.lanczos.rawValue),
    summary: "how pixels are computed; nearest keeps the colors of pixel art")

  /// Only `save` takes it.
  public static let maxBytes = Field(
    "max_bytes", .integer(1...1 << 31), .optional, unit: "bytes",
    summary: "the most bytes of the file; its quality is lowered to fit")

  /// Only `save` takes it.
  public static let minQuality = Field(
    "min_quality", .integer(1...100), .defaulted(String(Conversion.standardMinQuality)),
    summary: "the least quality that max_bytes may cause")

  public static let quality = Field(
    "quality", .integer(1...100), .defaulted(String(Conversion.standardQuality)),
    summary: "the quality of lossy formats")

  /// Only the host sends it, for services that read masks in other ways.
  public static let mask = Field(
    "mask", .flag, .optional, summary: "make a mask: white and transparent where it is white")

  /// Only the host sends it, for services that take a mask with a cut-out.
  public static let matte = Field(
    "matte", .flag, .optional, summary: "make a mask: white where the image is transparent")

  /// What a script gives, in the order of the help.
  public static let all = [width, height, fit, background, kernel, format, quality]

  private static func side(_ name: String) -> Field {
    Field(
      name, .integer(Int64(PixelSize.sides.lowerBound)...Int64(PixelSize.sides.upperBound)),
      .optional, unit: "pixels",
      summary: "the \(name) to write; by default it follows from the other side, or stays")
  }
}

extension Conversion {
  /// The conversion that checked values describe.
  ///
  /// - Parameters:
  ///   - values: by the names of ``ConversionField``.
  ///   - format: the format if the values name none.
  public init(_ values: [String: Value], format: ImageFormat) {
    func side(_ field: Field) -> Int? { values[field.name]?.integer.map(Int.init) }
    self.init(
      format: values[ConversionField.format.name]?.text.flatMap(ImageFormat.init(rawValue:))
        ?? format,
      width: side(ConversionField.width), height: side(ConversionField.height),
      fit: values[ConversionField.fit.name]?.text.flatMap(Fit.init(rawValue:)) ?? Self.standardFit,
      quality: side(ConversionField.quality) ?? Self.standardQuality,
      isMask: values[ConversionField.mask.name]?.flag ?? false,
      isMatte: values[ConversionField.matte.name]?.flag ?? false)
    background = values[ConversionField.background.name]?.text.flatMap(PictureColor.init)
    kernel =
      values[ConversionField.kernel.name]?.text.flatMap(Kernel.init(rawValue:)) ?? .lanczos
    maxBytes = side(ConversionField.maxBytes)
    minQuality = side(ConversionField.minQuality) ?? Self.standardMinQuality
  }
}

/// The options of `image:save`.
public enum SaveField {
  public static let quality = Field(
    "quality", .integer(1...100), .optional,
    summary: "the quality of JPEG, WebP and AVIF; by default 90, and as it is for a file that stays"
  )

  public static let overwrite = Field(
    "overwrite", .other("true, false or \"number\""), .defaulted("true"),
    summary: "whether a file may be replaced; \"number\" saves it as NAME-2, NAME-3, … instead")

  public static let metadata = Field(
    "metadata", .flag, .defaulted("true"), summary: "whether the file contains how it was made")

  public static let all = [
    quality, ConversionField.maxBytes, ConversionField.minQuality, ConversionField.background,
    overwrite, metadata,
  ]
}
