import ImagineAPI

/// What the `meta` box of an AVIF file declares: the total bytes of its items, and the number of
/// parts that its image is composed of.
///
/// Items may share bytes and parts may be used repeatedly, so both can far exceed the file.
struct HEIFItems {
  private(set) var itemBytes = 0
  private(set) var parts = 0
  /// Pixels of the largest image of any item.
  private(set) var largestArea = 0
  private let reader: ByteReader

  init(_ file: [UInt8]) {
    reader = ByteReader(file)
    guard let meta = boxes(in: 0..<file.count).first(where: { $0.kind == "meta" }) else { return }
    for box in boxes(in: meta.full) {
      switch box.kind {
      case "iloc": itemBytes += bytesOfItems(box.body)
      case "iref": parts += partsOfItems(box.full)
      case "iprp":
        for properties in boxes(in: box.body) where properties.kind == "ipco" {
          for property in boxes(in: properties.body) where property.kind == "ispe" {
            let width = number(property.body.lowerBound + 4, 4)
            let height = number(property.body.lowerBound + 8, 4)
            largestArea = max(largestArea, PixelBudget.area(width, height))
          }
        }
      default: break
      }
    }
  }

  private struct Box {
    let kind: String
    let body: Range<Int>
    /// The body after a version and flags.
    var full: Range<Int> { min(body.lowerBound + 4, body.upperBound)..<body.upperBound }
  }

  /// A number; 0 past the end of the file.
  private func number(_ place: Int, _ count: Int) -> Int {
    // A value of more than 32 bits lies past the end of any file here.
    if count == 8 { return number(place, 4) > 0 ? Int(UInt32.max) : number(place + 4, 4) }
    return reader.number(at: place, count) ?? 0
  }

  private func boxes(in range: Range<Int>) -> [Box] {
    var boxes: [Box] = []
    var at = range.lowerBound
    while at + 8 <= range.upperBound {
      var size = number(at, 4)
      var head = 8
      if size == 1 { (size, head) = (number(at + 8, 8), 16) }
      if size == 0 { size = range.upperBound - at }
      guard size >= head, size <= range.upperBound - at else { break }
      boxes.append(
        Box(
          kind: String(decoding: reader.slice(at + 4, 4), as: UTF8.self),
          body: (at + head)..<(at + size)))
      at += size
    }
    return boxes
  }

  /// The lengths of all extents of all items (ISO/IEC 14496-12, 8.11.3).
  private func bytesOfItems(_ body: Range<Int>) -> Int {
    let version = number(body.lowerBound, 1)
    let sizes = number(body.lowerBound + 4, 2)
    let (offset, length, base) = (sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15)
    let index = version == 0 ? 0 : sizes & 15
    guard [offset, length, base, index].allSatisfy({ [0, 4, 8].contains($0) }) else { return 0 }
    let wide = version == 2 ? 4 : 2
    var at = body.lowerBound + 6
    let count = number(at, wide)
    at += wide
    var total = 0
    for _ in 0..<count where at < body.upperBound {
      at += wide + (version == 0 ? 0 : 2) + 2 + base
      let extents = number(at, 2)
      at += 2
      // An extent of length 0 means the whole file.
      if length == 0 { total += extents * reader.bytes.count }
      if index + offset + length == 0 { continue }
      for _ in 0..<extents where at < body.upperBound {
        at += index + offset
        if length > 0 { total += min(number(at, length), reader.bytes.count) }
        at += length
      }
    }
    return total
  }

  /// Counts the items that others are derived from (8.11.12).
  private func partsOfItems(_ body: Range<Int>) -> Int {
    let wide = number(body.lowerBound - 4, 1) == 0 ? 2 : 4
    return boxes(in: body).filter { $0.kind == "dimg" }.reduce(0) {
      $0 + number($1.body.lowerBound + wide, 2)
    }
  }
}
