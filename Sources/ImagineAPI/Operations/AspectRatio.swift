/// The aspect ratio of an image, width to height.
///
/// The service generates about one megapixel for every ratio. ``pixelSize`` is the size that the
/// built-in engine draws; each side is a multiple of 8 pixels.
public enum AspectRatio: String, CaseIterable, Sendable, Hashable, Codable {
  case square = "1:1"
  case threeToTwo = "3:2"
  case fourToThree = "4:3"
  case threeToFour = "3:4"
  case sixteenToNine = "16:9"
  case nineToSixteen = "9:16"

  /// The built-in engine's image size in pixels.
  public var pixelSize: PixelSize {
    switch self {
    case .square: PixelSize(width: 1024, height: 1024)
    case .threeToTwo: PixelSize(width: 1248, height: 832)
    case .fourToThree: PixelSize(width: 1152, height: 864)
    case .threeToFour: PixelSize(width: 864, height: 1152)
    case .sixteenToNine: PixelSize(width: 1280, height: 720)
    case .nineToSixteen: PixelSize(width: 720, height: 1280)
    }
  }

  /// The ratio whose shape is nearest to that of a size.
  public static func nearest(
    to size: PixelSize, among ratios: [AspectRatio] = allCases
  ) -> AspectRatio {
    func gap(_ ratio: AspectRatio) -> Double {
      let shape = ratio.pixelSize
      let quotient =
        Double(size.width) * Double(shape.height) / (Double(size.height) * Double(shape.width))
      return quotient > 1 ? quotient : 1 / quotient
    }
    return ratios.min { gap($0) < gap($1) } ?? .square
  }

  /// The ratios that the video operations take.
  public static let video: [AspectRatio] = [.square, .sixteenToNine, .nineToSixteen]

  /// The built-in engine's video size in pixels.
  public var videoSize: PixelSize {
    switch self {
    case .square: PixelSize(width: 576, height: 576)
    case .threeToTwo: PixelSize(width: 720, height: 480)
    case .fourToThree: PixelSize(width: 640, height: 480)
    case .threeToFour: PixelSize(width: 480, height: 640)
    case .sixteenToNine: PixelSize(width: 768, height: 432)
    case .nineToSixteen: PixelSize(width: 432, height: 768)
    }
  }
}

/// A width and a height, in pixels.
public struct PixelSize: Sendable, Hashable, Codable, CustomStringConvertible {
  public var width: Int
  public var height: Int

  public init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  public var description: String { "\(width)x\(height)" }

  /// Whether one is the other scaled, each side rounded to a whole pixel.
  public func hasShape(of other: PixelSize) -> Bool {
    // Sizes come from files too, and may be any.
    let difference = Double(width) * Double(other.height) - Double(other.width) * Double(height)
    return 2 * abs(difference) <= Double(max(width, other.width))
      + Double(max(height, other.height))
  }

  /// Pixels that a side may have where a script or a configuration names it.
  public static let sides = 1...16384
}
