import ImagineAPI

/// An image while colors and other images are put onto it: 8-bit sRGB, with straight alpha unless it
/// begins opaque. What is opaque stays so.
struct Painting: ~Copyable {
  private let picture: Bitmap

  var size: PixelSize { picture.size }

  /// - Throws: ``EngineError/unusable(field:reason:)`` for a size over the ``PixelBudget``.
  init(_ size: PixelSize, _ color: PictureColor) throws {
    let channels = color.alpha == 255 ? 3 : 4
    picture = try Bitmap(width: size.width, height: size.height, channels: channels) { out in
      guard let first = out.baseAddress else { return }
      let bytes = [color.red, color.green, color.blue, color.alpha]
      let line = channels * size.width
      for at in 0..<line { out[at] = bytes[at % channels] }
      for start in stride(from: line, to: out.count, by: line) {
        (first + start).update(from: first, count: line)
      }
    }
  }

  /// An image that nobody else has yet is painted on.
  init(continuing picture: Bitmap) { self.picture = picture }

  /// A copy of an image.
  init(_ original: Bitmap) throws {
    picture = try original.copy()
  }

  /// Puts an image onto it; what is outside is left out.
  mutating func draw(_ picture: Bitmap, x: Int, y: Int) {
    let channels = picture.channels
    picture.withPixels { source in
      guard channels == 4 || self.picture.channels == 4 else {
        return copy(source, of: picture.size, x: x, y: y)
      }
      blend(PixelRectangle(x: x, y: y, size: picture.size)) { index in
        let at = channels * index
        return (
          source[at], source[at + 1], source[at + 2], channels == 4 ? Int(source[at + 3]) : 255
        )
      }
    }
  }

  /// Puts a color onto a part of it.
  ///
  /// - Parameter coverage: how much of each pixel, row by row; nil for all.
  mutating func fill(_ part: PixelRectangle, _ color: PictureColor, coverage: [UInt8]? = nil) {
    blend(part) { index in
      let share = coverage.map { Int($0[index]) } ?? 255
      return (color.red, color.green, color.blue, (Int(color.alpha) * share + 127) / 255)
    }
  }

  /// The rows and columns of a part that are within the image.
  private func visible(_ part: PixelRectangle) -> (rows: Range<Int>, columns: Range<Int>) {
    func range(_ start: Int, _ length: Int, of whole: Int) -> Range<Int> {
      max(0, -start)..<max(max(0, -start), min(length, whole - start))
    }
    return (
      range(part.y, part.size.height, of: size.height),
      range(part.x, part.size.width, of: size.width)
    )
  }

  /// Copies the rows of an image without alpha onto one without.
  private mutating func copy(
    _ source: UnsafeBufferPointer<UInt8>, of part: PixelSize, x: Int, y: Int
  ) {
    let (rows, columns) = visible(PixelRectangle(x: x, y: y, size: part))
    let width = size.width
    picture.withOwnPixels { out in
      guard !columns.isEmpty, let from = source.baseAddress, let to = out.baseAddress
      else { return }
      for row in rows {
        let start = from + 3 * (row * part.width + columns.lowerBound)
        (to + 3 * ((y + row) * width + x + columns.lowerBound))
          .update(from: start, count: 3 * columns.count)
      }
    }
  }

  /// - Parameter source: the color and the alpha of a pixel of the part, by its number.
  @inline(__always)
  private mutating func blend(
    _ part: PixelRectangle, _ source: (Int) -> (UInt8, UInt8, UInt8, Int)
  ) {
    let (x, y, width) = (part.x, part.y, size.width)
    let (rows, columns) = visible(part)
    let channels = picture.channels
    picture.withOwnPixels { out in
      for row in rows {
        for column in columns {
          let (red, green, blue, alpha) = source(row * part.size.width + column)
          if alpha == 0 { continue }
          let at = channels * ((y + row) * width + x + column)
          if alpha == 255 {
            (out[at], out[at + 1], out[at + 2]) = (red, green, blue)
            if channels == 4 { out[at + 3] = 255 }
            continue
          }
          // Both weights are of 255², so that nothing is rounded before the end.
          let upper = alpha * 255
          let lower = (channels == 4 ? Int(out[at + 3]) : 255) * (255 - alpha)
          let total = upper + lower
          func mixed(_ new: UInt8, _ old: UInt8) -> UInt8 {
            UInt8((Int(new) * upper + Int(old) * lower + total / 2) / total)
          }
          out[at] = mixed(red, out[at])
          out[at + 1] = mixed(green, out[at + 1])
          out[at + 2] = mixed(blue, out[at + 2])
          if channels == 4 { out[at + 3] = UInt8((total + 127) / 255) }
        }
      }
    }
  }

  /// The image; without alpha if all of it is opaque.
  consuming func finished() throws -> Bitmap { try picture.withoutOpaqueAlpha() }
}

extension Bitmap {
  /// The image on a color, with edges.
  func onto(
    _ background: PictureColor, at margins: EdgeMargins, _ control: EngineControl
  ) throws -> Bitmap {
    let whole = PixelSize(
      width: width + margins.left + margins.right, height: height + margins.top + margins.bottom)
    var painting = try Painting(whole, background)
    try control.check()
    painting.draw(self, x: margins.left, y: margins.top)
    return try painting.finished()
  }

  /// The image with an alpha channel.
  func withAlpha() throws -> Bitmap {
    if channels == 4 { return self }
    return try Bitmap(width: width, height: height, channels: 4) { out in
      withPixels { pixels in
        for index in 0..<(width * height) {
          for channel in 0..<3 { out[4 * index + channel] = pixels[3 * index + channel] }
          out[4 * index + 3] = 255
        }
      }
    }
  }

  /// The image without its alpha channel, if all of it is opaque.
  func withoutOpaqueAlpha() throws -> Bitmap {
    let count = width * height
    guard channels == 4, withPixels({ all in (0..<count).allSatisfy { all[4 * $0 + 3] == 255 } })
    else { return self }
    return try Bitmap(width: width, height: height, channels: 3) { out in
      withPixels { pixels in
        for index in 0..<count {
          for channel in 0..<3 { out[3 * index + channel] = pixels[4 * index + channel] }
        }
      }
    }
  }
}
