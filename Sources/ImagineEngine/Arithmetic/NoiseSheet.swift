/// Noise of several octaves, summed once over a square of the plane and then looked up.
///
/// A sheet is periodic. Its lattices are interpolated by cubic B-splines, which show no squares,
/// and rescaled to the range of ``Noise/value(_:_:)``.
struct NoiseSheet: Sendable {
  /// Three octaves: broad shapes.
  static let broad = NoiseSheet(octaves: 3, samplesPerUnit: 16)
  /// Five octaves: shapes and their detail.
  static let detailed = NoiseSheet(octaves: 5, samplesPerUnit: 32)

  /// The period, in units.
  private static let units = 32

  // Written once, by the static's initialiser, before anybody can read it; never freed.
  private nonisolated(unsafe) let samples: UnsafePointer<Float>
  private let side: Int
  private let samplesPerUnit: Float

  private init(octaves: Int, samplesPerUnit: Int) {
    let side = Self.units * samplesPerUnit
    let samples = UnsafeMutablePointer<Float>.allocate(capacity: side * side)
    samples.initialize(repeating: 0.5, count: side * side)
    var strength: Float = 0.5
    let total = 1 - Elementary.exp2(-Float(octaves))
    for octave in 0..<octaves {
      Self.add(octave, spacing: samplesPerUnit >> octave, strength / total, to: samples, side)
      strength *= 0.5
    }
    self.samples = UnsafePointer(samples)
    self.side = side
    self.samplesPerUnit = Float(samplesPerUnit)
  }

  /// The height at a point, 0 … 1 about 0.5.
  @inline(__always)
  func at(_ x: Float, _ y: Float) -> Float {
    let px = x * samplesPerUnit
    let py = y * samplesPerUnit
    let fx = Elementary.floor(px)
    let fy = Elementary.floor(py)
    let tx = px - fx
    let ty = py - fy
    let mask = side - 1
    let column = Elementary.bits(ofWhole: fx, mask)
    let next = (column + 1) & mask
    let row = Elementary.bits(ofWhole: fy, mask)
    let upper = samples + row * side
    let lower = samples + ((row + 1) & mask) * side
    let top = upper[column] + (upper[next] - upper[column]) * tx
    let bottom = lower[column] + (lower[next] - lower[column]) * tx
    return top + (bottom - top) * ty
  }

  /// Adds a lattice whose points lie `spacing` samples apart.
  private static func add(
    _ octave: Int, spacing: Int, _ strength: Float, to samples: UnsafeMutablePointer<Float>,
    _ side: Int
  ) {
    let count = side / spacing
    let weights = (0..<spacing).map { spline(Float($0) / Float(spacing)) }
    // A spline smooths: a factor of 1.55 restores the spread of a lattice interpolated point by
    // point.
    let gain = strength * 1.55
    nonisolated(unsafe) let samples = samples
    Bands.run(0..<side, size: 64) { band in
      var line = [Float](repeating: 0, count: count + 3)
      for row in band {
        let across = weights[row % spacing]
        for point in 0..<(count + 3) {
          let column = (point + count - 1) % count
          var height: Float = 0
          for tap in 0..<4 {
            let lattice = (row / spacing + tap + count - 1) % count
            height += across[tap] * (Noise.height(column, lattice, octave) - 0.5)
          }
          line[point] = height * gain
        }
        let out = samples + row * side
        for point in 0..<count {
          for step in 0..<spacing {
            let w = weights[step]
            out[point * spacing + step] +=
              w.x * line[point] + w.y * line[point + 1] + w.z * line[point + 2]
              + w.w * line[point + 3]
          }
        }
      }
    }
  }

  /// The weights of four neighbours at a fraction between the middle two.
  private static func spline(_ t: Float) -> SIMD4<Float> {
    let square = t * t
    let cube = square * t
    let sum = SIMD4(
      1 - 3 * t + 3 * square - cube, 4 - 6 * square + 3 * cube,
      1 + 3 * t + 3 * square - 3 * cube, cube)
    return sum / 6
  }
}
