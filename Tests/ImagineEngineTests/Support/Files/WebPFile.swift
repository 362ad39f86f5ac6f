/// Parts of a WebP file.
enum WebPFile {
  /// A file's pixels with a declared size, a profile and EXIF.
  static func extended(
    _ file: [UInt8], width: Int, height: Int, profile: [UInt8]? = nil, exif: [UInt8]? = nil
  ) -> [UInt8] {
    let flags = (profile == nil ? 0 : 0x20) | (exif == nil ? 0 : 0x08)
    var body = chunk(
      "VP8X",
      ByteOrder.little.bytes(flags, 4) + ByteOrder.little.bytes(width - 1, 3)
        + ByteOrder.little.bytes(height - 1, 3))
    if let profile { body += chunk("ICCP", profile) }
    body += pixels(of: file)
    if let exif { body += chunk("EXIF", exif) }
    return Array("RIFF".utf8) + ByteOrder.little.bytes(body.count + 4, 4) + Array("WEBP".utf8)
      + body
  }

  /// The header of a lossless file, at most 16384 pixels a side, and nothing after it.
  static func header(width: Int, height: Int) -> [UInt8] {
    let sizes = (width - 1) | (height - 1) << 14
    let body = chunk("VP8L", [0x2F] + ByteOrder.little.bytes(sizes, 4) + [0, 0, 0])
    return Array("RIFF".utf8) + ByteOrder.little.bytes(body.count + 4, 4) + Array("WEBP".utf8)
      + body
  }

  /// The chunk with the pixels of a file without alpha.
  private static func pixels(of file: [UInt8]) -> [UInt8] {
    var at = 12
    while at + 8 <= file.count {
      let size = (0..<4).reduce(0) { $0 | Int(file[at + 4 + $1]) << ($1 * 8) }
      let end = min(at + 8 + size + size % 2, file.count)
      if file[at..<(at + 4)].elementsEqual("VP8 ".utf8) { return Array(file[at..<end]) }
      at = end
    }
    return []
  }

  private static func chunk(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
    Array(name.utf8) + ByteOrder.little.bytes(bytes.count, 4) + bytes
      + (bytes.count % 2 == 1 ? [0] : [])
  }
}
