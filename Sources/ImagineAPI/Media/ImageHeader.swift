/// Format and size of an image, read from its file without decoding it.
///
/// The host links no decoder; the server reads this before a decoder touches the bytes. It is
/// enough to tell an image from an error page.
public struct ImageHeader: Sendable, Hashable {
  public let format: ImageFormat
  /// Size in pixels after the file's orientation is applied, as every operation does.
  public let size: PixelSize
  /// Whether the image has an alpha channel, or a transparent colour.
  public let hasAlpha: Bool
  /// Whether the pixels are stored upright, so that the file's orientation changes nothing.
  public let isUpright: Bool

  /// The supported image formats, for messages.
  public static let expectation = "PNG, JPEG, WebP, GIF, TIFF or AVIF"

  public init(
    format: ImageFormat, size: PixelSize, hasAlpha: Bool = false, isUpright: Bool = true
  ) {
    self.format = format
    self.size = size
    self.hasAlpha = hasAlpha
    self.isUpright = isUpright
  }
}
