import CImaging
import ImagineAPI

extension Bitmap {
  /// The part of a size with the most of the subject, and of those the one nearest to the middle.
  func croppedToSubject(_ size: PixelSize, _ control: EngineControl) throws -> Bitmap {
    let map = try SeamCarving.subject(of: Raster(self), control)
    var columns = [Double](repeating: 0, count: width)
    var rows = [Double](repeating: 0, count: height)
    for row in 0..<height {
      for column in 0..<width {
        let level = Double(map[row * width + column])
        columns[column] += level
        rows[row] += level
      }
    }
    return try cropped(
      left: Self.bestStart(of: size.width, in: columns),
      top: Self.bestStart(of: size.height, in: rows), width: size.width, height: size.height)
  }

  private static func bestStart(of length: Int, in weights: [Double]) -> Int {
    let room = weights.count - length
    var sum = weights[..<length].reduce(0, +)
    // A hundredth of all is worth half the way from the middle.
    let pull = weights.reduce(0, +) / 50 / Double(max(1, room))
    func value(_ start: Int) -> Double { sum - pull * abs(Double(start) - Double(room) / 2) }
    var best = (start: 0, value: value(0))
    for start in 1..<max(1, room + 1) {
      sum += weights[start + length - 1] - weights[start - 1]
      if value(start) > best.value { best = (start, value(start)) }
    }
    return best.start
  }

  /// The image without edges of the color of its upper left pixel.
  func trimmed(margin: Int, threshold: Int) throws -> Bitmap {
    let channels = channels
    let box = withPixels { pixels in
      let corner = Array(pixels[..<channels])
      var box = (left: width, top: height, right: -1, bottom: -1)
      for row in 0..<height {
        for column in 0..<width {
          let at = (row * width + column) * channels
          // What is transparent has no color.
          if channels == 4, corner[3] == 0, Int(pixels[at + 3]) <= threshold { continue }
          let differs = (0..<channels).contains {
            abs(Int(pixels[at + $0]) - Int(corner[$0])) > threshold
          }
          guard differs else { continue }
          box = (
            min(box.left, column), min(box.top, row), max(box.right, column),
            max(box.bottom, row)
          )
        }
      }
      return box
    }
    guard box.right >= 0 else {
      throw EngineError.unusable(
        field: "threshold", reason: "the whole image has one color, so nothing would be left")
    }
    let (left, top) = (max(0, box.left - margin), max(0, box.top - margin))
    let (right, bottom) = (min(width - 1, box.right + margin), min(height - 1, box.bottom + margin))
    return try cropped(left: left, top: top, width: right - left + 1, height: bottom - top + 1)
  }

  func flipped(isVertical: Bool) throws -> Bitmap {
    try moved(to: size) { column, row in
      isVertical ? (column, height - 1 - row) : (width - 1 - column, row)
    }
  }

  /// The image with each pixel at another place.
  private func moved(
    to size: PixelSize, _ place: (_ column: Int, _ row: Int) -> (column: Int, row: Int)
  ) throws -> Bitmap {
    try Bitmap(width: size.width, height: size.height, channels: channels) { out in
      withPixels { pixels in
        for row in 0..<height {
          for column in 0..<width {
            let target = place(column, row)
            let to = (target.row * size.width + target.column) * channels
            let from = (row * width + column) * channels
            for channel in 0..<channels { out[to + channel] = pixels[from + channel] }
          }
        }
      }
    }
  }

  /// The image turned clockwise.
  func turned(
    _ degrees: Double, to size: PixelSize, _ background: PictureColor, _ control: EngineControl
  ) throws -> Bitmap {
    let (width, height) = (width, height)
    switch (degrees.truncatingRemainder(dividingBy: 360) + 360)
      .truncatingRemainder(dividingBy: 360)
    {
    case 0: return self
    case 90: return try moved(to: size) { column, row in (height - 1 - row, column) }
    case 180: return try moved(to: size) { column, row in (width - 1 - column, height - 1 - row) }
    case 270: return try moved(to: size) { column, row in (row, width - 1 - column) }
    default: break
    }
    let (sine, cosine) = PictureTurn.sineAndCosine(ofDegrees: degrees)
    var turned = ImagingPicture()
    try withAlpha().withPixels { pixels in
      try Codec.call("degrees", control) { control, fault in
        imaging_turn(
          pixels.baseAddress, Int32(width), Int32(height), sine, cosine, Int32(size.width),
          Int32(size.height), control, &turned, fault)
      }
    }
    return try Bitmap(turned).onto(background, at: EdgeMargins(), control)
  }
}
