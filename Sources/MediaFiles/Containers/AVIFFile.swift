import ImagineAPI

/// AVIF (on ISO/IEC 23008-12): a box `meta` with the items of an image, their properties and the
/// location of their data.
enum AVIFFile {
  static func begins(_ source: MediaSource) -> Bool {
    guard source.matches("ftyp", at: 4), let end = source.bigEndian(0, 4) else { return false }
    // The brand, a version, and compatible brands.
    return ([8] + Array(stride(from: 16, to: min(end, 256), by: 4))).contains {
      source.matches("avif", at: $0) || source.matches("avis", at: $0)
    }
  }

  static func header(_ source: MediaSource) -> ImageHeader? {
    let boxes = MediaBox.top(source)
    if let meta = boxes.first(where: { $0.type == "meta" }),
      let item = Item(source, meta: meta), let size = item.uprightSize
    {
      return ImageHeader(format: .avif, size: size, hasAlpha: item.hasAlpha)
    }
    // A sequence may have a track but no image item.
    return MovieFile.header(source).map { ImageHeader(format: .avif, size: $0.size) }
  }

  static func fault(_ source: MediaSource) -> MediaFault? {
    let boxes = MediaBox.top(source)
    if let cut = MediaBox.cut(boxes, in: source) { return cut }
    let meta = boxes.first { $0.type == "meta" }
    let movie = boxes.first { $0.type == "moov" }
    guard meta != nil || movie != nil else { return .truncated("it ends before its box meta") }
    let ends = [
      meta.flatMap { endOfItems(source, meta: $0) },
      movie.flatMap { MovieFile.endOfData(source, $0) },
    ]
    guard let end = ends.compactMap(\.self).max(), end > source.byteCount else { return nil }
    return .truncated("its data ends at byte \(end) of \(source.byteCount)")
  }

  /// The end of the data of all items in this file; nil if `iloc` is missing or invalid.
  private static func endOfItems(_ source: MediaSource, meta: MediaBox) -> Int? {
    guard let box = meta.children(source, skipping: 4).first(where: { $0.type == "iloc" }),
      let version = source.bigEndian(box.content, 1),
      let sizes = source.bigEndian(box.content + 4, 2)
    else { return nil }
    let (offsetSize, lengthSize) = (sizes >> 12 & 15, sizes >> 8 & 15)
    let (baseSize, indexSize) = (sizes >> 4 & 15, version > 0 ? sizes & 15 : 0)
    var place = box.content + 6
    func take(_ count: Int) -> Int? {
      defer { place += count }
      return count == 0 ? 0 : place + count <= box.end ? source.bigEndian(place, count) : nil
    }
    guard let count = take(version < 2 ? 2 : 4) else { return nil }
    var end = 0
    for _ in 0..<count {
      guard take(version < 2 ? 2 : 4) != nil else { return nil }
      // Data may also be in the box `idat`, or be derived from other items.
      guard let method = version > 0 ? take(2) : 0, take(2) != nil, let base = take(baseSize),
        let extents = take(2)
      else { return nil }
      for _ in 0..<extents {
        guard take(indexSize) != nil, let offset = take(offsetSize), let length = take(lengthSize)
        else { return nil }
        let (sum, isTooFar) = (base &+ offset).addingReportingOverflow(length)
        if method & 15 == 0 { end = isTooFar || sum < 0 ? .max : max(end, sum) }
      }
    }
    return end
  }

  /// The primary item.
  private struct Item {
    let source: MediaSource
    /// The item's properties, in the order in which they apply.
    var properties: [MediaBox] = []
    var hasAlpha = false

    init?(_ source: MediaSource, meta: MediaBox) {
      self.source = source
      let boxes = meta.children(source, skipping: 4)
      guard let primary = boxes.first(where: { $0.type == "pitm" }),
        let version = source.bigEndian(primary.content, 1),
        let id = source.bigEndian(primary.content + 4, version == 0 ? 2 : 4),
        let groups = boxes.first(where: { $0.type == "iprp" })?.children(source),
        let all = groups.first(where: { $0.type == "ipco" })?.children(source)
      else { return nil }
      for group in groups where group.type == "ipma" {
        for index in Self.indices(source, group, of: id) where all.indices.contains(index - 1) {
          properties.append(all[index - 1])
        }
      }
      // The type of an auxiliary image is a text: `urn:…:auxid:1` or `urn:…:alpha`.
      hasAlpha = all.contains { property in
        guard property.type == "auxC",
          let bytes = source.bytes(
            property.content + 4, min(128, max(0, property.end - property.content - 4)))
        else { return false }
        let text = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        return text.hasSuffix(":alpha") || text.hasSuffix("auxid:1")
      }
    }

    /// The numbers of an item's properties, from 1.
    private static func indices(_ source: MediaSource, _ box: MediaBox, of item: Int) -> [Int] {
      guard let head = source.bigEndian(box.content, 4),
        let count = source.bigEndian(box.content + 4, 4)
      else {
        return []
      }
      let (version, isWide) = (head >> 24, head & 1 == 1)
      var place = box.content + 8
      for _ in 0..<count {
        let idSize = version == 0 ? 2 : 4
        guard place < box.end, let id = source.bigEndian(place, idSize),
          let associations = source.bigEndian(place + idSize, 1)
        else { return [] }
        place += idSize + 1
        let size = isWide ? 2 : 1
        if id == item {
          return (0..<associations).compactMap { index in
            // The first bit marks a property as essential.
            source.bigEndian(place + index * size, size).map { $0 & (isWide ? 0x7FFF : 0x7F) }
          }
        }
        place += associations * size
      }
      return []
    }

    /// Size in pixels after cropping and rotation (`clap`, `irot`).
    var uprightSize: PixelSize? {
      guard let extents = properties.first(where: { $0.type == "ispe" }),
        var width = source.bigEndian(extents.content + 4, 4),
        var height = source.bigEndian(extents.content + 8, 4)
      else { return nil }
      for property in properties {
        switch property.type {
        case "clap":
          let numbers = (0..<4).compactMap { source.bigEndian(property.content + 4 * $0, 4) }
          guard numbers.count == 4, numbers[1] > 0, numbers[3] > 0 else { continue }
          width = min(width, numbers[0] / numbers[1])
          height = min(height, numbers[2] / numbers[3])
        case "irot":
          // Quarters of a turn.
          if source.bigEndian(property.content, 1).map({ $0 & 1 == 1 }) == true {
            swap(&width, &height)
          }
        default: break
        }
      }
      return PixelSize(width: width, height: height)
    }
  }
}
