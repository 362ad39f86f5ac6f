/// The elementary functions that compute pixels.
///
/// They use only addition, multiplication, division and square root, which IEEE 754 rounds the same
/// way on every processor; the C library's functions differ between versions. They are accurate to
/// about six digits, more than a pixel shows.
enum Elementary {
  static let pi: Float = 3.14159265

  /// The greatest integer not above `x`, as a float; `x` within ±2²².
  @inline(__always)
  static func floor(_ x: Float) -> Float {
    let whole = (x + roundingTerm) - roundingTerm
    return whole > x ? whole - 1 : whole
  }

  /// The lowest bits of an integer within ±2²², in two's complement.
  @inline(__always)
  static func bits(ofWhole whole: Float, _ mask: Int) -> Int {
    Int(truncatingIfNeeded: (whole + roundingTerm).bitPattern) & mask
  }

  // Adding 1.5 · 2²³ rounds to an integer and leaves it in the lowest bits. A conversion to an
  // integer type would add a range check to each call.
  private static let roundingTerm: Float = 12_582_912

  @inline(__always)
  static func fraction(_ x: Float) -> Float { x - floor(x) }

  /// The sine of an angle in radians.
  @inline(__always)
  static func sin(_ x: Float) -> Float {
    let turns = floor(x * 0.318309886 + 0.5)
    let r = (x - turns * 3.140625) - turns * 9.67653589793e-4
    let square = r * r
    let value =
      r + r * square
      * (-0.16666667 + square * (0.0083333310 + square * (-0.00019840874 + square * 2.7525562e-6)))
    return Int32(turns) & 1 == 0 ? value : -value
  }

  /// The cosine of an angle in radians.
  @inline(__always)
  static func cos(_ x: Float) -> Float { sin(x + 1.57079633) }

  /// 2 to the power of `x`; `x` is clamped to -126 … 126.
  @inline(__always)
  static func exp2(_ x: Float) -> Float {
    let limited = x < -126 ? -126 : (x > 126 ? 126 : x)
    let whole = floor(limited + 0.5)
    let r = limited - whole
    let value =
      1 + r
      * (0.69314718 + r
        * (0.24022651 + r * (0.055504109 + r * (0.0096181291 + r * 0.0013333558))))
    return value * Float(bitPattern: UInt32(bitPattern: (Int32(whole) + 127) << 23))
  }

  @inline(__always)
  static func exp(_ x: Float) -> Float { exp2(x * 1.44269504) }

  /// The logarithm to base 2 of a positive number.
  @inline(__always)
  static func log2(_ x: Float) -> Float {
    let bits = Int32(bitPattern: x.bitPattern)
    let exponent = (bits >> 23) - 127
    var mantissa = Float(bitPattern: UInt32(bitPattern: bits & 0x7F_FFFF | 0x3F80_0000))
    var whole = Float(exponent)
    if mantissa > 1.41421356 {
      mantissa *= 0.5
      whole += 1
    }
    let t = (mantissa - 1) / (mantissa + 1)
    let square = t * t
    return whole + t * 2.88539008
      * (1 + square * (0.33333333 + square * (0.2 + square * 0.14285714)))
  }

  /// `x` to the power of `y`; 0 when `x` is not positive.
  @inline(__always)
  static func pow(_ x: Float, _ y: Float) -> Float { x <= 0 ? 0 : exp2(y * log2(x)) }

  /// 0 below `low`, 1 above `high`, and smooth between.
  @inline(__always)
  static func smooth(_ low: Float, _ high: Float, _ x: Float) -> Float {
    let t = clamp((x - low) * (1 / (high - low)))
    return t * t * (3 - 2 * t)
  }

  @inline(__always)
  static func clamp(_ x: Float) -> Float { x < 0 ? 0 : (x > 1 ? 1 : x) }

  @inline(__always)
  static func mix(_ a: Float, _ b: Float, _ t: Float) -> Float { a + (b - a) * t }
}
