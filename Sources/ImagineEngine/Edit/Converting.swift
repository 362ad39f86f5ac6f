public import ImagineCore

extension BuiltInEngine {
  public func convert(_ picture: [UInt8], to conversion: Conversion) throws -> [UInt8] {
    let source = try Codec.decode(picture, field: "image")
    let fitted = try Fitting(source, conversion).fit()
    return try Codec.encode(fitted, as: conversion.format, quality: conversion.quality)
  }
}

/// How a picture comes to the size of a conversion.
private struct Fitting {
  /// A side of more pixels is not made.
  private static let sideLimit = 16_384

  private let source: Bitmap
  private let conversion: Conversion

  init(_ source: Bitmap, _ conversion: Conversion) {
    self.source = source
    self.conversion = conversion
  }

  func fit() throws -> Bitmap {
    let box = try self.box()
    if box == PixelSize(width: source.width, height: source.height) { return source }
    switch conversion.fit {
    case .fill: return try Codec.scale(source, to: box)
    case .contain:
      let scale = min(scale(box).across, scale(box).down)
      return try Codec.scale(source, to: scaled(by: scale))
    case .cover:
      let scale = max(scale(box).across, scale(box).down)
      return try crop(Codec.scale(source, to: scaled(by: scale)), to: box)
    }
  }

  /// The box to fit into: a missing side follows from the other and the picture's shape.
  private func box() throws -> PixelSize {
    let shape = Double(source.width) / Double(source.height)
    var box = PixelSize(width: source.width, height: source.height)
    switch (conversion.width, conversion.height) {
    case (let width?, let height?): box = PixelSize(width: width, height: height)
    case (let width?, nil):
      box = PixelSize(width: width, height: max(1, Int((Double(width) / shape).rounded())))
    case (nil, let height?):
      box = PixelSize(width: max(1, Int((Double(height) * shape).rounded())), height: height)
    case (nil, nil): break
    }
    for (field, side) in [("width", box.width), ("height", box.height)]
    where side < 1 || side > Self.sideLimit {
      throw EngineError.unusable(
        field: field, reason: "a side of 1 to \(Self.sideLimit) pixels can be made, not \(side)")
    }
    return box
  }

  private func scale(_ box: PixelSize) -> (across: Double, down: Double) {
    (Double(box.width) / Double(source.width), Double(box.height) / Double(source.height))
  }

  private func scaled(by scale: Double) -> PixelSize {
    PixelSize(
      width: max(1, Int((Double(source.width) * scale).rounded())),
      height: max(1, Int((Double(source.height) * scale).rounded())))
  }

  /// The middle of a picture.
  private func crop(_ picture: Bitmap, to box: PixelSize) throws -> Bitmap {
    let width = min(box.width, picture.width)
    let height = min(box.height, picture.height)
    let left = (picture.width - width) / 2
    let top = (picture.height - height) / 2
    return try picture.cropped(left: left, top: top, width: width, height: height)
  }
}
