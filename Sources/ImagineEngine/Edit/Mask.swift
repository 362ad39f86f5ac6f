import ImagineCore

/// Which pixels an edit works on: 255 where it does, 0 elsewhere.
struct Mask: Sendable {
  let width: Int
  let height: Int
  var values: [UInt8]

  init(width: Int, height: Int, values: [UInt8]) {
    self.width = width
    self.height = height
    self.values = values
  }

  /// Reads a mask file for a picture; white is worked on, black and clear are kept.
  init(_ bytes: [UInt8], for picture: Bitmap) throws {
    let mask = try Codec.decode(bytes, field: "mask")
    guard mask.size == picture.size else {
      throw EngineError.unusable(
        field: "mask", reason: "it is \(mask.size), the picture \(picture.size); both must be equal"
      )
    }
    let channels = mask.channels
    self.init(
      width: mask.width, height: mask.height,
      values: mask.withPixels { pixels in
        (0..<(mask.width * mask.height)).map { index in
          let at = index * channels
          let level = (Int(pixels[at]) + 2 * Int(pixels[at + 1]) + Int(pixels[at + 2])) / 4
          let alpha = channels == 4 ? Int(pixels[at + 3]) : 255
          return level * alpha / 255 > 127 ? 255 : 0
        }
      })
  }

  var isEmpty: Bool { !values.contains(255) }

  /// The smallest rectangle around what is worked on; nil where there is nothing.
  var box: (left: Int, top: Int, right: Int, bottom: Int)? {
    var box = (left: width, top: height, right: -1, bottom: -1)
    for row in 0..<height {
      for column in 0..<width where values[row * width + column] != 0 {
        box = (
          min(box.left, column), min(box.top, row), max(box.right, column), max(box.bottom, row)
        )
      }
    }
    return box.right < 0 ? nil : box
  }

  /// Grown by whole pixels in every direction.
  func grown(by reach: Int) -> Mask {
    var across = [UInt8](repeating: 0, count: values.count)
    for row in 0..<height {
      for column in 0..<width where values[row * width + column] != 0 {
        for x in max(0, column - reach)...min(width - 1, column + reach) {
          across[row * width + x] = 255
        }
      }
    }
    var result = Mask(width: width, height: height, values: across)
    for column in 0..<width {
      for row in 0..<height where across[row * width + column] != 0 {
        for y in max(0, row - reach)...min(height - 1, row + reach) {
          result.values[y * width + column] = 255
        }
      }
    }
    return result
  }
}
