import CImaging
import ImagineAPI

extension Bitmap {
  func adjusted(_ adjustment: PictureAdjustment, _ control: EngineControl) throws -> Bitmap {
    var picture = self
    if adjustment.changesTones { picture = try picture.withTones(ToneChange(adjustment)) }
    try control.check()
    if adjustment.blur > 0 { picture = try picture.blurred(adjustment.blur, control) }
    if adjustment.sharpen > 0 { picture = try picture.sharpened(adjustment.sharpen, control) }
    return picture
  }

  private func withTones(_ change: ToneChange) throws -> Bitmap {
    try Bitmap(width: width, height: height, channels: channels) { out in
      withPixels { pixels in
        for at in stride(from: 0, to: pixels.count, by: channels) {
          let color = SIMD3<Float>(
            Float(pixels[at]), Float(pixels[at + 1]), Float(pixels[at + 2]))
          let changed = change(color)
          for channel in 0..<3 { out[at + channel] = UInt8(changed[channel] + 0.5) }
          if channels == 4 { out[at + 3] = pixels[at + 3] }
        }
      }
    }
  }

  /// A Gaussian blur.
  ///
  /// - Parameter radius: its standard deviation, in pixels.
  func blurred(_ radius: Double, _ control: EngineControl) throws -> Bitmap {
    var blurred = ImagingPicture()
    try withPixels { pixels in
      try Codec.call("image", control) { control, fault in
        imaging_blur(
          pixels.baseAddress, Int32(width), Int32(height), Int32(channels), max(0.3, radius),
          control, &blurred, fault)
      }
    }
    return Bitmap(blurred)
  }

  /// Adds the difference from a slightly blurred copy.
  private func sharpened(_ amount: Double, _ control: EngineControl) throws -> Bitmap {
    let soft = try blurred(1.2, control)
    let share = Float(amount / 50)
    return try Bitmap(width: width, height: height, channels: channels) { out in
      withPixels { pixels in
        soft.withPixels { soft in
          for at in 0..<pixels.count {
            if channels == 4, at & 3 == 3 {
              out[at] = pixels[at]
              continue
            }
            let value = Float(pixels[at])
            let sharp = value + share * (value - Float(soft[at]))
            out[at] = UInt8(min(max(sharp, 0), 255) + 0.5)
          }
        }
      }
    }
  }
}

extension PictureAdjustment {
  fileprivate var changesTones: Bool {
    brightness != 0 || contrast != 0 || saturation != 0 || hue != 0 || isGray
  }
}

/// A change of a color, as the filters of CSS define it: brightness, contrast, hue, saturation.
private struct ToneChange {
  private let scale: Float
  private let offset: Float
  /// The rows of the matrix that turns the hue and scales the saturation.
  private let rows: (SIMD3<Float>, SIMD3<Float>, SIMD3<Float>)
  private let changesColor: Bool

  init(_ adjustment: PictureAdjustment) {
    let contrast = Float(1 + adjustment.contrast / 100)
    scale = Float(1 + adjustment.brightness / 100) * contrast
    offset = 127.5 * (1 - contrast)
    let saturation = adjustment.isGray ? 0 : Float(1 + adjustment.saturation / 100)
    changesColor = saturation != 1 || adjustment.hue != 0
    let (sine, cosine) = PictureTurn.sineAndCosine(ofDegrees: adjustment.hue * 1.8)
    let luma = SIMD3<Float>(0.213, 0.715, 0.072)
    func row(_ cosines: SIMD3<Float>, _ sines: SIMD3<Float>) -> SIMD3<Float> {
      let turned = luma + cosines * Float(cosine) + sines * Float(sine)
      return luma + (turned - luma) * saturation
    }
    rows = (
      row([0.787, -0.715, -0.072], [-0.213, -0.715, 0.928]),
      row([-0.213, 0.285, -0.072], [0.143, 0.140, -0.283]),
      row([-0.213, -0.715, 0.928], [-0.787, 0.715, 0.072])
    )
  }

  @inline(__always)
  func callAsFunction(_ color: SIMD3<Float>) -> SIMD3<Float> {
    var color = (color * scale + offset).clamped(
      lowerBound: .zero, upperBound: .init(repeating: 255))
    if changesColor {
      color = SIMD3((color * rows.0).sum(), (color * rows.1).sum(), (color * rows.2).sum())
        .clamped(lowerBound: .zero, upperBound: .init(repeating: 255))
    }
    return color
  }
}
