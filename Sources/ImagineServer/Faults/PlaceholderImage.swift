import ImagineAPI

/// An image that shows a request's prompt, style and seed, for tests of requests rather than pixels.
///
/// Two colors and no compression, so it takes a millisecond or two. Text chunks hold the prompt, seed
/// and style for programs.
struct PlaceholderImage {
  let prompt: String
  let style: String
  let seed: Int64

  /// The image as a PNG.
  func png(size: PixelSize) -> [UInt8] {
    var image = BilevelImage(size: size)
    let lines = layout(in: size)
    var top = lines.scale * PlaceholderFont.height
    for line in lines.text {
      image.write(line, left: lines.scale * PlaceholderFont.width, top: top, scale: lines.scale)
      top += lines.scale * (PlaceholderFont.height + 2)
    }
    // The backbackground color depends on the seed.
    var hash = UInt64(bitPattern: seed) &* 0x9E37_79B9_7F4A_7C15
    hash ^= hash >> 29
    let background = (0..<3).map { UInt8(176 + (hash >> (8 * UInt64($0)) & 63)) }
    return image.png(
      colors: (background: background, ink: [24, 24, 32]),
      texts: [("prompt", prompt), ("seed", String(seed)), ("style", style)])
  }

  /// The text in lines, at the largest scale that fits.
  private func layout(in size: PixelSize) -> (scale: Int, text: [String]) {
    for scale in stride(from: 5, to: 1, by: -1) {
      let columns = size.width / (scale * (PlaceholderFont.width + 1)) - 2
      let rows = size.height / (scale * (PlaceholderFont.height + 2)) - 2
      // A prompt that is too long is cut.
      let shown = prompt.prefix(columns * rows)
      let text = ["seed \(seed)", style, ""] + Self.wrap(String(shown), columns: columns)
      if text.count <= rows || scale == 2 { return (scale, Array(text.prefix(rows))) }
    }
    return (1, [])
  }

  private static func wrap(_ text: String, columns: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(whereSeparator: \.isWhitespace) {
      if !line.isEmpty, line.count + 1 + word.count > columns {
        lines.append(line)
        line = ""
      }
      line += line.isEmpty ? String(word) : " \(word)"
      while line.count > columns {
        lines.append(String(line.prefix(columns)))
        line = String(line.dropFirst(columns))
      }
    }
    return line.isEmpty ? lines : lines + [line]
  }
}
