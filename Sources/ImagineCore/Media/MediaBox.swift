/// A box of an ISO base media file (ISO/IEC 14496-12, 4.2): AVIF, MP4 and MOV are made of them.
struct MediaBox {
  let type: String
  /// Where its length stands.
  let offset: Int
  let content: Int
  let end: Int

  /// The box at an offset.
  ///
  /// - Parameter limit: where the box that it lies in ends; a length of 0 reaches that far.
  /// - Returns: nil where its head is not all there, or is none.
  init?(_ source: MediaSource, at offset: Int, limit: Int) {
    guard var length = source.big(offset, 4), let type = source.name(offset + 4) else { return nil }
    var headLength = 8
    if length == 1 {
      guard let long = source.big(offset + 8, 8) else { return nil }
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

  /// The boxes of a file, up to its end or to what is no box.
  static func top(_ source: MediaSource) -> [MediaBox] {
    boxes(source, from: 0, to: source.byteCount)
  }

  /// The boxes in this one.
  ///
  /// - Parameter skipping: the bytes of the box's own fields before them.
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

  /// Files are written with some dozen boxes in a box; a stranger's may be nothing else.
  private static let mostBoxes = 100_000

  private static func boxes(_ source: MediaSource, from start: Int, to end: Int) -> [MediaBox] {
    var boxes: [MediaBox] = []
    var offset = start
    while offset < end, boxes.count < mostBoxes,
      let box = MediaBox(source, at: offset, limit: end)
    {
      boxes.append(box)
      offset = box.end
    }
    return boxes
  }

  /// The types of boxes that stand at the top of a file. Anything else behind whole boxes is what
  /// somebody has put after the file.
  private static let topTypes: Set<String> = [
    "ftyp", "styp", "moov", "moof", "mdat", "meta", "free", "skip", "wide", "sidx", "ssix", "mfra",
    "uuid", "prft", "emsg", "pdin", "udta",
  ]

  /// The first of a file's boxes that the file does not hold to its end.
  static func cut(_ boxes: [MediaBox], in source: MediaSource) -> MediaFault? {
    boxes.first { $0.end > source.byteCount && topTypes.contains($0.type) }
      .map { .truncated("it ends within its box \($0.type)") }
  }
}
