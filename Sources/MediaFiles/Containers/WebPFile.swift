import ImagineAPI

/// WebP: a RIFF container whose first chunk is lossy, lossless or extended.
enum WebPFile {
  static func begins(_ source: MediaSource) -> Bool {
    source.matches("RIFF", at: 0) && source.matches("WEBP", at: 8)
  }

  private struct Chunk {
    let name: String
    let data: Int
    let length: Int

    /// Chunks start at even offsets.
    var next: Int { data + length + length % 2 }
  }

  private static func chunk(_ source: MediaSource, at offset: Int) -> Chunk? {
    guard let name = source.name(offset), let length = source.littleEndian(offset + 4, 4) else {
      return nil
    }
    return Chunk(name: name, data: offset + 8, length: length)
  }

  static func header(_ source: MediaSource) -> ImageHeader? {
    if source.matches("VP8 ", at: 12), let width = source.littleEndian(26, 2),
      let height = source.littleEndian(28, 2)
    {
      let size = PixelSize(width: width & 0x3FFF, height: height & 0x3FFF)
      return ImageHeader(format: .webp, size: size)
    }
    if source.matches("VP8L", at: 12), let bits = source.littleEndian(21, 4) {
      let size = PixelSize(width: (bits & 0x3FFF) + 1, height: (bits >> 14 & 0x3FFF) + 1)
      return ImageHeader(format: .webp, size: size, hasAlpha: bits >> 28 & 1 == 1)
    }
    guard source.matches("VP8X", at: 12), let flags = source.littleEndian(20, 1),
      let width = source.littleEndian(24, 3), let height = source.littleEndian(27, 3)
    else { return nil }
    var orientation: ExifOrientation?
    var offset = 12
    while let chunk = chunk(source, at: offset) {
      if chunk.name == "EXIF" { orientation = ExifOrientation(source, at: chunk.data) }
      offset = chunk.next
    }
    return ImageHeader(
      .webp, stored: PixelSize(width: width + 1, height: height + 1), orientation: orientation,
      hasAlpha: flags & 0x10 != 0)
  }

  static func fault(_ source: MediaSource) -> MediaFault? {
    guard let length = source.littleEndian(4, 4) else {
      return .truncated("it ends within its header")
    }
    let end = 8 + length
    guard end <= source.byteCount else {
      return .truncated("it has \(source.byteCount) of \(end) bytes")
    }
    var hasPixels = false
    var offset = 12
    while offset + 8 <= end, let chunk = chunk(source, at: offset) {
      guard chunk.data + chunk.length <= end else {
        return .damaged("its chunk \(chunk.name.printable) ends after the end of the file")
      }
      if ["VP8 ", "VP8L", "ANMF"].contains(chunk.name) { hasPixels = true }
      offset = chunk.next
    }
    return hasPixels ? nil : .damaged("it has no pixels")
  }
}
