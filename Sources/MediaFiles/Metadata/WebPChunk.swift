import ImagineAPI

/// The chunks of WebP: a RIFF file whose extended form may have XMP.
enum WebPChunk {
  /// The bit of the extended header for XMP.
  private static let hasXMP: UInt8 = 0x04
  private static let hasAlpha: UInt8 = 0x10

  /// Appends an XMP chunk, replacing an existing one. A file of the simple form gets the extended
  /// header that XMP requires. Nil if the file is no complete WebP file.
  static func insert(xmp: String, into image: [UInt8]) -> [UInt8]? {
    guard let header = ImageHeader(image), header.format == .webp,
      var chunks = chunks(image)
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

  /// All chunks; nil if the file is truncated or an extended header is too short.
  private static func chunks(_ image: [UInt8]) -> [(name: String, data: [UInt8])]? {
    var chunks: [(name: String, data: [UInt8])] = []
    var offset = 12
    while offset + 8 <= image.count {
      let count = (4..<8).reversed().reduce(0) { $0 << 8 | Int(image[offset + $1]) }
      guard count <= image.count - offset - 8 else { return nil }
      let name = String(decoding: image[offset..<offset + 4], as: UTF8.self)
      guard name != "VP8X" || count >= 10 else { return nil }
      chunks.append((name, Array(image[(offset + 8)..<(offset + 8 + count)])))
      offset += 8 + count + count % 2
    }
    return chunks
  }

  /// Flags, then width - 1 and height - 1 in 24 bits each.
  private static func extendedHeader(
    _ chunk: (name: String, data: [UInt8]), size: PixelSize
  ) -> [UInt8]? {
    guard chunk.data.count >= 5 else { return nil }
    // The bit after the size of a lossless image tells whether alpha is used.
    let isTransparent = chunk.name == "VP8L" && chunk.data[4] & 0x10 != 0
    return [hasXMP | (isTransparent ? hasAlpha : 0), 0, 0, 0]
      + littleEndian(size.width - 1, bytes: 3) + littleEndian(size.height - 1, bytes: 3)
  }

  private static func littleEndian(_ value: Int, bytes: Int) -> [UInt8] {
    (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}
