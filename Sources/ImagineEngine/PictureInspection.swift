import CImaging
public import ImagineCore

/// What the decoder says of a picture file by its header; no pixel is decoded for it.
public struct PictureInspection: Sendable, Hashable {
  public var format: PictureFormat
  /// Pixels, upright: an EXIF orientation that turns the picture is already applied.
  public var size: PixelSize
  public var hasAlpha: Bool

  /// Reads the header of a picture that came in as `field`.
  ///
  /// Throws ``EngineError/unusable(field:reason:)`` where the bytes are no picture that the engine
  /// reads, or one of more pixels than it takes.
  public init(_ bytes: [UInt8], field: String = "image") throws {
    var header = ImagingHeader()
    try Codec.call(field) { imaging_read_header(bytes, bytes.count, &header, $0) }
    guard let format = PictureFormat(code: header.format) else {
      throw EngineError.unusable(field: field, reason: "its format is not known")
    }
    guard Int64(header.width) * Int64(header.height) <= Codec.pixelLimit else {
      throw EngineError.unusable(
        field: field,
        reason: "it has \(header.width)x\(header.height) pixels; the limit is \(Codec.pixelLimit)")
    }
    self.format = format
    size = PixelSize(width: Int(header.width), height: Int(header.height))
    hasAlpha = header.has_alpha != 0
  }
}
