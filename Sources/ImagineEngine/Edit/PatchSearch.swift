import ImagineAPI

extension PatchLevel {
  /// Alternates search and vote.
  mutating func improve(_ effort: PatchFill.Effort, _ control: EngineControl) throws {
    for round in 0..<effort.rounds {
      measureAll(control)
      for pass in 0..<effort.passes {
        try control.check()
        search(seed: UInt64(round * 16 + pass), wide: round == 0, control)
      }
      vote(control)
    }
    try control.check()
  }

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
  private mutating func search(seed: UInt64, wide: Bool, _ control: EngineControl) {
    let oldMatch = match
    let oldDifference = difference
    let isSource = isSource
    let stride = stride
    let widest = wide ? max(width, height) : 24
    let step = [1, 2, 1, 4][Int(seed % 4)]
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
        var state = RandomStream.mix(UInt64(place) ^ (seed << 40))
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
