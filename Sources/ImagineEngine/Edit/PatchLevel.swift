import ImagineAPI

/// One scale of a ``PatchFill``.
struct PatchLevel {
  /// Half the side of a square, without its middle.
  static let reach = 3
  static let side = 2 * reach + 1

  let width: Int
  let height: Int
  /// The largest distance of a hole's pixel from the rim, in pixels.
  let holeDepth: Int
  /// Middles of the squares that touch the hole and lie within the image, as indices into the
  /// padded image.
  let targets: [Int32]
  /// The pixels of the hole.
  let unknown: [Int32]

  /// Four bytes per pixel, padded so that a square around any pixel lies within.
  var pixels: [UInt8]
  let stride: Int
  /// 0 for a known pixel, else its distance from the rim; for the padded image.
  let depth: [UInt8]
  /// Middles of squares whose pixels are all known.
  let sources: [Int32]
  let isSource: [Bool]
  /// 255 for known pixels that must not be copied; empty for none.
  let avoided: [UInt8]
  /// For each index of the padded image, the index of the most similar known square.
  var match: [Int32]
  var difference: [Int32]

  /// True when enough whole squares are known to copy from.
  var hasEnoughSources: Bool { sources.count > 60 }

  init(_ picture: Raster, _ hole: [UInt8], avoiding avoided: [UInt8] = []) {
    self.avoided = avoided
    width = picture.width
    height = picture.height
    let reach = Self.reach
    let (width, height) = (width, height)
    let stride = width + 2 * reach
    let count = stride * (height + 2 * reach)
    var pixels = [UInt8](repeating: 0, count: count * 4)
    var depth = [UInt8](repeating: 0, count: count)
    for row in 0..<(height + 2 * reach) {
      let y = min(max(row - reach, 0), height - 1)
      for column in 0..<stride {
        let x = min(max(column - reach, 0), width - 1)
        let at = row * stride + column
        for channel in 0..<3 {
          pixels[at * 4 + channel] = picture.bytes[(y * width + x) * 3 + channel]
        }
        depth[at] = hole[y * width + x] == 0 ? 0 : 255
      }
    }
    holeDepth = Self.measure(&depth, stride: stride)
    // Padding is unknown, however near it is to the rim.
    for row in 0..<(height + 2 * reach) {
      for column in 0..<stride
      where row < reach || row >= height + reach || column < reach || column >= width + reach {
        depth[row * stride + column] = 255
      }
    }
    var targets: [Int32] = []
    var unknown: [Int32] = []
    var sources: [Int32] = []
    var isSource = [Bool](repeating: false, count: count)
    let near = Self.spread(depth, stride: stride)
    for row in reach..<(height + reach) {
      for column in reach..<(width + reach) {
        let at = row * stride + column
        if depth[at] != 0 { unknown.append(Int32(at)) }
        guard row >= 2 * reach, row < height, column >= 2 * reach, column < width else { continue }
        if near[at] {
          targets.append(Int32(at))
        } else if avoided.isEmpty || avoided[(row - reach) * width + column - reach] == 0 {
          sources.append(Int32(at))
          isSource[at] = true
        }
      }
    }
    self.targets = targets
    self.unknown = unknown
    self.sources = sources
    self.isSource = isSource
    self.stride = stride
    self.pixels = pixels
    self.depth = depth
    match = [Int32](repeating: 0, count: count)
    difference = [Int32](repeating: .max, count: count)
  }

  /// The image at half the size; nil when too few squares would be known.
  func halved() -> PatchLevel? {
    let (halfWidth, halfHeight) = (width / 2, height / 2)
    var small = Raster(width: halfWidth, height: halfHeight)
    var hole = [UInt8](repeating: 0, count: halfWidth * halfHeight)
    var halfAvoided = avoided.isEmpty ? [] : hole
    for row in 0..<halfHeight {
      for column in 0..<halfWidth {
        if !avoided.isEmpty {
          halfAvoided[row * halfWidth + column] = avoided[row * 2 * width + column * 2]
        }
        var sum = SIMD4<Int32>.zero
        var count: Int32 = 0
        for (dy, dx) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
          let at = (row * 2 + dy + Self.reach) * stride + column * 2 + dx + Self.reach
          if depth[at] != 0 { continue }
          sum &+= SIMD4(
            Int32(pixels[at * 4]), Int32(pixels[at * 4 + 1]), Int32(pixels[at * 4 + 2]), 0)
          count += 1
        }
        let to = row * halfWidth + column
        // A partly known pixel counts as known, so that the hole does not grow.
        guard count > 1 else {
          hole[to] = 255
          continue
        }
        for channel in 0..<3 {
          small.bytes[to * 3 + channel] = UInt8((sum[channel] + count / 2) / count)
        }
      }
    }
    let level = PatchLevel(small, hole, avoiding: halfAvoided)
    return level.hasEnoughSources ? level : nil
  }

  /// A first guess: each pixel of the hole gets the mean of its neighbours nearer to the rim.
  mutating func guessFromRim() {
    var rings = [[Int32]](repeating: [], count: 256)
    for place in unknown { rings[Int(depth[Int(place)])].append(place) }
    for place in rings.joined() {
      let at = Int(place)
      var sum = SIMD4<Int32>.zero
      var count: Int32 = 0
      for dy in -2...2 {
        for dx in -2...2 {
          let from = at + dy * stride + dx
          guard from >= 0, from < depth.count, depth[from] < depth[at] else { continue }
          sum &+= SIMD4(
            Int32(pixels[from * 4]), Int32(pixels[from * 4 + 1]), Int32(pixels[from * 4 + 2]), 0)
          count += 1
        }
      }
      if count == 0 { continue }
      for channel in 0..<3 { pixels[at * 4 + channel] = UInt8(sum[channel] / count) }
    }
  }

  mutating func chooseRandomMatches() {
    for place in targets {
      let hash = RandomStream.mix(UInt64(place) &* 0x9E37_79B9)
      match[Int(place)] = sources[Int(hash % UInt64(sources.count))]
    }
  }

  /// Starts from the matches of the level of half the size.
  mutating func takeMatches(from smaller: PatchLevel) {
    let reach = Self.reach
    for place in targets {
      let row = Int(place) / stride - reach
      let column = Int(place) % stride - reach
      // Along the edges the smaller image has no square; shift the nearest one's match.
      let y = min(max(row / 2, reach), smaller.height - 1 - reach)
      let x = min(max(column / 2, reach), smaller.width - 1 - reach)
      let known = Int(smaller.match[(y + reach) * smaller.stride + x + reach])
      var from = 0
      if known > 0 {
        let sourceRow = (known / smaller.stride - reach - y) * 2 + row
        let sourceColumn = (known % smaller.stride - reach - x) * 2 + column
        if 0..<height ~= sourceRow, 0..<width ~= sourceColumn {
          from = (sourceRow + reach) * stride + sourceColumn + reach
        }
      }
      if !isSource[from] {
        let hash = RandomStream.mix(UInt64(place))
        from = Int(sources[Int(hash % UInt64(sources.count))])
      }
      match[Int(place)] = Int32(from)
    }
  }

  func raster() -> Raster {
    var result = Raster(width: width, height: height)
    for row in 0..<height {
      for column in 0..<width {
        let at = (row + Self.reach) * stride + column + Self.reach
        for channel in 0..<3 {
          result.bytes[(row * width + column) * 3 + channel] = pixels[at * 4 + channel]
        }
      }
    }
    return result
  }
}
