import ImagineCore

/// The chunks of WebP: a RIFF file whose extended form has a place for XMP.
enum WebPChunk {
  /// The bit of the extended header that says that there is XMP.
  private static let hasXMP: UInt8 = 0x04
  private static let hasAlpha: UInt8 = 0x10

  /// A file with an XMP chunk at its end, in place of one that is there; one of the simple form is
  /// given the extended header that this takes. Nil for what is no whole WebP file.
  static func insert(xmp: String, into picture: [UInt8]) -> [UInt8]? {
    guard let header = PictureHeader(picture), header.format == .webp,
      var chunks = chunks(picture)
    else { return nil }
    chunks.removeAll { $0.name == "XMP " }
    if chunks.first?.name == "VP8X" {
      chunks[0].data[0] |= hasXMP
    } else {
      guard let first = chunks.first, let extended = extendedHeader(first, size: header.size) else {
        return nil
      }
      chunks.insert(("VP8X", extended), at: 0)
    }
    chunks.append(("XMP ", Array(xmp.utf8)))
    var body = Array("WEBP".utf8)
    for chunk in chunks {
      body += Array(chunk.name.utf8) + littleEndian(chunk.data.count, bytes: 4) + chunk.data
      if !chunk.data.count.isMultiple(of: 2) { body.append(0) }
    }
    return Array("RIFF".utf8) + littleEndian(body.count, bytes: 4) + body
  }

  /// Every chunk; nil where the file is cut or an extended header is too short.
  private static func chunks(_ picture: [UInt8]) -> [(name: String, data: [UInt8])]? {
    var chunks: [(name: String, data: [UInt8])] = []
    var offset = 12
    while offset + 8 <= picture.count {
      let count = (4..<8).reversed().reduce(0) { $0 << 8 | Int(picture[offset + $1]) }
      guard count <= picture.count - offset - 8 else { return nil }
      let name = String(decoding: picture[offset..<offset + 4], as: UTF8.self)
      guard name != "VP8X" || count >= 10 else { return nil }
      chunks.append((name, Array(picture[(offset + 8)..<(offset + 8 + count)])))
      offset += 8 + count + count % 2
    }
    return chunks
  }

  /// Flags, then width and height less one, in 24 bits each.
  private static func extendedHeader(
    _ chunk: (name: String, data: [UInt8]), size: PixelSize
  ) -> [UInt8]? {
    guard chunk.data.count >= 5 else { return nil }
    // A lossless picture says whether its alpha is used in the bit behind its size.
    let isTransparent = chunk.name == "VP8L" && chunk.data[4] & 0x10 != 0
    return [hasXMP | (isTransparent ? hasAlpha : 0), 0, 0, 0]
      + littleEndian(size.width - 1, bytes: 3) + littleEndian(size.height - 1, bytes: 3)
  }

  private static func littleEndian(_ value: Int, bytes: Int) -> [UInt8] {
    (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}
