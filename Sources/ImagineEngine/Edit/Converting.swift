public import ImagineAPI

extension BuiltInEngine {
  public func convert(
    _ picture: [UInt8], to conversion: Conversion, control: EngineControl = EngineControl()
  ) throws -> [UInt8] {
    let source = try Codec.decode(picture, field: "image", control: control)
    let size = try ConvertedSize(source.size, conversion).size
    let fitted =
      switch conversion.fit {
      case .cover: try Codec.cover(source, size, control: control)
      case .pad: try Self.padded(source, to: size, control: control)
      case .contain, .fill: try Codec.scale(source, to: size, control: control)
      }
    return try Codec.encode(
      conversion.isMatte ? fitted.matte() : conversion.isMask ? fitted.mask() : fitted,
      as: conversion.format, quality: conversion.quality, control: control)
  }

  /// The image, scaled to fit, in the middle of a transparent box.
  private static func padded(
    _ source: Bitmap, to box: PixelSize, control: EngineControl
  ) throws -> Bitmap {
    var inner = Conversion(format: .png, width: box.width, height: box.height)
    inner.fit = .contain
    let image = try Codec.scale(
      source, to: try ConvertedSize(source.size, inner).size, control: control)
    let (left, top) = ((box.width - image.width) / 2, (box.height - image.height) / 2)
    return try Bitmap(width: box.width, height: box.height, channels: 4) { out in
      _ = out.initialize(repeating: 0)
      image.withPixels { pixels in
        for row in 0..<image.height {
          for column in 0..<image.width {
            let from = (row * image.width + column) * image.channels
            let to = ((top + row) * box.width + left + column) * 4
            for channel in 0..<3 { out[to + channel] = pixels[from + channel] }
            out[to + 3] = image.channels == 4 ? pixels[from + 3] : 255
          }
        }
      }
    }
  }
}

extension Bitmap {
  /// A mask that is right where white is edited and where transparency is: its levels as brightness,
  /// clear where it is white.
  fileprivate func mask() throws -> Bitmap {
    let levels = maskLevels
    return try Bitmap(width: width, height: height, channels: 4) { out in
      for (index, level) in levels.enumerated() {
        for channel in 0..<3 { out[4 * index + channel] = level }
        out[4 * index + 3] = 255 - level
      }
    }
  }
}

extension Bitmap {
  /// A mask that is white where the image is transparent; all black without alpha.
  fileprivate func matte() throws -> Bitmap {
    try Bitmap(width: width, height: height, channels: 3) { out in
      withPixels { pixels in
        for index in 0..<(width * height) {
          let level = channels == 4 ? 255 - pixels[4 * index + 3] : 0
          for channel in 0..<3 { out[3 * index + channel] = level }
        }
      }
    }
  }
}

extension BuiltInEngine {
  public func thumbnail(
    of picture: [UInt8], within box: PixelSize, control: EngineControl = EngineControl()
  ) throws -> Thumbnail {
    let source = try Codec.decode(picture, field: "image", control: control)
    let size = Thumbnail.size(of: source.size, within: box)
    let small = try Codec.scale(source, to: size, control: control)
    guard let thumbnail = Thumbnail(size: size, pixels: small.onCheckerboard) else {
      throw EngineError.failed("a thumbnail of \(size) pixels is too large")
    }
    return thumbnail
  }
}

extension Bitmap {
  /// R, G and B of each pixel; what is transparent shows squares of two greys.
  fileprivate var onCheckerboard: [UInt8] {
    withPixels { pixels in
      guard channels == 4 else { return Array(pixels) }
      var result: [UInt8] = []
      result.reserveCapacity(3 * width * height)
      for index in 0..<(width * height) {
        let isDark = ((index % width) / 4 + (index / width) / 4) % 2 == 0
        let (alpha, ground) = (Int(pixels[4 * index + 3]), isDark ? 0x66 : 0x99)
        for channel in 0..<3 {
          let value = Int(pixels[4 * index + channel])
          result.append(UInt8((value * alpha + ground * (255 - alpha) + 127) / 255))
        }
      }
      return result
    }
  }
}

/// The size of a conversion's result.
struct ConvertedSize {
  let size: PixelSize

  /// - Throws: ``EngineError/unusable(field:reason:)`` for the side that asks for an image over the
  ///   ``PixelBudget``.
  init(_ source: PixelSize, _ conversion: Conversion) throws(EngineError) {
    for (field, side) in [("width", conversion.width), ("height", conversion.height)] {
      guard let side, side < 1 || side > PixelBudget.side else { continue }
      throw .unusable(
        field: field,
        reason: "it must be 1 to \(PixelBudget.side) pixels, not \(side)")
    }
    let across = conversion.width.map { Double($0) / Double(source.width) }
    let down = conversion.height.map { Double($0) / Double(source.height) }
    size =
      switch (conversion.width, conversion.height, conversion.fit) {
      case (let width?, let height?, .cover), (let width?, let height?, .fill),
        (let width?, let height?, .pad):
        PixelSize(width: width, height: height)
      default:
        // Fit the whole image into the box, or scale it by the one side given.
        Self.scaled(source, by: min(across ?? .infinity, down ?? .infinity))
      }
    if size != source {
      try PixelBudget.check(size, field: conversion.width == nil ? "height" : "width")
    }
    if conversion.format == .avif, size.width * size.height > PixelBudget.avifArea {
      throw .unusable(
        field: "format",
        reason: "\(size) pixels are too many for AVIF (at most \(PixelBudget.avifArea))")
    }
  }

  private static func scaled(_ size: PixelSize, by scale: Double) -> PixelSize {
    guard scale.isFinite else { return size }
    return PixelSize(
      width: max(1, Int((Double(size.width) * scale).rounded())),
      height: max(1, Int((Double(size.height) * scale).rounded())))
  }
}
