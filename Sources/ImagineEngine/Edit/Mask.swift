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

  /// Reads a mask file for a picture. Where it is clear anywhere, its alpha is the mask: what is
  /// opaque is worked on. Else its brightness is: what is white is worked on.
  init(_ bytes: [UInt8], for picture: Bitmap, _ control: EngineControl) throws {
    let mask = try Codec.decode(bytes, field: "mask", control: control)
    guard mask.size == picture.size else {
      throw EngineError.unusable(
        field: "mask", reason: "it is \(mask.size), the picture \(picture.size); both must be equal"
      )
    }
    let channels = mask.channels
    let alpha = mask.alpha.flatMap { $0.contains { $0 < 255 } ? $0 : nil }
    self.init(
      width: mask.width, height: mask.height,
      values: alpha?.map { $0 > 127 ? 255 : 0 }
        ?? mask.withPixels { pixels in
          (0..<(mask.width * mask.height)).map { index in
            let at = index * channels
            let level = (Int(pixels[at]) + 2 * Int(pixels[at + 1]) + Int(pixels[at + 2])) / 4
            return level > 127 ? 255 : 0
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

  /// How far each pixel lies from what is kept, in pixels: 0 outside the mask, `limit` at most.
  func depth(upTo limit: Float) -> [Float] {
    var depth = values.map { $0 == 0 ? 0 : limit }
    let straight: Float = 1
    let slanted: Float = 1.4
    // Down and up again, each pixel from the four neighbours that are done.
    for isDown in [true, false] {
      let step = isDown ? -1 : 1
      for line in 0..<height {
        let row = isDown ? line : height - 1 - line
        for place in 0..<width {
          let column = isDown ? place : width - 1 - place
          let at = row * width + column
          if depth[at] == 0 { continue }
          func reach(_ dy: Int, _ dx: Int, _ length: Float) {
            guard 0..<height ~= row + dy, 0..<width ~= column + dx else { return }
            depth[at] = min(depth[at], depth[at + dy * width + dx] + length)
          }
          reach(0, step, straight)
          reach(step, 0, straight)
          reach(step, -1, slanted)
          reach(step, 1, slanted)
        }
      }
    }
    return depth
  }
}
