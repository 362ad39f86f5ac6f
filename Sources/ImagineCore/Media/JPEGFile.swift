/// JPEG (ISO/IEC 10918-1, Annex B): marker segments, and scans of coded data between them.
enum JPEGFile {
  static func begins(_ source: MediaSource) -> Bool {
    source.starts(with: [0xFF, 0xD8, 0xFF])
  }

  /// Start of frame: SOF0 … SOF15 but DHT, JPG and DAC.
  private static func isFrame(_ marker: UInt8) -> Bool {
    (0xC0...0xCF).contains(marker) && ![0xC4, 0xC8, 0xCC].contains(marker)
  }

  static func header(_ source: MediaSource) -> PictureHeader? {
    var orientation: ExifOrientation?
    var offset = 2
    while let (marker, start) = nextMarker(source, from: offset) {
      if isFrame(marker) {
        guard let height = source.big(start + 5, 2), let width = source.big(start + 7, 2) else {
          return nil
        }
        return PictureHeader(
          .jpeg, stored: PixelSize(width: width, height: height), orientation: orientation,
          hasAlpha: false)
      }
      if marker == 0xE1, orientation == nil, source.has("Exif\0\0", at: start + 4) {
        orientation = ExifOrientation(source, at: start + 4)
      }
      guard let end = end(source, of: marker, at: start), marker != 0xD9 else { return nil }
      offset = end
    }
    return nil
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
      // Coded data follows the header of a scan; a marker is what ends it, as it ends whatever else
      // should not stand between segments.
      offset = end
    }
    return .truncated("it ends before the marker of its end")
  }

  /// The next marker that is one: 0xFF before a byte that is neither a stuffed zero, nor fill, nor
  /// the restart of a scan.
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

  /// Where a segment ends; nil where its length is not there, or none.
  private static func end(_ source: MediaSource, of marker: UInt8, at offset: Int) -> Int? {
    // TEM, start and end of the image stand alone.
    if marker == 0x01 || marker == 0xD8 || marker == 0xD9 { return offset + 2 }
    guard let length = source.big(offset + 2, 2), length >= 2 else { return nil }
    return offset + 2 + length
  }
}
