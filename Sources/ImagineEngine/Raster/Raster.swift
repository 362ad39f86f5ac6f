import ImagineAPI

/// Mutable pixels of three bytes each: an edited image without its alpha.
struct Raster: Sendable {
  let width: Int
  let height: Int
  var bytes: [UInt8]

  init(width: Int, height: Int, bytes: [UInt8]) {
    self.width = width
    self.height = height
    self.bytes = bytes
  }

  init(width: Int, height: Int) {
    self.init(
      width: width, height: height, bytes: [UInt8](repeating: 0, count: width * height * 3))
  }

  /// The colours of an image; its alpha is ignored.
  init(_ picture: Bitmap) {
    let channels = picture.channels
    self.init(
      width: picture.width, height: picture.height,
      bytes: picture.withPixels { pixels in
        if channels == 3 { return Array(pixels) }
        return [UInt8](unsafeUninitializedCapacity: pixels.count / 4 * 3) { out, count in
          for index in 0..<(pixels.count / 4) {
            for channel in 0..<3 { out[index * 3 + channel] = pixels[index * 4 + channel] }
          }
          count = pixels.count / 4 * 3
        }
      })
  }

  /// An image with the given alpha (one byte per pixel) or none.
  func picture(alpha: [UInt8]? = nil) throws -> Bitmap {
    try Bitmap(width: width, height: height, channels: alpha == nil ? 3 : 4) { out in
      guard let alpha else {
        _ = out.initialize(fromContentsOf: bytes)
        return
      }
      for index in 0..<(width * height) {
        for channel in 0..<3 { out[index * 4 + channel] = bytes[index * 3 + channel] }
        out[index * 4 + 3] = alpha[index]
      }
    }
  }

  /// Gives every pixel the mean colour.
  mutating func flatten() {
    var sums = [0, 0, 0]
    for index in bytes.indices { sums[index % 3] += Int(bytes[index]) }
    let mean = sums.map { UInt8($0 / max(1, bytes.count / 3)) }
    for index in bytes.indices { bytes[index] = mean[index % 3] }
  }

  func cropped(_ columns: Range<Int>, _ rows: Range<Int>) -> Raster {
    var result = Raster(width: columns.count, height: rows.count)
    for row in rows {
      let from = (row * width + columns.lowerBound) * 3
      let to = (row - rows.lowerBound) * columns.count * 3
      result.bytes.replaceSubrange(
        to..<(to + columns.count * 3), with: bytes[from..<(from + columns.count * 3)])
    }
    return result
  }

  /// Copies the pixels of `other`, which lies at (`left`, `top`), where `mask` (of this raster's
  /// size) is set.
  mutating func paste(_ other: Raster, left: Int, top: Int, where mask: Mask) {
    for row in 0..<other.height {
      for column in 0..<other.width {
        let at = (top + row) * width + left + column
        if mask.values[at] == 0 { continue }
        for channel in 0..<3 {
          bytes[at * 3 + channel] = other.bytes[(row * other.width + column) * 3 + channel]
        }
      }
    }
  }
}

extension Raster {
  /// The mean of each square of `side`² pixels, rounded up; what is left of a square at the right and
  /// lower edge is ignored.
  ///
  /// - Parameters:
  ///   - values: of the raster's size, or empty.
  ///   - channels: values of a pixel.
  func means(of values: [UInt8], _ channels: Int, each side: Int) -> [UInt8] {
    if side == 1 || values.isEmpty { return values }
    let (columns, rows) = (width / side, height / side)
    return [UInt8](unsafeUninitializedCapacity: columns * rows * channels) { means, count in
      values.withUnsafeBufferPointer { values in
        for row in 0..<rows {
          for place in 0..<(columns * channels) {
            let (column, channel) = place.quotientAndRemainder(dividingBy: channels)
            var sum = side * side - 1
            for line in (row * side)..<((row + 1) * side) {
              let start = (line * width + column * side) * channels + channel
              for at in Swift.stride(from: start, to: start + side * channels, by: channels) {
                sum += Int(values[at])
              }
            }
            means[row * columns * channels + place] = UInt8(sum / (side * side))
          }
        }
      }
      count = columns * rows * channels
    }
  }
}

extension Bitmap {
  /// The alpha of an image, one byte per pixel; nil for none.
  var alpha: [UInt8]? {
    guard channels == 4 else { return nil }
    return withPixels { pixels in (0..<(pixels.count / 4)).map { pixels[$0 * 4 + 3] } }
  }
}
