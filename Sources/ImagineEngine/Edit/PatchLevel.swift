import ImagineCore

/// One scale of a ``PatchFill``.
struct PatchLevel {
  /// Half the side of a square, without its middle.
  private static let reach = 3
  private static let side = 2 * reach + 1

  let width: Int
  let height: Int
  /// The largest distance of a hole's pixel from the rim, in pixels.
  let holeDepth: Int
  /// Middles of the squares that touch the hole and lie within the image, as indices into the
  /// padded image.
  let targets: [Int32]
  /// The pixels of the hole.
  private let unknown: [Int32]

  /// Four bytes per pixel, padded so that a square around any pixel lies within.
  private var pixels: [UInt8]
  private let stride: Int
  /// 0 for a known pixel, else its distance from the rim; for the padded image.
  private let depth: [UInt8]
  /// Middles of squares whose pixels are all known.
  private let sources: [Int32]
  private let isSource: [Bool]
  /// 255 for known pixels that must not be copied; empty for none.
  private let avoided: [UInt8]
  /// For each index of the padded image, the index of the most similar known square.
  private var match: [Int32]
  private var difference: [Int32]

  /// True when enough whole squares are known to copy from.
  var canLearn: Bool { sources.count > 60 }

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
    return level.canLearn ? level : nil
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

  mutating func chooseByChance() {
    for place in targets {
      let hash = RandomStream.mix(UInt64(place) &* 0x9E37_79B9)
      match[Int(place)] = sources[Int(hash % UInt64(sources.count))]
    }
  }

