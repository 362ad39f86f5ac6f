import CImaging
public import ImagineAPI

/// What the decoder reads from an image file's header; no pixel is decoded.
public struct ImageInspection: Sendable, Hashable {
  public var format: ImageFormat
  /// Pixels, upright: an EXIF orientation that turns the image is already applied.
  public var size: PixelSize
  public var hasAlpha: Bool

  /// Reads the header of an image that the caller sent as `field`.
  ///
  /// Throws ``EngineError/unusable(field:reason:)`` when the engine cannot read the bytes, or when
  /// the image is over the ``PixelBudget``.
  public init(_ bytes: [UInt8], field: String = "image") throws {
    try self.init(ImageFile(bytes, field: field), field: field)
  }

  init(_ file: ImageFile, field: String) throws {
    var header = ImagingHeader()
    try Codec.call(field) { _, fault in
      imaging_read_header(file.bytes, file.bytes.count, file.format.code, &header, fault)
    }
    format = file.format
    let isTurned = file.orientation > 4
    size = PixelSize(
      width: Int(isTurned ? header.height : header.width),
      height: Int(isTurned ? header.width : header.height))
    hasAlpha = header.has_alpha != 0
    try PixelBudget.check(size, field: field)
    // The product cannot overflow: the budget bounds the sides, the decoders bound the other
    // factors.
    let pixelBytes = Int(header.bands) * Int(header.sample_size)
    guard size.width * size.height * pixelBytes <= PixelBudget.decodedBytes else {
      throw EngineError.unusable(
        field: field,
        reason: "\(size) pixels of \(header.bands) channels need more memory than one image may use"
      )
    }
  }
}
