import ImagineAPI

/// PNG (ISO/IEC 15948): a signature, then chunks of length, name, data and checksum.
enum PNGFile {
  static func begins(_ source: MediaSource) -> Bool {
    source.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
  }

  private struct Chunk {
    let name: String
    /// The offset of the length; name, data and checksum follow.
    let offset: Int
    let length: Int

    var data: Int { offset + 8 }
    var end: Int { offset + 12 + length }
    /// Readers may skip an ancillary chunk that is unknown or damaged.
    var isAncillary: Bool { name.utf8.first.map { $0 & 0x20 != 0 } ?? true }
  }

  private static func chunk(_ source: MediaSource, at offset: Int) -> Chunk? {
    guard let length = source.bigEndian(offset, 4), let name = source.name(offset + 4) else {
      return nil
    }
    return Chunk(name: name, offset: offset, length: length)
  }

  static func header(_ source: MediaSource) -> ImageHeader? {
    guard source.matches("IHDR", at: 12), let width = source.bigEndian(16, 4),
      let height = source.bigEndian(20, 4)
    else { return nil }
    // Colour types 4 and 6 have alpha; others may have a transparent colour.
    var hasAlpha = source.bigEndian(25, 1).map { $0 & 4 != 0 } ?? false
    var orientation: ExifOrientation?
    var offset = 8
    while let chunk = chunk(source, at: offset), chunk.name != "IEND",
      chunk.end <= source.byteCount
    {
      if chunk.name == "tRNS" { hasAlpha = true }
      if chunk.name == "eXIf" { orientation = ExifOrientation(source, at: chunk.data) }
      offset = chunk.end
    }
    return ImageHeader(
      .png, stored: PixelSize(width: width, height: height), orientation: orientation,
      hasAlpha: hasAlpha)
  }

  static func fault(_ source: MediaSource) -> MediaFault? {
    var offset = 8
    var hasData = false
    while let chunk = chunk(source, at: offset) {
      guard chunk.length <= Int32.max else {
        return .damaged("the chunk at byte \(offset) has an impossible length")
      }
      guard chunk.end <= source.byteCount else {
        return .truncated("it ends within its chunk \(chunk.name.printable)")
      }
      if offset == 8, chunk.name != "IHDR" || chunk.length != 13 {
        return .damaged("it does not begin with its header")
      }
      if !chunk.isAncillary {
        var sum = CRC32()
        source.forEachPiece(from: offset + 4, to: chunk.end - 4) { piece, _ in
          sum.update(piece)
          return true
        }
        guard source.bigEndian(chunk.end - 4, 4) == Int(sum.value) else {
          return .damaged("its chunk \(chunk.name.printable) has a wrong checksum")
        }
      }
      if chunk.name == "IDAT" { hasData = true }
      if chunk.name == "IEND" { return hasData ? nil : .damaged("it has no pixels") }
      offset = chunk.end
    }
    return .truncated("it ends before its last chunk")
  }
}
