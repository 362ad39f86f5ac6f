/// The marker segments of JPEG (ISO/IEC 10918-1, B.1.1) that stand before the picture's data.
enum JPEGSegment {
  /// What an XMP segment begins with.
  static let xmpHeader = Array("http://ns.adobe.com/xap/1.0/\0".utf8)

  /// A file with an XMP segment, after the start of the image and a JFIF or Exif segment, in place
  /// of one that is there. Nil for what is no JPEG and for a packet that no segment holds.
  static func insert(xmp: String, into picture: [UInt8]) -> [UInt8]? {
    let body = xmpHeader + Array(xmp.utf8)
    let length = body.count + 2
    guard picture.starts(with: [0xFF, 0xD8]), length <= 0xFFFF else { return nil }
    let segment = [0xFF, 0xE1, UInt8(length >> 8), UInt8(length & 0xFF)] + body
    var head: [UInt8] = Array(picture[..<2])
    var offset = 2
    while offset + 4 <= picture.count, picture[offset] == 0xFF,
      picture[offset + 1] == 0xE0 || picture[offset + 1] == 0xE1
    {
      let end = offset + 2 + Int(picture[offset + 2]) << 8 + Int(picture[offset + 3])
      guard end <= picture.count, end >= offset + 4 else { return nil }
      if !picture[(offset + 4)..<end].starts(with: xmpHeader) { head += picture[offset..<end] }
      offset = end
    }
    return head + segment + picture[offset...]
  }
}
