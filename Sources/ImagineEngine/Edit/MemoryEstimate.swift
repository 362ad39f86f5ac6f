public import ImagineAPI

extension BuiltInEngine {
  /// Bytes per pixel of an operation's largest image, measured at peak memory and rounded up.
  private static func bytesPerPixel(_ operation: MediaOperation) -> Int {
    switch operation.name {
    case MediaOperation.upscale.name: 40
    case MediaOperation.removeBackground.name: 48
    default: 64
    }
  }

  public func memory(
    for operation: MediaOperation, image picture: PixelSize?, aspectRatio: AspectRatio?
  ) throws -> Int {
    var size = picture ?? (aspectRatio ?? .square).pixelSize
    try PixelBudget.check(size, field: "image")
    switch operation.name {
    case MediaOperation.upscale.name:
      try Self.checkDoubled(size)
    case MediaOperation.resize.name:
      if let aspectRatio { size = try Reshaping.largest(of: size, as: aspectRatio) }
    case MediaOperation.video.name, MediaOperation.animate.name:
      let video = (aspectRatio ?? .sixteenToNine).videoSize
      // Two frames at once, and the image that the camera moves over.
      return size.width * size.height * 12 + video.width * video.height * 200
    default: break
    }
    return size.width * size.height * Self.bytesPerPixel(operation)
  }

  public func memory(for conversion: Conversion, image picture: PixelSize) throws -> Int {
    try PixelBudget.check(picture, field: "image")
    let size = try conversion.size(of: picture)
    return picture.width * picture.height * 20 + size.width * size.height * 30
  }

  public func memory(for step: PictureStep) throws -> Int {
    try PixelBudget.check(step.size, field: step.operation.name)
    var bytes = 30 * step.size.width * step.size.height
    // The images of a sheet are decoded one by one.
    for images in step.sizes.values {
      bytes += 20 * (images.map { $0.width * $0.height }.max() ?? 0)
    }
    if case .paste(let placement) = step.action {
      let scaled = placement.part.size
      bytes += 30 * PixelBudget.area(scaled.width, scaled.height)
    }
    return bytes
  }
}
