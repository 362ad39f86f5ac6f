/// What a picture's file says of it.
///
/// Read by the host, which links no decoder, and by the server before a decoder touches the bytes:
/// enough to know a format and a size, and to tell a picture from an error page.
public struct PictureHeader: Sendable, Hashable {
  public let format: PictureFormat
  /// Pixels of the upright picture: an orientation that the file asks for is applied, as it is in
  /// every operation.
  public let size: PixelSize
  /// Whether the picture has an alpha channel, or a transparent colour.
  public let hasAlpha: Bool

  /// What pictures can be, for messages.
  public static let expectation = "PNG, JPEG, WebP, GIF, TIFF or AVIF"

  public init(format: PictureFormat, size: PixelSize, hasAlpha: Bool = false) {
    self.format = format
    self.size = size
    self.hasAlpha = hasAlpha
  }

  /// - Parameter bytes: the file.
  public init?(_ bytes: some Collection<UInt8>) {
    self.init(MediaSource(Array(bytes)))
  }

  /// - Returns: nil for what is no picture, and for one that ends before it has told its size.
  public init?(_ source: MediaSource) {
    let header: PictureHeader? =
      switch MediaContainer(source) {
      case .png: PNGFile.header(source)
      case .jpeg: JPEGFile.header(source)
      case .webp: WebPFile.header(source)
      case .gif: GIFFile.header(source)
      case .tiff: TIFFFile.header(source)
      case .avif: AVIFFile.header(source)
      case .movie, nil: nil
      }
    guard let header, header.size.width > 0, header.size.height > 0 else { return nil }
    self = header
  }

  /// A header of a picture that is stored in one orientation and shown in another.
  init(
    _ format: PictureFormat, stored: PixelSize, orientation: ExifOrientation?, hasAlpha: Bool
  ) {
    let size =
      orientation?.swapsSides == true
      ? PixelSize(width: stored.height, height: stored.width) : stored
    self.init(format: format, size: size, hasAlpha: hasAlpha)
  }
}

/// How a stored picture is turned to stand upright: the tag 274 of TIFF and Exif, 1 … 8.
struct ExifOrientation {
  let value: Int

  /// Whether width and height change places.
  var swapsSides: Bool { (5...8).contains(value) }

  /// The orientation in an Exif block that lies in a file, with or without the header that JPEG puts
  /// before it.
  init?(_ source: MediaSource, at offset: Int) {
    let start = source.has("Exif\0\0", at: offset) ? offset + 6 : offset
    guard let directory = TIFFDirectory(source, base: start), let value = directory.number(274),
      (1...8).contains(value)
    else { return nil }
    self.value = value
  }

  init?(value: Int?) {
    guard let value, (1...8).contains(value) else { return nil }
    self.value = value
  }
}
