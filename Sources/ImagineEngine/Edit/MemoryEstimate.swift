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
    let atOnce = step.imagesAtOnce
    for (field, sizes) in step.sizes {
      bytes += atOnce * 20 * (sizes.map { $0.width * $0.height }.max() ?? 0)
      // A file is in memory beside its part that a decoder gets.
      bytes += atOnce * 2 * (try imageFileBytes(of: field, in: step).max() ?? 0)
    }
    if case .paste(let placement) = step.action {
      let scaled = placement.part.size
      bytes += 30 * PixelBudget.area(scaled.width, scaled.height)
    }
    return bytes
  }

  /// The sizes of a field's images that are files.
  ///
  /// - Throws: ``EngineError/unusable(field:reason:)`` for a file that is too large to be read.
  private func imageFileBytes(of field: String, in step: PictureStep) throws -> [Int] {
    let name = field == PictureOperation.base ? "image" : field
    let inputs = step.request.images[field] ?? []
    return try inputs.enumerated().compactMap { index, input in
      guard case .file(let path) = input, !step.isVideo(index) else { return nil }
      return try FileContent.byteCount(
        path, field: inputs.count == 1 ? name : "\(name)[\(index + 1)]")
    }
  }
}

extension PictureStep {
  /// The most images that it holds decoded: several of a sheet's, to use all cores, and fewer of
  /// large ones.
  var imagesAtOnce: Int {
    guard case .sheet(let sheet) = action else { return 1 }
    let largest = sizes["images"]?.map { $0.width * $0.height }.max() ?? 1
    return max(1, min(8, sheet.count, PixelBudget.area / max(1, largest)))
  }

  /// Whether a file is a video, which another process decodes.
  fileprivate func isVideo(_ index: Int) -> Bool {
    switch action {
    case .frame: true
    case .film(let film): film.clips[index].isVideo
    default: false
    }
  }
}
