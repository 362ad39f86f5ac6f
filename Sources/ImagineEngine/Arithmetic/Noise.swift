/// Smooth noise over the plane: sums of a lattice of random heights.
///
/// One lattice of 256×256 heights serves every image: callers shift into it by an offset from their
/// seed. It repeats every 256 units.
struct Noise: Sendable {
  // Written once, by the static's initialiser, before anybody can read it; never freed.
  private nonisolated(unsafe) static let lattice: UnsafePointer<Float> = {
    let heights = UnsafeMutablePointer<Float>.allocate(capacity: 256 * 256)
    var stream = RandomStream(0x1AA6_17E5)
    for index in 0..<(256 * 256) { heights[index] = stream.unit() }
    return UnsafePointer(heights)
  }()

  // The lattice is read-only after its initialiser.
  private nonisolated(unsafe) let heights = Noise.lattice
  private let broad = NoiseSheet.broad
  private let detailed = NoiseSheet.detailed
  private let offsetX: Float
  private let offsetY: Float

  init(_ stream: RandomStream) {
    var stream = stream
    offsetX = stream.within(0...255)
    offsetY = stream.within(0...255)
  }

  /// A height 0 … 1 at a point, with unit-sized features.
  @inline(__always)
  func value(_ x: Float, _ y: Float) -> Float {
    let px = x + offsetX
    let py = y + offsetY
    let fx = Elementary.floor(px)
    let fy = Elementary.floor(py)
    let ix = Elementary.bits(ofWhole: fx, 255)
    let iy = Elementary.bits(ofWhole: fy, 255)
    let tx = px - fx
    let ty = py - fy
    let sx = tx * tx * (3 - 2 * tx)
    let sy = ty * ty * (3 - 2 * ty)
    let row = heights + iy * 256
    let below = heights + ((iy + 1) & 255) * 256
    let right = (ix + 1) & 255
    let top = row[ix] + (row[right] - row[ix]) * sx
    let bottom = below[ix] + (below[right] - below[ix]) * sx
    return top + (bottom - top) * sy
  }

  /// A height and its slopes to the right and downwards.
  @inline(__always)
  func slope(_ x: Float, _ y: Float) -> (height: Float, east: Float, south: Float) {
    let px = x + offsetX
    let py = y + offsetY
    let fx = Elementary.floor(px)
    let fy = Elementary.floor(py)
    let ix = Elementary.bits(ofWhole: fx, 255)
    let iy = Elementary.bits(ofWhole: fy, 255)
    let tx = px - fx
    let ty = py - fy
    let sx = tx * tx * (3 - 2 * tx)
    let sy = ty * ty * (3 - 2 * ty)
    let row = heights + iy * 256
    let below = heights + ((iy + 1) & 255) * 256
    let right = (ix + 1) & 255
    let upper = row[right] - row[ix]
    let lower = below[right] - below[ix]
    let top = row[ix] + upper * sx
    let bottom = below[ix] + lower * sx
    return (
      top + (bottom - top) * sy, 6 * tx * (1 - tx) * (upper + (lower - upper) * sy),
      6 * ty * (1 - ty) * (bottom - top)
    )
  }

  /// Noise of several octaves, 0 … 1 around 0.5; each octave is half as large and half as strong.
  ///
  /// It is read from sheets of three or five octaves, which is fine enough for most of an image;
  /// for more than six, a second lookup adds the smaller octaves.
  @inline(__always)
  func cloud(_ x: Float, _ y: Float, octaves: Int) -> Float {
    let px = x + offsetX
    let py = y + offsetY
    if octaves <= 3 { return broad.at(px, py) }
    let height = detailed.at(px, py)
    if octaves <= 6 { return height }
    // Rotated, so that the sheet's own directions do not show.
    let finer = broad.at(px * 25.6 - py * 19.2, px * 19.2 + py * 25.6)
    return height + (finer - 0.5) * 0.03
  }

  /// The same sum, computed octave by octave, for features so large that a sheet would show facets:
  /// the slopes of land and water.
  @inline(__always)
  func swell(_ x: Float, _ y: Float, octaves: Int) -> Float {
    var sum: Float = 0
    var strength: Float = 0.5
    var total: Float = 0
    var px = x
    var py = y
    for _ in 0..<octaves {
      sum += strength * value(px, py)
      total += strength
      strength *= 0.5
      // Each octave is rotated a little, so that the lattice's own directions do not show.
      let turned = px * 1.6 - py * 1.2
      py = px * 1.2 + py * 1.6 + 17.3
      px = turned + 9.1
    }
    return sum / total
  }

  /// Noise with sharp crests, 0 … 1: mountains.
  @inline(__always)
  func ridge(_ x: Float, _ y: Float, octaves: Int) -> Float {
    var sum: Float = 0
    var strength: Float = 0.5
    var total: Float = 0
    var weight: Float = 1
    var px = x
    var py = y
    for _ in 0..<octaves {
      var crest = 1 - abs(2 * value(px, py) - 1)
      crest *= crest
      sum += strength * crest * weight
      total += strength
      weight = Elementary.clamp(crest * 1.6)
      strength *= 0.5
      let turned = px * 1.6 - py * 1.2
      py = px * 1.2 + py * 1.6 + 17.3
      px = turned + 9.1
    }
    return sum / total
  }

  /// The height of a lattice point, which `layer` shifts.
  static func height(_ column: Int, _ row: Int, _ layer: Int) -> Float {
    lattice[((row + layer * 37) & 255) * 256 + ((column + layer * 59) & 255)]
  }

  /// A random number 0 … 1 for a cell of the plane.
  @inline(__always)
  static func cell(_ x: Int32, _ y: Int32, _ salt: UInt32 = 0) -> Float {
    var hash = UInt32(bitPattern: x) &* 0x85EB_CA6B ^ UInt32(bitPattern: y) &* 0xC2B2_AE35
    hash ^= salt &* 0x27D4_EB2F
    hash ^= hash >> 15
    hash = hash &* 0x2C1B_3C6D
    hash ^= hash >> 12
    hash = hash &* 0x297A_2D39
    hash ^= hash >> 15
    return Float(hash >> 8) * (1 / 16_777_216)
  }
}
