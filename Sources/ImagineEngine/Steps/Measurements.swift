public import ImagineAPI

extension BuiltInEngine {
  public func numbers(
    of step: PictureStep, control: EngineControl = EngineControl()
  ) throws -> [String: Double] {
    let images = StepImages(step, control)
    let base = try images.base()
    return step.action == .difference
      ? base.difference(from: try images.image("image")) : base.measures
  }
}

extension Bitmap {
  fileprivate var measures: [String: Double] {
    withPixels { pixels in
      let count = Double(width * height)
      var (sum, squares, saturation, opacity) = (0.0, 0.0, 0.0, 0.0)
      let luma = (0..<(width * height)).map { index in
        let at = index * channels
        let (red, green, blue) = (
          Double(pixels[at]), Double(pixels[at + 1]), Double(pixels[at + 2])
        )
        let (most, least) = (max(red, green, blue), min(red, green, blue))
        saturation += most > 0 ? (most - least) / most : 0
        opacity += channels == 4 ? Double(pixels[at + 3]) / 255 : 1
        let level = (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255
        sum += level
        squares += level * level
        return level
      }
      let mean = sum / count
      return [
        "brightness": mean,
        // Half of it black and half white is the most.
        "contrast": min(1, 2 * max(0, squares / count - mean * mean).squareRoot()),
        "saturation": saturation / count, "opacity": opacity / count,
        "sharpness": sharpness(of: luma),
      ]
    }
  }

  /// How much neighbours differ from their mean, as the root of the mean square: 0 for one color, and
  /// near 1 for a pattern of single pixels.
  private func sharpness(of luma: [Double]) -> Double {
    guard width > 2, height > 2 else { return 0 }
    var sum = 0.0
    for row in 1..<(height - 1) {
      for column in 1..<(width - 1) {
        let at = row * width + column
        let around = luma[at - 1] + luma[at + 1] + luma[at - width] + luma[at + width]
        let edge = luma[at] - around / 4
        sum += edge * edge
      }
    }
    return min(1, (sum / Double((width - 2) * (height - 2))).squareRoot())
  }

  /// Compares colors and opacity.
  fileprivate func difference(from other: Bitmap) -> [String: Double] {
    withPixels { pixels in
      other.withPixels { others in
        var (sum, most, changed) = (0, 0, 0)
        let compared = max(channels, other.channels)
        for index in 0..<(width * height) {
          var largest = 0
          for channel in 0..<compared {
            let one = channel < channels ? Int(pixels[index * channels + channel]) : 255
            let two =
              channel < other.channels ? Int(others[index * other.channels + channel]) : 255
            let difference = abs(one - two)
            sum += difference
            largest = max(largest, difference)
          }
          most = max(most, largest)
          if largest > 0 { changed += 1 }
        }
        let count = Double(width * height)
        return [
          "mean": Double(sum) / (255 * count * Double(compared)), "max": Double(most) / 255,
          "changed": Double(changed) / count,
        ]
      }
    }
  }
}
