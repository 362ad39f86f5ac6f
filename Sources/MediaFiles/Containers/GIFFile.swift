import ImagineAPI

/// GIF (version 89a): a logical screen, then blocks up to a trailer.
enum GIFFile {
  static func begins(_ source: MediaSource) -> Bool {
    source.matches("GIF87a", at: 0) || source.matches("GIF89a", at: 0)
  }

  static func header(_ source: MediaSource) -> ImageHeader? {
    guard let width = source.littleEndian(6, 2), let height = source.littleEndian(8, 2) else {
      return nil
    }
    var hasAlpha = false
    _ = walk(source) { block, offset in
      // A graphic control extension before the first image tells whether a colour is transparent.
      if block == extensionBlock, source.littleEndian(offset + 1, 1) == 0xF9 {
        hasAlpha = source.littleEndian(offset + 3, 1).map { $0 & 1 == 1 } ?? false
      }
      return block != image
    }
    return ImageHeader(
      format: .gif, size: PixelSize(width: width, height: height), hasAlpha: hasAlpha)
  }

  static func fault(_ source: MediaSource) -> MediaFault? {
    var hasPixels = false
    let fault = walk(source) { block, _ in
      if block == image { hasPixels = true }
      return true
    }
    return fault ?? (hasPixels ? nil : .damaged("it has no pixels"))
  }

  private static let image = 0x2C
  private static let extensionBlock = 0x21
  private static let trailer = 0x3B

  /// Visits each block.
  ///
  /// - Parameter visit: receives each block's type and offset; returns false to stop.
  private static func walk(
    _ source: MediaSource, _ visit: (_ block: Int, _ offset: Int) -> Bool
  ) -> MediaFault? {
    let ended = MediaFault.truncated("it ends before its trailer")
    guard let flags = source.littleEndian(10, 1) else { return ended }
    var offset = 13 + tableSize(flags)
    while let block = source.littleEndian(offset, 1) {
      guard visit(block, offset) else { return nil }
      switch block {
      case trailer: return nil
      // Some writers put padding between blocks.
      case 0: offset += 1
      case extensionBlock:
        guard let end = endOfSubBlocks(source, from: offset + 2) else { return ended }
        offset = end
      case image:
        // Descriptor, colour table and code size precede the data.
        guard let flags = source.littleEndian(offset + 9, 1),
          let end = endOfSubBlocks(source, from: offset + 11 + tableSize(flags))
        else { return ended }
        offset = end
      default: return .damaged("there is no block 0x\(String(block, radix: 16)) (byte \(offset))")
      }
    }
    return ended
  }

  private static func tableSize(_ flags: Int) -> Int {
    flags & 0x80 == 0 ? 0 : 3 << (flags & 7 + 1)
  }

  /// Each sub-block follows its length; an empty one is the last.
  private static func endOfSubBlocks(_ source: MediaSource, from start: Int) -> Int? {
    var offset = start
    while let length = source.littleEndian(offset, 1) {
      offset += 1 + length
      if length == 0 { return offset }
    }
    return nil
  }
}
