/// Smooth noise over the plane: a lattice of random heights and what is summed from it.
///
/// One lattice of 256×256 heights, made once, serves every picture: callers move within it by the
/// offset that their seed gives. It repeats every 256 units.
struct Noise: Sendable {
  // Written once before anybody can read it (a static's initialiser), and never freed.
  private nonisolated(unsafe) static let lattice: UnsafePointer<Float> = {
    let heights = UnsafeMutablePointer<Float>.allocate(capacity: 256 * 256)
    var stream = RandomStream(0x1AA6_17E5)
    for index in 0..<(256 * 256) { heights[index] = stream.unit() }
    return UnsafePointer(heights)
  }()

  // The lattice is never written once it is made.
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

  /// A height and how it grows to the right and downwards.
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

  /// Noise of several sizes at once, 0 … 1 about 0.5; each octave is half as large and as strong.
  ///
  /// It is looked up in sheets of three or five octaves, which is as fine as most of a picture
  /// shows; more than six add a second look at what is smaller still.
  @inline(__always)
  func cloud(_ x: Float, _ y: Float, octaves: Int) -> Float {
    let px = x + offsetX
    let py = y + offsetY
    if octaves <= 3 { return broad.at(px, py) }
    let height = detailed.at(px, py)
    if octaves <= 6 { return height }
    // Turned, so that the sheet's own directions do not show.
    let finer = broad.at(px * 25.6 - py * 19.2, px * 19.2 + py * 25.6)
    return height + (finer - 0.5) * 0.03
  }

  /// The same sum octave by octave, for what is so large that a sheet would show its facets:
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
      // Each octave is turned a little, so that the lattice's own directions do not show.
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

  /// The height of a point of the lattice, which `layer` moves.
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
