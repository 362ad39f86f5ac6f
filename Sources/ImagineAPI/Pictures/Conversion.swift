/// The target of a conversion.
public struct Conversion: Sendable, Hashable, Codable {
  /// How an image fits a box of another shape.
  public enum Fit: String, CaseIterable, Sendable, Codable {
    /// The whole image, within the box.
    case contain
    /// The whole box; the image is cropped around its center.
    case cover
    /// Stretched to the box.
    case fill
    /// The whole image, in the middle of the box; the rest has the background's color.
    case pad
  }

  /// How pixels are computed where the image is scaled.
  public enum Kernel: String, CaseIterable, Sendable, Codable {
    case lanczos, cubic, linear
    /// Keeps the colors, for pixel art.
    case nearest
  }

  public var format: ImageFormat
  /// Pixels; nil follows from the height and the image's shape, or keeps the image's width.
  public var width: Int?
  /// Pixels.
  public var height: Int?
  public var fit: Fit
  /// 1 … 100; lossless formats ignore it.
  public var quality: Int
  /// Whether to make a mask of a mask that is white where the image is edited: one that is right for
  /// services that edit what is white and for those that edit what is transparent.
  public var isMask: Bool
  /// Whether to make a mask of an image with alpha: white where it is transparent, without alpha.
  public var isMatte: Bool
  public var kernel = Kernel.lanczos
  /// What is below transparent pixels and around a padded image; nil leaves them transparent, and
  /// white in a format without transparency.
  public var background: PictureColor?
  /// The most bytes of the file; nil for any number. The quality is lowered to fit.
  public var maxBytes: Int?
  /// The least quality that ``maxBytes`` may cause.
  public var minQuality = standardMinQuality

  public static let standardFit = Fit.contain
  public static let standardQuality = 90
  public static let standardMinQuality = 40

  public init(
    format: ImageFormat, width: Int? = nil, height: Int? = nil, fit: Fit = standardFit,
    quality: Int = standardQuality, isMask: Bool = false, isMatte: Bool = false
  ) {
    self.format = format
    self.width = width
    self.height = height
    self.fit = fit
    self.quality = quality
    self.isMask = isMask
    self.isMatte = isMatte
  }
}

extension Conversion {
  /// The size of the result.
  ///
  /// - Throws: ``EngineError/unusable(field:reason:)`` for the side that asks for an image over the
  ///   ``PixelBudget``.
  public func size(of source: PixelSize) throws(EngineError) -> PixelSize {
    for (field, side) in [("width", width), ("height", height)] {
      guard let side, side < 1 || side > PixelBudget.side else { continue }
      throw .unusable(
        field: field, reason: "it must be 1 to \(PixelBudget.side) pixels, not \(side)")
    }
    let size =
      switch (width, height, fit) {
      case (let width?, let height?, .cover), (let width?, let height?, .fill),
        (let width?, let height?, .pad):
        PixelSize(width: width, height: height)
      default: wholeSize(of: source)
      }
    if size != source { try PixelBudget.check(size, field: width == nil ? "height" : "width") }
    if format == .avif, size.width * size.height > PixelBudget.avifArea {
      throw .unusable(
        field: "format",
        reason: "\(size) pixels are too many for AVIF (at most \(PixelBudget.avifArea))")
    }
    return size
  }

  /// The size of the whole image within the box, or scaled by the one side given.
  public func wholeSize(of source: PixelSize) -> PixelSize {
    let across = width.map { Double($0) / Double(source.width) }
    let down = height.map { Double($0) / Double(source.height) }
    let scale = min(across ?? .infinity, down ?? .infinity)
    guard scale.isFinite else { return source }
    let width = Int((Double(source.width) * scale).rounded())
    let height = Int((Double(source.height) * scale).rounded())
    // A narrow image stays within the aspect that an image may have.
    let least = max(1, (max(width, height) + PixelBudget.aspect - 1) / PixelBudget.aspect)
    return PixelSize(width: max(least, width), height: max(least, height))
  }
}
