import CImaging
public import ImagineAPI

extension BuiltInEngine {
  /// The subject alone: a PNG of the image's size, clear where the background was.
  ///
  /// Works for a product or a person in front of a backdrop, even a patterned one, and for
  /// portraits that the lower edge cuts off. Anything at the top and the sides of the image counts
  /// as background, so it fails when the subject touches them, has the background's colours, or
  /// stands in clutter. Hair becomes one outline, glass becomes opaque.
  ///
  /// Throws ``EngineError/unusable(field:reason:)`` when the image cannot be read or a side is
  /// under 8 pixels.
  public func removeBackground(
    _ image: [UInt8], control: EngineControl = EngineControl()
  ) throws -> CutoutImage {
    let picture = try Codec.decode(image, field: "image", control: control)
    let (colours, alpha, confidence) = try Self.matte(of: picture, control)
    return CutoutImage(
      png: try Codec.encode(colours.picture(alpha: alpha), as: .png, control: control),
      confidence: confidence)
  }

  /// The subject of an image and its alpha. Clear pixels stay clear.
  static func matte(
    of picture: Bitmap, _ control: EngineControl = EngineControl()
  ) throws -> (colours: Raster, alpha: [UInt8], confidence: Double) {
    var confidence = 0.0
    var colours = Raster(picture)
    var alpha = [UInt8](repeating: 0, count: colours.width * colours.height)
    let (width, height) = (Int32(colours.width), Int32(colours.height))
    try colours.bytes.withUnsafeMutableBufferPointer { bytes in
      try alpha.withUnsafeMutableBufferPointer { alpha in
        try Codec.call("image", control) {
          imaging_matte(bytes.baseAddress, width, height, alpha.baseAddress, &confidence, $0, $1)
        }
      }
    }
    if let before = picture.alpha {
      for index in alpha.indices { alpha[index] = min(alpha[index], before[index]) }
    }
    return (colours, alpha, (confidence * 100).rounded(.down) / 100)
  }
}
