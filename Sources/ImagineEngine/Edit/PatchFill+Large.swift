import ImagineAPI

// A fill takes longer for more pixels, and copies all of them for each of its rounds. So in a large
// image it is done in a smaller one, and then the details are copied from where the smaller image was
// copied from.
extension PatchFill {
  /// Pixels of the hole and its surroundings, at most.
  static let most = 2_500_000

  /// The smallest scale at which an image has no more pixels than may be filled.
  static func scale(_ width: Int, _ height: Int, atMost most: Int) -> Int {
    var scale = 1
    while (width / scale) * (height / scale) > most { scale += 1 }
    return scale
  }

  /// Fills the hole of an image that is made smaller.
  ///
  /// - Returns: nil if the hole is thin in the smaller image, or too little is known there.
  func fillLarge(
    _ part: Raster, _ hole: [UInt8], avoiding avoided: [UInt8], scale: Int
  ) throws -> Raster? {
    let small = Raster(
      width: part.width / scale, height: part.height / scale,
      bytes: part.means(of: part.bytes, 3, each: scale))
    // Whatever is partly in the hole is in it.
    let smallHole = part.means(of: hole, 1, each: scale)
    guard
      let level = level(small, smallHole, avoiding: part.means(of: avoided, 1, each: scale))
    else { return nil }
    let filled = try levels(level)
    try control.check()
    return Details(scale: scale, small: small, filled: filled).added(to: part, hole)
  }
}

/// The details of a large image, for a fill of a smaller one.
private struct Details {
  private let scale: Int
  private let width: Int
  private let height: Int
  /// For each pixel of the smaller image, the one that it was copied from.
  private let sources: [Int32]
  /// How much it differs from that, in three channels.
  private let differences: [Float]

  init(scale: Int, small: Raster, filled: PatchLevel) {
    self.scale = scale
    (width, height) = (small.width, small.height)
    let result = filled.raster()
    var sources = (0..<(small.width * small.height)).map { Int32($0) }
    var differences = [Float](repeating: 0, count: sources.count * 3)
    for place in filled.unknown {
      let row = Int(place) / filled.stride - PatchLevel.reach
      let column = Int(place) % filled.stride - PatchLevel.reach
      let at = row * small.width + column
      // Along the edges, the nearest square lies beside the pixel.
      let y = min(max(row, PatchLevel.reach), small.height - 1 - PatchLevel.reach)
      let x = min(max(column, PatchLevel.reach), small.width - 1 - PatchLevel.reach)
      let match = Int(
        filled.match[(y + PatchLevel.reach) * filled.stride + x + PatchLevel.reach])
      if match > 0 {
        let sourceRow = match / filled.stride - PatchLevel.reach + row - y
        let sourceColumn = match % filled.stride - PatchLevel.reach + column - x
        sources[at] = Int32(sourceRow * small.width + sourceColumn)
      }
      for channel in 0..<3 {
        differences[at * 3 + channel] =
          Float(result.bytes[at * 3 + channel])
          - Float(small.bytes[Int(sources[at]) * 3 + channel])
      }
    }
    (self.sources, self.differences) = (sources, differences)
  }

  /// The large image with its hole filled.
  func added(to part: Raster, _ hole: [UInt8]) -> Raster {
    var result = part
    let fraction = 1 / Float(scale)
    for row in 0..<part.height {
      let line = min(row / scale, height - 1)
      let y = max(0, (Float(row) + 0.5) * fraction - 0.5)
      let above = min(Int(y), height - 1)
      let below = min(above + 1, height - 1)
      let lower = min(1, y - Float(above))
      for column in 0..<part.width where hole[row * part.width + column] != 0 {
        let place = min(column / scale, width - 1)
        let source = Int(sources[line * width + place])
        let fromRow = source / width * scale + min(row - line * scale, scale - 1)
        let fromColumn = source % width * scale + min(column - place * scale, scale - 1)
        let from = (fromRow * part.width + fromColumn) * 3
        let to = (row * part.width + column) * 3
        let x = max(0, (Float(column) + 0.5) * fraction - 0.5)
        let left = min(Int(x), width - 1)
        let right = min(left + 1, width - 1)
        let further = min(1, x - Float(left))
        for channel in 0..<3 {
          func difference(_ row: Int, _ column: Int) -> Float {
            differences[(row * width + column) * 3 + channel]
          }
          let upperLevel =
            difference(above, left) * (1 - further) + difference(above, right) * further
          let lowerLevel =
            difference(below, left) * (1 - further) + difference(below, right) * further
          let level =
            Float(part.bytes[from + channel]) + upperLevel * (1 - lower) + lowerLevel * lower
          result.bytes[to + channel] = UInt8(min(max(level + 0.5, 0), 255))
        }
      }
    }
    return result
  }
}
