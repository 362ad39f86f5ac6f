import ImagineAPI

/// A box of an ISO base media file (ISO/IEC 14496-12, 4.2), the structure of AVIF, MP4 and MOV.
struct MediaBox {
  let type: String
  /// The offset of its length field.
  let offset: Int
  let content: Int
  let end: Int

  /// Reads the box at an offset.
  ///
  /// - Parameter limit: the end of the enclosing box; a length of 0 extends to it.
  /// - Returns: nil if its head is incomplete or invalid.
  init?(_ source: MediaSource, at offset: Int, limit: Int) {
    guard var length = source.bigEndian(offset, 4), let type = source.name(offset + 4) else {
      return nil
    }
    var headLength = 8
    if length == 1 {
      guard let long = source.bigEndian(offset + 8, 8) else { return nil }
      length = long
      headLength = 16
    } else if length == 0 {
      length = limit - offset
    }
    guard length >= headLength, length < 1 << 48 else { return nil }
    self.type = type
    self.offset = offset
    content = offset + headLength
    end = offset + length
  }

  /// The boxes of a file, up to its end or to an invalid box.
  static func top(_ source: MediaSource) -> [MediaBox] {
    boxes(source, from: 0, to: source.byteCount)
  }

  /// The boxes in this box.
  ///
  /// - Parameter skipping: the size of the box's own fields before them.
  func children(_ source: MediaSource, skipping: Int = 0) -> [MediaBox] {
    Self.boxes(source, from: content + skipping, to: end)
  }

  /// The first box on a path of types below this one.
  func child(_ source: MediaSource, _ path: String...) -> MediaBox? {
    var box = self
    for type in path {
      guard let next = box.children(source).first(where: { $0.type == type }) else { return nil }
      box = next
    }
    return box
  }

  /// A box usually contains some dozen boxes; an untrusted one may contain millions.
  private static let maxBoxes = 100_000

  private static func boxes(_ source: MediaSource, from start: Int, to end: Int) -> [MediaBox] {
    var boxes: [MediaBox] = []
    var offset = start
    while offset < end, boxes.count < maxBoxes,
      let box = MediaBox(source, at: offset, limit: end)
    {
      boxes.append(box)
      offset = box.end
    }
    return boxes
  }

  /// The types of boxes at the top of a file. Other data after complete boxes was appended to the
  /// file.
  private static let topTypes: Set<String> = [
    "ftyp", "styp", "moov", "moof", "mdat", "meta", "free", "skip", "wide", "sidx", "ssix", "mfra",
    "uuid", "prft", "emsg", "pdin", "udta",
  ]

  /// The fault of the first box that is truncated.
  static func cut(_ boxes: [MediaBox], in source: MediaSource) -> MediaFault? {
    boxes.first { $0.end > source.byteCount && topTypes.contains($0.type) }
      .map { .truncated("it ends within its box \($0.type)") }
  }
}