  /// Starts from the matches of the level of half the size.
  mutating func take(_ smaller: PatchLevel) {
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

  /// Alternates search and vote.
  mutating func improve(_ effort: PatchFill.Effort, _ control: EngineControl) throws {
    for round in 0..<effort.rounds {
      measureAll(control)
      for pass in 0..<effort.passes {
        try control.check()
        search(chance: UInt64(round * 16 + pass), wide: round == 0, control)
      }
      vote(control)
    }
    try control.check()
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

// MARK: - Searching

extension PatchLevel {
  private mutating func measureAll(_ control: EngineControl) {
    withSearch(control) { search, targets, matches, differences in
      for place in targets {
        let at = Int(place)
        differences[at] = search.difference(at, Int(matches[at]), below: .max)
      }
    }
  }

  /// One round: every square tries its neighbours' matches, shifted by their offset, and random
  /// squares in ever smaller circles around its own match.
  private mutating func search(chance: UInt64, wide: Bool, _ control: EngineControl) {
    let oldMatch = match
    let oldDifference = difference
    let isSource = isSource
    let stride = stride
    let widest = wide ? max(width, height) : 24
    let step = [1, 2, 1, 4][Int(chance % 4)]
    withSearch(control) { search, targets, matches, differences in
      for place in targets {
        let at = Int(place)
        var best = oldMatch[at]
        var least = oldDifference[at]
        func attempt(_ candidate: Int) {
          guard candidate > 0, candidate < isSource.count, isSource[candidate] else { return }
          let found = search.difference(at, candidate, below: least)
          if found < least {
            least = found
            best = Int32(candidate)
          }
        }
        for shift in [step, -step, step * stride, -step * stride] {
          let neighbour = at + shift
          guard neighbour > 0, neighbour < oldMatch.count, oldDifference[neighbour] != .max else {
            continue
          }
          attempt(Int(oldMatch[neighbour]) - shift)
        }
        var radius = widest
        var state = RandomStream.mix(UInt64(place) ^ (chance << 40))
        while radius >= 1 {
          state = RandomStream.mix(state &+ 0x9E37_79B9)
          let span = UInt64(2 * radius + 1)
          let dx = Int((state & 0xFFFF_FFFF) % span) - radius
          let dy = Int((state >> 32) % span) - radius
          let column = Int(best) % stride + dx
          if column >= 0, column < stride { attempt(Int(best) + dy * stride + dx) }
          radius /= 2
        }
        matches[at] = best
        differences[at] = least
      }
    }
  }

  /// What a band of targets needs to compare squares.
  fileprivate struct Comparison: @unchecked Sendable {
    // Only read during a round; the matches are written elsewhere.
    let pixels: UnsafePointer<UInt8>
    let stride: Int

    /// The cost of one row of vertical distance: it keeps sky above and ground below.
    let rowCost: Int32

    /// The sum of squared differences of two squares plus the cost of their vertical distance;
    /// stops above `limit`.
    @inline(__always)
    func difference(_ a: Int, _ b: Int, below limit: Int32) -> Int32 {
      let corner = PatchLevel.reach * stride + PatchLevel.reach
      var left = pixels + (a - corner) * 4
      var right = pixels + (b - corner) * 4
      var sum = Int32(abs(a / stride - b / stride)) &* rowCost
      for _ in 0..<PatchLevel.side {
        for index in 0..<(PatchLevel.side * 4) {
          let d = Int32(left[index]) &- Int32(right[index])
          sum &+= d &* d
        }
        if sum >= limit { return sum }
        left += stride * 4
        right += stride * 4
      }
      return sum
    }
  }

  private mutating func withSearch(
    _ control: EngineControl,
    _ body:
      @Sendable (
        Comparison, ArraySlice<Int32>, UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Int32>
      ) -> Void
  ) {
    let targets = targets
    let stride = stride
    pixels.withUnsafeBufferPointer { pixels in
      match.withUnsafeMutableBufferPointer { match in
        difference.withUnsafeMutableBufferPointer { difference in
          guard let bytes = pixels.baseAddress, let matchBase = match.baseAddress,
            let differenceBase = difference.baseAddress
          else { return }
          let comparison = Comparison(
            pixels: bytes, stride: stride, rowCost: Int32(30_000 / max(height, 1)))
          nonisolated(unsafe) let (matches, differences) = (matchBase, differenceBase)
          // Each band writes only its own targets' entries.
          Bands.run(0..<targets.count, size: 1024, control: control) { band in
            body(comparison, targets[band], matches, differences)
          }
        }
      }
    }
  }
}

// MARK: - Voting

extension PatchLevel {
  /// Every pixel of the hole becomes a weighted mean of the matches of the squares over it; squares
  /// that match well and lie near the rim count more.
  mutating func vote(_ control: EngineControl) {
    let before = pixels
    let (stride, reach) = (stride, Self.reach)
    let (unknown, depth, match, difference) = (unknown, depth, match, difference)
    pixels.withUnsafeMutableBufferPointer { pixels in
      nonisolated(unsafe) let out = pixels
      Bands.run(0..<unknown.count, size: 1024, control: control) { band in
        for index in band {
          let at = Int(unknown[index])
          var sum = SIMD4<Float>.zero
          var total: Float = 0
          for dy in -reach...reach {
            for dx in -reach...reach {
              let middle = at + dy * stride + dx
              let found = Int(match[middle])
              if found == 0 { continue }
              let from = (found - dy * stride - dx) * 4
              let error = Float(min(difference[middle], 4_000_000))
              let nearness = 1 / (1 + Float(depth[middle]) * 0.35)
              let weight = nearness * nearness / (1 + error * 0.0004)
              sum +=
                SIMD4(
                  Float(before[from]), Float(before[from + 1]), Float(before[from + 2]), 0)
                * SIMD4(repeating: weight)
              total += weight
            }
          }
          if total <= 0 { continue }
          for channel in 0..<3 { out[at * 4 + channel] = UInt8(sum[channel] / total + 0.5) }
        }
      }
    }
  }
}

// MARK: - The hole

extension PatchLevel {
  /// Replaces the hole's marks (255) by their distance from the rim; returns the largest.
  private static func measure(_ depth: inout [UInt8], stride: Int) -> Int {
    var ring: [Int] = []
    var level: UInt8 = 1
    let steps = [-1, 1, -stride, stride]
    for at in depth.indices where depth[at] == 255 {
      for step in steps where depth.indices.contains(at + step) && depth[at + step] == 0 {
        ring.append(at)
        break
      }
    }
    for at in ring { depth[at] = level }
    while !ring.isEmpty {
      var next: [Int] = []
      if level < 254 {
        for at in ring {
          for step in steps where depth.indices.contains(at + step) && depth[at + step] == 255 {
            depth[at + step] = level + 1
            next.append(at + step)
          }
        }
      }
      ring = next
      level += 1
    }
    return Int(level) - 1
  }

  /// True for pixels whose surrounding square touches the hole.
  private static func spread(_ depth: [UInt8], stride: Int) -> [Bool] {
    var across = [Bool](repeating: false, count: depth.count)
    for at in depth.indices where depth[at] != 0 {
      for x in max(0, at - reach)...min(depth.count - 1, at + reach) { across[x] = true }
    }
    var result = across
    for at in across.indices where across[at] {
      for step in -reach...reach {
        let to = at + step * stride
        if to >= 0, to < result.count { result[to] = true }
      }
    }
    return result
  }
}
