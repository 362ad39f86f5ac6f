import ImagineAPI

/// Writes the sixel graphics of DEC's VT340: bands of six rows, each once for each of its colours.
enum Sixel {
  /// - Parameter colors: how many colours the terminal can show at once.
  static func bytes(_ canvas: Canvas, colors: Int) -> [UInt8] {
    let image = IndexedImage(canvas, colors: colors)
    let size = image.size
    // Pixels that are not drawn stay as they are; a pixel is a square.
    var result = Array("\u{1b}P0;1;0q\"1;1;\(size.width);\(size.height)".utf8)
    for (index, color) in image.palette.enumerated() {
      let parts = [color.red, color.green, color.blue].map { String((Int($0) * 100 + 127) / 255) }
      result += Array("#\(index);2;\(parts.joined(separator: ";"))".utf8)
    }
    for top in stride(from: 0, to: size.height, by: 6) {
      if top > 0 { result.append(UInt8(ascii: "-")) }
      result += band(image, top)
    }
    return result + Array("\u{1b}\\\n".utf8)
  }

  private static func band(_ image: IndexedImage, _ top: Int) -> [UInt8] {
    let width = image.size.width
    // For each colour of the band, the bits of its pixels in each column.
    var columns: [Int: [UInt8]] = [:]
    for row in top..<min(top + 6, image.size.height) {
      for column in 0..<width {
        guard let color = image.indices[row * width + column] else { continue }
        columns[color, default: [UInt8](repeating: 0, count: width)][column] |= 1 << (row - top)
      }
    }
    var result: [UInt8] = []
    for (color, bits) in columns.sorted(by: { $0.key < $1.key }) {
      if !result.isEmpty { result.append(UInt8(ascii: "$")) }
      result += Array("#\(color)".utf8)
      append(bits, to: &result)
    }
    return result
  }

  /// Appends the characters of a row of columns; the empty ones at its end are left out.
  private static func append(_ bits: [UInt8], to result: inout [UInt8]) {
    let end = bits.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0
    var start = 0
    while start < end {
      let count = bits[start..<end].prefix { $0 == bits[start] }.count
      let character = 63 + bits[start]
      if count > 3 {
        result += Array("!\(count)".utf8) + [character]
      } else {
        result += [UInt8](repeating: character, count: count)
      }
      start += count
    }
  }
}

/// A canvas in a palette made for it, with errors of the colours diffused.
struct IndexedImage {
  let size: PixelSize
  private(set) var palette: [Canvas.Color]
  /// The palette's index of each pixel; nil where nothing is drawn.
  private(set) var indices: [Int?]

  init(_ canvas: Canvas, colors: Int) {
    size = canvas.size
    palette = Self.palette(canvas, colors: colors)
    indices = [Int?](repeating: nil, count: size.width * size.height)
    diffuse(canvas)
  }

  /// Median cut: the box of colours with the longest side is halved until there are enough.
  private static func palette(_ canvas: Canvas, colors: Int) -> [Canvas.Color] {
    // Five bits of each channel are enough for a preview.
    var counts: [Int: Int] = [:]
    for start in stride(from: 0, to: canvas.bytes.count, by: 4) where canvas.bytes[start + 3] > 0 {
      counts[
        cell(canvas.bytes[start], canvas.bytes[start + 1], canvas.bytes[start + 2]), default: 0] +=
        1
    }
    // In an order of their own: a dictionary has another in each process.
    let found = counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    var boxes = found.isEmpty ? [] : [ColorBox(found)]
    while boxes.count < colors,
      let index = boxes.indices.max(by: { boxes[$0].spread < boxes[$1].spread }),
      let (low, high) = boxes[index].halves
    {
      boxes[index] = low
      boxes.append(high)
    }
    return boxes.map(\.mean)
  }

  private static func cell(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> Int {
    Int(red >> 3) << 10 | Int(green >> 3) << 5 | Int(blue >> 3)
  }

  /// Floyd and Steinberg's: what a pixel's colour lacks goes to its right and lower neighbours.
  private mutating func diffuse(_ canvas: Canvas) {
    var nearest: [Int: Int] = [:]
    var current = [Int](repeating: 0, count: 3 * (size.width + 2))
    for row in 0..<size.height {
      var next = [Int](repeating: 0, count: 3 * (size.width + 2))
      for column in 0..<size.width {
        let start = 4 * (row * size.width + column)
        guard canvas.bytes[start + 3] > 0 else { continue }
        let place = 3 * (column + 1)
        let wanted = (0..<3).map {
          min(255, max(0, Int(canvas.bytes[start + $0]) + current[place + $0] / 16))
        }
        let cell = Self.cell(UInt8(wanted[0]), UInt8(wanted[1]), UInt8(wanted[2]))
        let index = nearest[cell] ?? nearestIndex(wanted)
        nearest[cell] = index
        indices[row * size.width + column] = index
        let color = palette[index]
        for (channel, shown) in [color.red, color.green, color.blue].enumerated() {
          let error = wanted[channel] - Int(shown)
          current[place + 3 + channel] += error * 7
          next[place - 3 + channel] += error * 3
          next[place + channel] += error * 5
          next[place + 3 + channel] += error
        }
      }
      current = next
    }
  }

  private func nearestIndex(_ wanted: [Int]) -> Int {
    func distance(_ color: Canvas.Color) -> Int {
      let parts = [Int(color.red), Int(color.green), Int(color.blue)]
      return zip(parts, wanted).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }
    return palette.indices.min { distance(palette[$0]) < distance(palette[$1]) } ?? 0
  }
}

/// Colours of five bits a channel, and how many pixels have each.
private struct ColorBox {
  private let colors: [(color: Int, count: Int)]
  /// Of the pixels.
  private let count: Int
  /// The channel with the longest side, by the shift of its bits, and that side.
  private let longest: (shift: Int, side: Int)

  init(_ colors: [(Int, Int)]) {
    self.colors = colors
    count = colors.reduce(0) { $0 + $1.1 }
    longest =
      [10, 5, 0].map { shift in
        let values = colors.lazy.map { $0.0 >> shift & 31 }
        return (shift, (values.max() ?? 0) - (values.min() ?? 0))
      }.max { $0.1 < $1.1 } ?? (0, 0)
  }

  /// How much there is to gain from a cut.
  var spread: Int { longest.side * longest.side * count }

  /// The two halves with about as many pixels each; nil for a single colour.
  var halves: (ColorBox, ColorBox)? {
    guard longest.side > 0 else { return nil }
    let sorted = colors.sorted { $0.color >> longest.shift & 31 < $1.color >> longest.shift & 31 }
    var left = count / 2
    let cut = sorted.firstIndex {
      left -= $0.count
      return left < 0
    }
    let index = min(max(1, cut ?? 1), sorted.count - 1)
    return (ColorBox(Array(sorted[..<index])), ColorBox(Array(sorted[index...])))
  }

  var mean: Canvas.Color {
    func mean(_ shift: Int) -> UInt8 {
      let sum = colors.reduce(0) { $0 + ($1.color >> shift & 31) * $1.count }
      // The largest of five bits is the largest of eight.
      return UInt8(min(255, sum * 255 / 31 / max(1, count)))
    }
    return Canvas.Color(red: mean(10), green: mean(5), blue: mean(0))
  }
}
