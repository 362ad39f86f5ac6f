public import ImagineAPI

extension ImageHeader {
  /// - Parameter bytes: the content of the file.
  public init?(_ bytes: some Collection<UInt8>) {
    self.init(MediaSource(Array(bytes)))
  }

  /// - Returns: nil if it is no image, or ends before its size.
  public init?(_ source: MediaSource) {
    let header: ImageHeader? =
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

  /// Makes a header from the stored size and the orientation.
  init(
    _ format: ImageFormat, stored: PixelSize, orientation: ExifOrientation?, hasAlpha: Bool
  ) {
    let size =
      orientation?.swapsSides == true
      ? PixelSize(width: stored.height, height: stored.width) : stored
    self.init(
      format: format, size: size, hasAlpha: hasAlpha,
      isUpright: (orientation?.value ?? 1) == 1)
  }
}

/// The orientation of a stored image: tag 274 of TIFF and Exif, 1 … 8.
struct ExifOrientation {
  let value: Int

  /// Whether width and height are swapped.
  var swapsSides: Bool { (5...8).contains(value) }

  /// Reads the orientation of an Exif block, with or without JPEG's `Exif` header.
  init?(_ source: MediaSource, at offset: Int) {
    let start = source.matches("Exif\0\0", at: offset) ? offset + 6 : offset
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
