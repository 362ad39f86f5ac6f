import ImagineAPI

/// The marker segments of JPEG (ISO/IEC 10918-1, B.1.1) before the image data.
enum JPEGSegment {
  /// The first bytes of an XMP segment.
  static let xmpHeader = Array("http://ns.adobe.com/xap/1.0/\0".utf8)

  /// Inserts an XMP segment after the start of the image and JFIF or Exif segments, replacing an
  /// existing one. Nil if the file is no JPEG or the packet exceeds a segment.
  static func insert(xmp: String, into image: [UInt8]) -> [UInt8]? {
    let body = xmpHeader + Array(xmp.utf8)
    let length = body.count + 2
    guard image.starts(with: [0xFF, 0xD8]), length <= 0xFFFF else { return nil }
    let segment = [0xFF, 0xE1, UInt8(length >> 8), UInt8(length & 0xFF)] + body
    var head: [UInt8] = Array(image[..<2])
    var offset = 2
    while offset + 4 <= image.count, image[offset] == 0xFF,
      image[offset + 1] == 0xE0 || image[offset + 1] == 0xE1
    {
      let end = offset + 2 + Int(image[offset + 2]) << 8 + Int(image[offset + 3])
      guard end <= image.count, end >= offset + 4 else { return nil }
      if !image[(offset + 4)..<end].starts(with: xmpHeader) { head += image[offset..<end] }
      offset = end
    }
    return head + segment + image[offset...]
  }
}
