public import ImagineAPI

extension BuiltInEngine {
  public func convert(
    _ picture: [UInt8], to conversion: Conversion, control: EngineControl = EngineControl()
  ) throws -> [UInt8] {
    let (source, size) = try Codec.decode(picture, field: "image", control: control) {
      // Single pixels are wanted as they are.
      conversion.kernel == .nearest || conversion.isMask ? $0 : try conversion.innerSize(of: $0)
    }
    var fitted = try fitted(source, of: size, conversion, control)
    if conversion.isMask { fitted = try fitted.mask() }
    if conversion.isMatte { fitted = try fitted.matte() }
    if let background = conversion.background {
      fitted = try fitted.onto(background, at: EdgeMargins(), control)
    }
    return try encode(fitted, conversion, control)
  }

  private func fitted(
    _ source: Bitmap, of original: PixelSize, _ conversion: Conversion, _ control: EngineControl
  ) throws -> Bitmap {
    let size = try conversion.size(of: original)
    let kernel = conversion.kernel
    switch conversion.fit {
    case .cover: return try Codec.cover(source, size, kernel: kernel, control: control)
    case .pad:
      let inner = conversion.wholeSize(of: original)
      let whole = try Codec.scale(source, to: inner, kernel: kernel, control: control)
      let (across, down) = (size.width - inner.width, size.height - inner.height)
      return try whole.onto(
        .transparent,
        at: EdgeMargins(
          top: down / 2, right: across - across / 2, bottom: down - down / 2, left: across / 2),
        control)
    case .contain, .fill:
      return try Codec.scale(source, to: size, kernel: kernel, control: control)
    }
  }

  /// Encodes an image, with less quality if it would have too many bytes.
  private func encode(
    _ picture: Bitmap, _ conversion: Conversion, _ control: EngineControl
  ) throws -> [UInt8] {
    func file(_ quality: Int) throws -> [UInt8] {
      try Codec.encode(
        picture, as: conversion.format, quality: quality, isCompact: conversion.maxBytes != nil,
        control: control)
    }
    let best = try file(conversion.quality)
    guard let most = conversion.maxBytes, best.count > most else { return best }
    guard conversion.format != .png else {
      throw EngineError.unusable(
        field: "max_bytes",
        reason: "the PNG has \(best.count) bytes and no quality to lower; save it as jpg, webp or"
          + " avif, or make it smaller")
    }
    var (low, high) = (min(conversion.minQuality, conversion.quality), conversion.quality)
    var fitting = try file(low)
    guard fitting.count <= most else {
      throw EngineError.unusable(
        field: "max_bytes",
        reason: "the file has at least \(fitting.count) bytes, at quality \(low); lower"
          + " min_quality or make the image smaller")
    }
    while high - low > 1 {
      let middle = (low + high) / 2
      let tried = try file(middle)
      if tried.count <= most { (low, fitting) = (middle, tried) } else { high = middle }
    }
    return fitting
  }
}

extension Conversion {
  /// The size that an image is scaled to, without the edges of `pad`.
  fileprivate func innerSize(of image: PixelSize) throws -> PixelSize {
    fit == .pad ? wholeSize(of: image) : try size(of: image)
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
    let (source, original) = try Codec.decode(picture, field: "image", control: control) {
      Thumbnail.size(of: $0, within: box)
    }
    let size = Thumbnail.size(of: original, within: box)
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
