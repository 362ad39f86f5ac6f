import CImaging
public import ImagineAPI

extension BuiltInEngine {
  public func upscale(
    _ image: [UInt8], control: EngineControl = EngineControl()
  ) throws -> [UInt8] {
    let picture = try Codec.decode(image, field: "image", control: control)
    return try Codec.encode(Self.doubled(picture, control), as: .png, control: control)
  }

  /// - Throws: ``EngineError/unusable(field:reason:)`` when twice the size is over the
  ///   ``PixelBudget``.
  static func checkDoubled(_ size: PixelSize) throws(EngineError) {
    if let fault = PixelBudget.fault(
      of: PixelSize(width: size.width * 2, height: size.height * 2))
    {
      throw .unusable(field: "image", reason: "at twice its size it would be \(fault)")
    }
  }

  static func doubled(
    _ picture: Bitmap, _ control: EngineControl = EngineControl()
  ) throws -> Bitmap {
    try checkDoubled(picture.size)
    var large = ImagingPicture()
    try picture.withPixels { pixels in
      try Codec.call("image", control) {
        imaging_double(
          pixels.baseAddress, Int32(picture.width), Int32(picture.height),
          Int32(picture.channels), $0, &large, $1)
      }
    }
    return Bitmap(large)
  }
}
