import ImagineAPI

/// The pixels that an edit changes: 255 to change, 0 to keep.
struct Mask: Sendable {
  let width: Int
  let height: Int
  var values: [UInt8]

  init(width: Int, height: Int, values: [UInt8]) {
    self.width = width
    self.height = height
    self.values = values
  }

  /// Reads a mask file for an image. If any pixel is not opaque, alpha is the mask: opaque pixels
  /// are edited. Otherwise brightness is: white pixels are edited.
  init(_ bytes: [UInt8], for picture: Bitmap, _ control: EngineControl) throws {
    let mask = try Codec.decode(bytes, field: "mask", control: control)
    guard mask.size == picture.size else {
      throw EngineError.unusable(
        field: "mask",
        reason: "it is \(mask.size) but the image is \(picture.size); both must have the same size"
      )
    }
    self.init(
      width: mask.width, height: mask.height, values: mask.maskLevels.map { $0 > 127 ? 255 : 0 })
  }

  var isEmpty: Bool { !values.contains(255) }

  /// The smallest rectangle around the masked pixels; nil when there are none.
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

  /// Each pixel's distance from the kept pixels: 0 outside the mask, at most `limit`.
  func depth(upTo limit: Float) -> [Float] {
    var depth = values.map { $0 == 0 ? 0 : limit }
    let straight: Float = 1
    let slanted: Float = 1.4
    // Two passes, down and up; each takes the minimum over the four neighbours already done.
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

extension Bitmap {
  /// How much each pixel of a mask asks for an edit: alpha if any pixel is not opaque, otherwise
  /// brightness.
  var maskLevels: [UInt8] {
    if let alpha, alpha.contains(where: { $0 < 255 }) { return alpha }
    return withPixels { pixels in
      (0..<(width * height)).map { index in
        let at = index * channels
        return UInt8((Int(pixels[at]) + 2 * Int(pixels[at + 1]) + Int(pixels[at + 2])) / 4)
      }
    }
  }
}
