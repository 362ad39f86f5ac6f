public import ImagineAPI

extension BuiltInEngine {
  /// Outside the mask the image's own pixels, inside the edited ones. The transition between them
  /// lies inside the mask.
  public func composite(
    _ edited: [UInt8], over image: [UInt8], mask: [UInt8], measuresOnly: Bool = false,
    control: EngineControl = EngineControl()
  ) throws -> CompositeImage {
    let picture = try Codec.decode(image, field: "image", control: control)
    let mask = try Mask(mask, for: picture, control)
    let answer = try Codec.decode(edited, field: "edited", control: control)
    guard answer.size.hasShape(of: picture.size) else {
      throw EngineError.unusable(
        field: "edited",
        reason: "it is \(answer.size) but the image is \(picture.size), another shape")
    }
    let pair = Overlay(
      picture, try Codec.scale(answer, to: picture.size, control: control), mask)
    let drift = try pair.drift(control)
    guard !measuresOnly else { return CompositeImage(png: nil, drift: drift) }
    return CompositeImage(
      png: try Codec.encode(pair.blended(control), as: .png, control: control), drift: drift)
  }
}

/// An edited image over the image that it was made of.
private struct Overlay {
  let image: Bitmap
  let edited: Bitmap
  let mask: Mask

  /// The widest transition, in pixels.
  private static let widest: Float = 8

  init(_ image: Bitmap, _ edited: Bitmap, _ mask: Mask) {
    self.image = image
    self.edited = edited
    self.mask = mask
  }

  /// How far the edited image is from the image outside the mask: the mean of the pixels'
  /// differences, 0 … 1.
  func drift(_ control: EngineControl) throws -> Double {
    var sum = 0.0
    var count = 0
    try image.withPixels { image in
      try edited.withPixels { edited in
        for row in 0..<mask.height {
          try control.check()
          for at in (row * mask.width)..<((row + 1) * mask.width) where mask.values[at] == 0 {
            sum += self.image.pixel(at, of: image).difference(self.edited.pixel(at, of: edited))
            count += 1
          }
        }
      }
    }
    return count == 0 ? 0 : sum / Double(count)
  }

  func blended(_ control: EngineControl) throws -> Bitmap {
    // A transition as wide as half the mask leaves the middle of a thin mask edited.
    let depth = mask.depth(upTo: 2 * Self.widest)
    let width = max(1, (depth.max() ?? 0) / 2)
    let channels = max(image.channels, edited.channels)
    return try Bitmap(width: mask.width, height: mask.height, channels: channels) { out in
      try image.withPixels { image in
        try edited.withPixels { edited in
          for row in 0..<mask.height {
            try control.check()
            for at in (row * mask.width)..<((row + 1) * mask.width) {
              let pixel = self.image.pixel(at, of: image)
                .mixed(with: self.edited.pixel(at, of: edited), min(1, depth[at] / width))
              pixel.write(to: out, at: at * channels, channels)
            }
          }
        }
      }
    }
  }
}

/// A pixel with straight alpha.
private struct Pixel {
  var red: UInt8
  var green: UInt8
  var blue: UInt8
  var alpha: UInt8

  /// The difference of what is seen, 0 … 1: that of the colours as far as they are opaque, or that of
  /// the opacity.
  func difference(_ other: Pixel) -> Double {
    func part(_ one: UInt8, _ two: UInt8) -> Int {
      abs(Int(one) * Int(alpha) - Int(two) * Int(other.alpha))
    }
    let colours = part(red, other.red) + part(green, other.green) + part(blue, other.blue)
    return max(
      Double(colours) / (3 * 255 * 255), Double(abs(Int(alpha) - Int(other.alpha))) / 255)
  }

  /// - Parameter part: of the other pixel. 0 and 1 give one of the two, exactly.
  func mixed(with other: Pixel, _ part: Float) -> Pixel {
    if part <= 0 { return self }
    if part >= 1 { return other }
    let (mine, others) = (Float(alpha) * (1 - part), Float(other.alpha) * part)
    let opacity = mine + others
    guard opacity > 0 else { return self }
    func mix(_ one: UInt8, _ two: UInt8) -> UInt8 {
      UInt8((Float(one) * mine + Float(two) * others) / opacity + 0.5)
    }
    return Pixel(
      red: mix(red, other.red), green: mix(green, other.green), blue: mix(blue, other.blue),
      alpha: UInt8(opacity + 0.5))
  }

  func write(to out: UnsafeMutableBufferPointer<UInt8>, at index: Int, _ channels: Int) {
    (out[index], out[index + 1], out[index + 2]) = (red, green, blue)
    if channels == 4 { out[index + 3] = alpha }
  }
}

extension Bitmap {
  fileprivate func pixel(_ number: Int, of pixels: UnsafeBufferPointer<UInt8>) -> Pixel {
    let at = number * channels
    return Pixel(
      red: pixels[at], green: pixels[at + 1], blue: pixels[at + 2],
      alpha: channels == 4 ? pixels[at + 3] : 255)
  }
}
