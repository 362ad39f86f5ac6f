/// The sizes of images that a model of an OpenAI-style service makes.
public enum ImageSizes: Sendable, Hashable {
  /// Not known. A call may ask for any; an aspect ratio selects one that most services have.
  case unknown
  case listed([PixelSize])
  /// Any size whose sides are divisible by 16, not longer than three times the other side, of at
  /// most 3840x2160 pixels.
  case flexible

  /// The sizes of OpenAI's models, by the name of the model, which a gateway may write behind the
  /// name of its vendor (`openai/gpt-image-2`).
  public init(ofModel model: String?) {
    let name = model?.split(separator: "/").last.map { $0.lowercased() } ?? ""
    let family = "gpt-image-"
    if name.hasPrefix(family) {
      let version = Double(name.dropFirst(family.count).prefix { $0.isNumber || $0 == "." })
      self = (version ?? 2) < 2 ? .listed(Self.olderSizes) : .flexible
    } else {
      self = name.hasPrefix("chatgpt-image") ? .listed(Self.olderSizes) : .unknown
    }
  }

  /// The sizes of OpenAI's image models before gpt-image-2.
  private static let olderSizes = [
    PixelSize(width: 1024, height: 1024), PixelSize(width: 1536, height: 1024),
    PixelSize(width: 1024, height: 1536),
  ]

  private static let side = 16
  private static let longestSide = 3840
  private static let maxArea = 3840 * 2160

  /// Whether the model is known to make a size.
  public func contains(_ size: PixelSize) -> Bool {
    switch self {
    case .unknown: false
    case .listed(let sizes): sizes.contains(size)
    case .flexible:
      size.width % Self.side == 0 && size.height % Self.side == 0
        && max(size.width, size.height) <= min(Self.longestSide, 3 * min(size.width, size.height))
        && size.width * size.height <= Self.maxArea
    }
  }

  /// The size of an image's shape that the model makes and that has the most similar area; nil if
  /// there is none, or the sizes are not known.
  public func nearest(inShapeOf image: PixelSize) -> PixelSize? {
    func gap(_ size: PixelSize) -> Double {
      abs(Double(size.width) * Double(size.height) - Double(image.width) * Double(image.height))
    }
    return inShape(of: image).min { gap($0) < gap($1) }
  }

  private func inShape(of image: PixelSize) -> [PixelSize] {
    switch self {
    case .unknown: return []
    case .listed(let sizes): return sizes.filter { $0.hasShape(of: image) }
    case .flexible:
      guard PixelSize.sides.contains(image.width), PixelSize.sides.contains(image.height) else {
        return []
      }
      return stride(from: Self.side, through: Self.longestSide, by: Self.side).compactMap { width in
        let steps = (width * image.height + image.width * Self.side / 2) / (image.width * Self.side)
        let size = PixelSize(width: width, height: steps * Self.side)
        return size.height > 0 && contains(size) && size.hasShape(of: image) ? size : nil
      }
    }
  }

  /// - Throws: ``ImagineError`` of kind `validation` for a size that the model does not make.
  func check(_ text: String) throws(ImagineError) {
    guard self != .unknown, text != "auto" else { return }
    if let size = PixelSize(text), contains(size) { return }
    throw .invalid(
      field: "size", given: "\"\(text)\"", expected: expectation,
      allowed: listed.map { ["auto"] + $0.map(\.description) })
  }

  /// The size for an aspect ratio.
  ///
  /// - Parameter approximate: whether the nearest size is accepted.
  /// - Throws: ``ImagineError`` of kind `validation` that names the nearest size.
  func size(for ratio: AspectRatio, approximate: Bool) throws(ImagineError) -> PixelSize {
    // Each side is a multiple of 16.
    if self == .flexible { return ratio.pixelSize }
    return try PixelSize.matching(
      ratio, among: listed ?? PixelSize.openAISizes, approximate: approximate)
  }

  private var listed: [PixelSize]? { if case .listed(let sizes) = self { sizes } else { nil } }

  /// The sizes, in words.
  public var expectation: String {
    switch self {
    case .unknown: "a size in pixels, such as 1024x1024"
    case .listed(let sizes):
      "one of: \((["auto"] + sizes.map(\.description)).joined(separator: ", "))"
    case .flexible:
      "auto, or a size such as 1280x720 whose sides are multiples of \(Self.side), in a shape from"
        + " 1:3 to 3:1, of at most 3840x2160 pixels"
    }
  }
}

extension Request {
  /// The sizes that the call's model makes: those of the operation's description, else those that
  /// the model is known for.
  public var sizes: ImageSizes {
    if let names = operation.field("size")?.allowedNames {
      return .listed(names.compactMap(PixelSize.init(_:)))
    }
    return ImageSizes(ofModel: fields["model"]?.text)
  }

  /// The size to ask an OpenAI-style service for: `size`, or the one for `aspect_ratio`. Nil if the
  /// call leaves it to the service.
  ///
  /// - Throws: ``ImagineError`` of kind `validation` if the model makes no such size.
  public func requestedSize() throws(ImagineError) -> String? {
    guard let ratio = aspectRatio else {
      guard let size = fields["size"]?.text else { return nil }
      try sizes.check(size)
      return size
    }
    guard fields["size"] == nil else {
      throw ImagineError(
        .validation, "size and aspect_ratio contradict each other: give only one",
        field: "aspect_ratio")
    }
    return try sizes.size(for: ratio, approximate: fields["approximate"]?.flag ?? false)
      .description
  }
}
