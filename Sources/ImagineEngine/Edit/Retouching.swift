import CImaging
public import ImagineCore

extension BuiltInEngine {
  /// The subject alone: a PNG of the picture's size, clear where the background was.
  ///
  /// Good at a product or a person before a backdrop, also a patterned one, and at portraits that
  /// the lower edge cuts off. What the top and the sides of the picture show counts as background,
  /// so it fails where the subject touches them, has the background's colours, or stands in
  /// clutter. Hair comes out as one outline, glass opaque.
  ///
  /// Throws ``EngineError/unusable(field:reason:)`` where the picture cannot be read or is under
  /// 8 pixels a side.
  public func removeBackground(_ image: [UInt8]) throws -> [UInt8] {
    let picture = try Codec.decode(image, field: "image")
    let (colours, alpha) = try Self.matte(of: picture)
    return try Codec.encode(colours.picture(alpha: alpha), as: .png)
  }

  /// The subject of a picture and its alpha. What was clear before stays so.
  static func matte(of picture: Bitmap) throws -> (colours: Raster, alpha: [UInt8]) {
    var colours = Raster(picture)
    var alpha = [UInt8](repeating: 0, count: colours.width * colours.height)
    let (width, height) = (Int32(colours.width), Int32(colours.height))
    try colours.bytes.withUnsafeMutableBufferPointer { bytes in
      try alpha.withUnsafeMutableBufferPointer { alpha in
        try Codec.call("image") {
          imaging_matte(bytes.baseAddress, width, height, alpha.baseAddress, $0)
        }
      }
    }
    if let before = picture.alpha {
      for index in alpha.indices { alpha[index] = min(alpha[index], before[index]) }
    }
    return (colours, alpha)
  }

  public func upscale(_ image: [UInt8]) throws -> [UInt8] {
    let picture = try Codec.decode(image, field: "image")
    guard Int64(picture.width) * Int64(picture.height) * 4 <= Codec.pixelLimit else {
      throw EngineError.unusable(
        field: "image", reason: "twice its size would have more than \(Codec.pixelLimit) pixels")
    }
    return try Codec.encode(Self.doubled(picture), as: .png)
  }

  static func doubled(_ picture: Bitmap) throws -> Bitmap {
    var large = ImagingPicture()
    try picture.withPixels { pixels in
      try Codec.call("image") {
        imaging_double(
          pixels.baseAddress, Int32(picture.width), Int32(picture.height),
          Int32(picture.channels), &large, $0)
      }
    }
    return Bitmap(large)
  }

  public func retouch(_ image: [UInt8], mask: [UInt8]) throws -> [UInt8] {
    let picture = try Codec.decode(image, field: "image")
    let mask = try Mask(mask, for: picture)
    var raster = Raster(picture)
    try PatchFill.fill(&raster, mask)
    return try Self.encode(raster, over: picture, where: mask)
  }

  public func fill(prompt: String, image: [UInt8], mask: [UInt8]) throws -> [UInt8] {
    let picture = try Codec.decode(image, field: "image")
    let mask = try Mask(mask, for: picture)
    var raster = Raster(picture)
    try PatchFill.fill(&raster, mask)
    try PromptedFill(prompt, mask)?.paint(into: &raster)
    return try Self.encode(raster, over: picture, where: mask)
  }

  /// A PNG of the edited colours with the picture's own alpha, which is full where `mask` is set.
  static func encode(_ raster: Raster, over picture: Bitmap, where mask: Mask) throws -> [UInt8] {
    var alpha = picture.alpha
    if let before = alpha {
      alpha = zip(before, mask.values).map { $1 == 0 ? $0 : 255 }
    }
    return try Codec.encode(raster.picture(alpha: alpha), as: .png)
  }
}
