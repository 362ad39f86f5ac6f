import ImagineCore

extension PictureMetadata {
  /// A picture's bytes with the metadata in them; formats without a place for it come back as they
  /// are. The pixels are not touched: nothing is decoded.
  func embedded(in picture: [UInt8], format: PictureFormat) -> [UInt8] {
    switch format {
    case .png: embeddedInPNG(picture) ?? picture
    case .jpeg: embeddedInJPEG(picture) ?? picture
    case .webp, .avif, .tiff, .gif: picture
    }
  }

  /// Text chunks go between the header chunk and the rest, where every reader looks.
  private func embeddedInPNG(_ picture: [UInt8]) -> [UInt8]? {
    let headerEnd = 8 + 25
    guard picture.count > headerEnd else { return nil }
    var result = Array(picture[..<headerEnd])
    result += PNGChunk.text(keyword: "parameters", parameters)
    result += PNGChunk.internationalText(keyword: "imagine", json)
    result += PNGChunk.internationalText(keyword: "XML:com.adobe.xmp", xmp)
    result += picture[headerEnd...]
    return result
  }

  /// XMP stands in a segment of its own, after the start of the image and a JFIF or Exif segment.
  private func embeddedInJPEG(_ picture: [UInt8]) -> [UInt8]? {
    let body = Array("http://ns.adobe.com/xap/1.0/\0".utf8) + Array(xmp.utf8)
    let length = body.count + 2
    guard picture.starts(with: [0xFF, 0xD8]), length <= 0xFFFF else { return nil }
    var end = 2
    while end + 4 <= picture.count, picture[end] == 0xFF,
      picture[end + 1] == 0xE0 || picture[end + 1] == 0xE1
    {
      end += 2 + Int(picture[end + 2]) << 8 + Int(picture[end + 3])
    }
    guard end <= picture.count else { return nil }
    let segment = [0xFF, 0xE1, UInt8(length >> 8), UInt8(length & 0xFF)] + body
    return picture[..<end] + segment + picture[end...]
  }
}

/// The text chunks of PNG (ISO/IEC 15948, 11.3.3).
enum PNGChunk {
  /// `tEXt` where the text is Latin-1, as the format wants; else `iTXt`.
  static func text(keyword: String, _ text: String) -> [UInt8] {
    let latin = text.unicodeScalars.compactMap { UInt8(exactly: $0.value) }
    guard latin.count == text.unicodeScalars.count else {
      return internationalText(keyword: keyword, text)
    }
    return chunk("tEXt", Array(keyword.utf8) + [0] + latin)
  }

  /// `iTXt`: UTF-8, not compressed, no language.
  static func internationalText(keyword: String, _ text: String) -> [UInt8] {
    chunk("iTXt", Array(keyword.utf8) + [0, 0, 0, 0, 0] + Array(text.utf8))
  }

  private static func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(type.utf8) + data
    return bigEndian(UInt32(data.count)) + body + bigEndian(checksum(body))
  }

  private static func bigEndian(_ value: UInt32) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian, Array.init)
  }

  /// CRC-32 of ISO 3309, the one that PNG names.
  private static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var register: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      register ^= UInt32(byte)
      for _ in 0..<8 {
        register = register & 1 == 1 ? register >> 1 ^ 0xEDB8_8320 : register >> 1
      }
    }
    return ~register
  }
}
