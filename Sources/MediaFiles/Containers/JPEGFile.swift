import ImagineAPI

/// JPEG (ISO/IEC 10918-1, Annex B): marker segments, with scans of coded data between them.
enum JPEGFile {
  static func begins(_ source: MediaSource) -> Bool {
    source.starts(with: [0xFF, 0xD8, 0xFF])
  }

  /// Start of frame: SOF0 … SOF15 except DHT, JPG and DAC.
  private static func isFrame(_ marker: UInt8) -> Bool {
    (0xC0...0xCF).contains(marker) && ![0xC4, 0xC8, 0xCC].contains(marker)
  }

  static func header(_ source: MediaSource) -> ImageHeader? {
    var orientation: ExifOrientation?
    var hasExif = false
    var size: PixelSize?
    var offset = 2
    // The first Exif segment before the scan counts, wherever the frame is.
    while let (marker, start) = nextMarker(source, from: offset), marker != 0xDA, marker != 0xD9 {
      if isFrame(marker), size == nil {
        guard let height = source.bigEndian(start + 5, 2),
          let width = source.bigEndian(start + 7, 2)
        else {
          return nil
        }
        size = PixelSize(width: width, height: height)
      }
      if marker == 0xE1, !hasExif, source.matches("Exif\0\0", at: start + 4) {
        hasExif = true
        orientation = ExifOrientation(source, at: start + 4)
      }
      guard let end = end(source, of: marker, at: start) else { break }
      offset = end
    }
    return size.map {
      ImageHeader(.jpeg, stored: $0, orientation: orientation, hasAlpha: false)
    }
  }

  static func fault(_ source: MediaSource) -> MediaFault? {
    var offset = 2
    var hasFrame = false
    var hasScan = false
    while let (marker, start) = nextMarker(source, from: offset) {
      if marker == 0xD9 {
        return hasScan && hasFrame ? nil : .damaged("it has no pixels")
      }
      guard let end = end(source, of: marker, at: start), end <= source.byteCount else {
        return .truncated("it ends within a segment of its header")
      }
      if isFrame(marker) { hasFrame = true }
      if marker == 0xDA { hasScan = true }
      // Coded data follows the header of a scan; the next marker ends it, as it ends any invalid
      // bytes between segments.
      offset = end
    }
    return .truncated("it ends before the marker of its end")
  }

  /// The next marker: 0xFF before a byte that is neither a stuffed zero, nor fill, nor a restart
  /// marker.
  private static func nextMarker(
    _ source: MediaSource, from start: Int
  ) -> (marker: UInt8, offset: Int)? {
    var found: (UInt8, Int)?
    var isAfterMark = false
    source.forEachPiece(from: start, to: source.byteCount) { piece, offset in
      var index = 0
      while index < piece.count {
        let byte = piece[index]
        if isAfterMark, byte != 0xFF {
          isAfterMark = false
          if byte != 0, !(0xD0...0xD7).contains(byte) {
            found = (byte, offset + index - 1)
            return false
          }
        } else {
          isAfterMark = byte == 0xFF
        }
        index += 1
      }
      return true
    }
    return found
  }

  /// The end of a segment; nil if its length is missing or invalid.
  private static func end(_ source: MediaSource, of marker: UInt8, at offset: Int) -> Int? {
    // TEM, SOI and EOI have no length.
    if marker == 0x01 || marker == 0xD8 || marker == 0xD9 { return offset + 2 }
    guard let length = source.bigEndian(offset + 2, 2), length >= 2 else { return nil }
    return offset + 2 + length
  }
}
