public import ImagineAPI

extension BuiltInEngine {
  public func retouch(
    _ image: [UInt8], mask: [UInt8], control: EngineControl = EngineControl()
  ) throws -> [UInt8] {
    let picture = try Codec.decode(image, field: "image", control: control)
    let mask = try Mask(mask, for: picture, control)
    var raster = Raster(picture)
    try PatchFill(control).fill(&raster, mask)
    return try Self.encode(raster, over: picture, where: mask, control)
  }

  public func fill(
    prompt: String, image: [UInt8], mask: [UInt8], control: EngineControl = EngineControl()
  ) throws -> [UInt8] {
    let picture = try Codec.decode(image, field: "image", control: control)
    let mask = try Mask(mask, for: picture, control)
    var raster = Raster(picture)
    try PatchFill(control).fill(&raster, mask)
    try PromptedFill(prompt, mask, control)?.paint(into: &raster)
    return try Self.encode(raster, over: picture, where: mask, control)
  }

  /// A PNG of the edited colours with the image's own alpha; masked pixels become opaque.
  private static func encode(
    _ raster: Raster, over picture: Bitmap, where mask: Mask, _ control: EngineControl
  ) throws -> [UInt8] {
    var alpha = picture.alpha
    if let before = alpha {
      alpha = zip(before, mask.values).map { $1 == 0 ? $0 : 255 }
    }
    return try Codec.encode(raster.picture(alpha: alpha), as: .png, control: control)
  }
}
