/// The heights of the land along every ray of an image, and their slopes.
///
/// Rays are sampled at every second column, more coarsely with distance, and interpolated between.
/// No other code of the painter computes the land's height per pixel.
struct LandTable: Sendable {
  /// Height, and its slope to the right and away from the viewer.
  typealias Sample = SIMD4<Float>

  static let focal: Float = 1.1
  private static let nearest: Float = 1.2
  private static let spacing = 2

  let steps: Int
  private let growth: Float
  private let columns: Int
  private let samples: [Sample]

  init(_ land: Land, _ painter: Painter, _ canvas: Canvas) {
    // As fine as the rows of an image of this height can show.
    let growth: Float =
      canvas.height < 500 ? 1.019 : (painter.rendering.octaves > 5 ? 1.009 : 1.012)
    self.growth = growth
    var steps = 0
    var z = Self.nearest
    while z < land.farthest {
      z *= growth
      steps += 1
    }
    self.steps = steps
    let columns = canvas.width / Self.spacing + 3
    self.columns = columns
    let octaves = min(land.kind == .mountains ? 7 : 6, painter.rendering.octaves)
    let count = steps
    let flat = [Sample](unsafeUninitializedCapacity: columns * steps) { buffer, initialized in
      nonisolated(unsafe) let out = buffer
      Bands.run(0..<columns, size: 8) { band in
        for column in band {
          let slope = canvas.x((column - 1) * Self.spacing, 0.35) / Self.focal
          var z = Self.nearest
          for step in 0..<count {
            let height = land.height(
              slope * z + land.pan, z + land.advance, octaves: octaves)
            out[column * count + step] = Sample(height, 0, 0, slope * z)
            z *= growth
          }
        }
      }
      initialized = columns * count
    }
    samples = [Sample](unsafeUninitializedCapacity: columns * steps) { buffer, initialized in
      nonisolated(unsafe) let out = buffer
      Bands.run(0..<columns, size: 8) { band in
        for column in band {
          var z = Self.nearest
          for step in 0..<count {
            let at = column * count + step
            let right = min(column + 1, columns - 1) * count + step
            let left = max(column - 1, 0) * count + step
            let far = step + 1 < count ? at + 1 : at
            let near = step > 0 ? at - 1 : at
            var sample = flat[at]
            sample.y = (flat[right].x - flat[left].x) / max(flat[right].w - flat[left].w, 1e-4)
            let length = z * (far > at ? growth : 1) - z / (near < at ? growth : 1)
            // Along a slanted ray, a step away is also a step sideways.
            let lean = sample.w / z
            sample.z = (flat[far].x - flat[near].x) / max(length, 1e-4) - sample.y * lean
            out[at] = sample
            z *= growth
          }
        }
      }
      initialized = columns * count
    }
  }

  /// The distance of each step.
  func distances() -> [Float] {
    var z = Self.nearest
    return (0..<steps).map { _ in
      defer { z *= growth }
      return z
    }
  }

  /// The samples of a column of the image.
  func column(_ column: Int, into line: inout [Sample]) {
    let left = column / Self.spacing + 1
    let t = Float(column % Self.spacing) / Float(Self.spacing)
    samples.withUnsafeBufferPointer { samples in
      let from = left * steps
      let to = min(left + 1, columns - 1) * steps
      for step in 0..<steps { line[step] = samples[from + step].mixed(samples[to + step], t) }
    }
  }
}
