import ImagineAPI

/// Pixels with alpha on which thumbnails are laid out.
struct Canvas {
  let size: PixelSize
  /// R, G, B and alpha of each pixel.
  private(set) var bytes: [UInt8]

  /// The pixels of one thumbnail.
  init(_ thumbnail: Thumbnail) {
    self.init(size: thumbnail.size)
    draw(thumbnail, left: 0, top: 0)
  }

  /// A row of thumbnails, each in the middle of its box; a gap follows each box, and the row.
  init(_ thumbnails: some Collection<Thumbnail>, box: PixelSize, gap: PixelSize) {
    let width = box.width + gap.width
    self.init(
      size: PixelSize(width: thumbnails.count * width, height: box.height + gap.height))
    for (index, thumbnail) in thumbnails.enumerated() {
      draw(
        thumbnail, left: index * width + max(0, box.width - thumbnail.size.width) / 2,
        top: max(0, box.height - thumbnail.size.height) / 2)
    }
  }

  private init(size: PixelSize) {
    self.size = size
    bytes = [UInt8](repeating: 0, count: 4 * size.width * size.height)
  }

  private mutating func draw(_ thumbnail: Thumbnail, left: Int, top: Int) {
    for row in 0..<min(thumbnail.size.height, size.height - top) {
      for column in 0..<min(thumbnail.size.width, size.width - left) {
        let source = 3 * (row * thumbnail.size.width + column)
        let target = 4 * ((top + row) * size.width + left + column)
        for channel in 0..<3 { bytes[target + channel] = thumbnail.pixels[source + channel] }
        bytes[target + 3] = 255
      }
    }
  }

  struct Color: Equatable {
    var red: UInt8
    var green: UInt8
    var blue: UInt8

    /// The parameters of a colour of a cell after 38 or 48.
    func code(_ isTrueColor: Bool) -> String {
      isTrueColor ? "2;\(red);\(green);\(blue)" : "5;\(paletteIndex)"
    }

    /// The nearest of the palette's cube of 6 × 6 × 6 colours and its 24 greys.
    var paletteIndex: Int {
      let parts = [Int(red), Int(green), Int(blue)]
      let steps = [0, 95, 135, 175, 215, 255]
      func nearest(_ value: Int) -> Int {
        steps.indices.min { abs(steps[$0] - value) < abs(steps[$1] - value) } ?? 0
      }
      func distance(_ color: [Int]) -> Int {
        zip(color, parts).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      }
      let cube = parts.map(nearest)
      let grey = max(0, min(23, (parts.reduce(0, +) / 3 - 3) / 10))
      return distance(cube.map { steps[$0] }) <= distance([Int](repeating: 8 + 10 * grey, count: 3))
        ? 16 + 36 * cube[0] + 6 * cube[1] + cube[2] : 232 + grey
    }
  }

  /// Nil where nothing is drawn, and below the last row.
  func color(_ column: Int, _ row: Int) -> Color? {
    let start = 4 * (row * size.width + column)
    guard row < size.height, bytes[start + 3] > 0 else { return nil }
    return Color(red: bytes[start], green: bytes[start + 1], blue: bytes[start + 2])
  }
}

enum Base64 {
  private static let digits = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  static func encoded(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let value = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
      for index in 0..<4 {
        result.append(
          index <= group.count ? digits[value >> (18 - 6 * index) & 63] : UInt8(ascii: "="))
      }
    }
    return result
  }
}

/// Writes PNG without compression, which needs no library.
enum PNGFile {
  static func bytes(_ canvas: Canvas) -> [UInt8] {
    let stride = 4 * canvas.size.width
    var rows: [UInt8] = []
    rows.reserveCapacity((stride + 1) * canvas.size.height)
    for row in 0..<canvas.size.height {
      rows.append(0)
      rows += canvas.bytes[(row * stride)..<((row + 1) * stride)]
    }
    // 8 bits a channel, with alpha.
    let head = big(canvas.size.width) + big(canvas.size.height) + [8, 6, 0, 0, 0]
    return [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
      + chunk("IHDR", head) + chunk("IDAT", stored(rows)) + chunk("IEND", [])
  }

  private static func big(_ value: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  private static func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + content
    return big(content.count) + body + big(Int(checksum(body)))
  }

  /// A zlib stream of stored blocks, of at most 65535 bytes each.
  private static func stored(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = [0x78, 0x01]
    var (low, high) = (1, 0)
    for byte in bytes {
      low = (low + Int(byte)) % 65521
      high = (high + low) % 65521
    }
    for start in Swift.stride(from: 0, to: bytes.count, by: 65535) {
      let block = bytes[start..<min(start + 65535, bytes.count)]
      let (count, isLast) = (block.count, start + block.count == bytes.count)
      result += [isLast ? 1 : 0, UInt8(count & 255), UInt8(count >> 8)]
      result += [UInt8(~count & 255), UInt8(~count >> 8 & 255)]
      result += block
    }
    return result + big(high << 16 | low)
  }

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in
      value & 1 == 1 ? 0xedb8_8320 ^ value >> 1 : value >> 1
    }
  }

  private static func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0) { table[Int(($0 ^ UInt32($1)) & 255)] ^ $0 >> 8 }
  }
}
