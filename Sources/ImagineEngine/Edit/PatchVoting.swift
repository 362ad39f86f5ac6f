import ImagineAPI

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
