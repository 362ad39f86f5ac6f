/// A colour in linear light: red, green, blue, and a fourth component whose meaning depends on the
/// container (alpha in a sprite, depth on a canvas).
typealias Colour = SIMD4<Float>

/// A point or a direction in the image plane; y grows downwards.
typealias Point = SIMD2<Float>

extension SIMD4<Float> {
  /// From 24-bit notation, 0xRRGGBB; the fourth component is 1.
  init(_ code: UInt32) {
    func channel(_ shift: UInt32) -> Float {
      let value = Float((code >> shift) & 255) / 255
      return value * value
    }
    self.init(channel(16), channel(8), channel(0), 1)
  }

  @inline(__always)
  func mixed(_ other: Colour, _ t: Float) -> Colour { self + (other - self) * t }

  /// Perceived brightness, in linear light.
  @inline(__always)
  var luminance: Float { x * 0.2126 + y * 0.7152 + z * 0.0722 }

  /// The colour with its distance from grey scaled.
  @inline(__always)
  func saturated(_ amount: Float) -> Colour {
    let grey = Colour(repeating: luminance)
    let result = grey + (self - grey) * amount
    return Colour(max(result.x, 0), max(result.y, 0), max(result.z, 0), w)
  }

  /// Scales the light and keeps the fourth component.
  @inline(__always)
  func lit(_ amount: Float) -> Colour { self * Colour(amount, amount, amount, 1) }
}
