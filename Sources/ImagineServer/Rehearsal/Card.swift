import ImagineCore

/// A picture with a request's words on it, to test what happens to requests and not to pixels.
///
/// Two colours and no compression: it is drawn in a millisecond or two. The prompt and the seed
/// stand in text chunks, too, where a program finds them.
struct Card {
  let prompt: String
  let style: String
  let seed: Int64

  /// The card as a PNG.
  func png(size: PixelSize) -> [UInt8] {
    var picture = BilevelPicture(size: size)
    let lines = layout(in: size)
    var top = lines.scale * CardFont.height
    for line in lines.text {
      picture.write(line, left: lines.scale * CardFont.width, top: top, scale: lines.scale)
      top += lines.scale * (CardFont.height + 2)
    }
    // The ground tells seeds apart at a glance.
    var hash = UInt64(bitPattern: seed) &* 0x9E37_79B9_7F4A_7C15
    hash ^= hash >> 29
    let ground = (0..<3).map { UInt8(176 + (hash >> (8 * UInt64($0)) & 63)) }
    return picture.png(
      colours: (ground: ground, ink: [24, 24, 32]),
      texts: [("prompt", prompt), ("seed", String(seed)), ("style", style)])
  }

  /// The text in lines, as large as the card has room for.
  private func layout(in size: PixelSize) -> (scale: Int, text: [String]) {
    for scale in stride(from: 5, to: 1, by: -1) {
      let columns = size.width / (scale * (CardFont.width + 1)) - 2
      let rows = size.height / (scale * (CardFont.height + 2)) - 2
      // A card shows the beginning of a prompt that is too long for it.
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
