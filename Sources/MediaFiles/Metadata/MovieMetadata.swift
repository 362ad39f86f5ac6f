package import ImagineAPI

extension ImageMetadata {
  /// The identifier of a box with an XMP packet (XMP specification, part 3, MPEG-4).
  private static let boxType: [UInt8] = [
    0xBE, 0x7A, 0xCF, 0xCB, 0x97, 0xA9, 0x42, 0xE8, 0x9C, 0x71, 0x99, 0x94, 0x91, 0xE3, 0xAF, 0xAC,
  ]

  /// A box that is appended to an MP4 to carry the metadata: nothing before it moves.
  package var movieBox: [UInt8] {
    let content = Self.boxType + Array(xmp(carriesJSON: true).utf8)
    let length = UInt32(content.count + 8)
    return (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } + Array("uuid".utf8)
      + content
  }

  /// The metadata of an MP4; nil if it has none.
  package init?(movie source: MediaSource) {
    guard MovieFile.begins(source) else { return nil }
    for box in MediaBox.top(source).reversed()
    where box.type == "uuid" && box.end - box.content < Self.maxBytes {
      guard let content = source.bytes(box.content, box.end - box.content),
        content.starts(with: Self.boxType),
        let metadata = ImageMetadata(xmp: String(decoding: content.dropFirst(16), as: UTF8.self))
      else { continue }
      self = metadata
      return
    }
    return nil
  }

  private static let maxBytes = 4 << 20
}
