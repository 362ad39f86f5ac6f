@testable import ImagineEngine

/// Backgrounds as they occur behind products and people.
enum TestBackground: Int, CaseIterable, Sendable {
  case paper, gradient, cloth, stripes, checker, wood, foliage, bokeh, brick, table, sand, studio

  /// Paints it; equal numbers give equal pixels.
  func raster(width: Int, height: Int, number: Int = 0) -> Raster {
    var raster = Raster(width: width, height: height)
    let noise = Noise(RandomStream(UInt64(rawValue * 31 + number) &* 77 &+ 5))
    let discs = self == .bokeh ? Self.discs(number) : []
    for row in 0..<height {
      for column in 0..<width {
        let x = Float(column) / Float(height)
        let y = Float(row) / Float(height)
        let colour = self.colour(x, y, noise, discs)
        for channel in 0..<3 {
          raster.bytes[(row * width + column) * 3 + channel] = UInt8(
            max(0, min(255, colour[channel])))
        }
      }
    }
    return raster
  }

  private func colour(
    _ x: Float, _ y: Float, _ noise: Noise, _ discs: [SIMD4<Float>]
  ) -> SIMD3<Float> {
    let fine = noise.value(x * 300, y * 300) - 0.5
    switch self {
    case .paper: return SIMD3(206, 202, 194) + fine * 6
    case .gradient: return SIMD3(96, 130, 170) * (0.75 + 0.4 * y) + fine * 6
    case .cloth: return SIMD3(110, 140, 90) * (0.8 + 0.4 * noise.cloud(x * 8, y * 8, octaves: 5))
    case .stripes:
      return SIMD3(190, 150, 110) * (Elementary.sin(x * 90) > 0 ? 1 : 0.86) + fine * 8
    case .checker: return SIMD3(70, 72, 84) * ((Int(x * 14) + Int(y * 14)) % 2 == 0 ? 1.5 : 1.0)
    case .wood:
      let plank = Float(Int(y * 7))
      let grain = noise.cloud(x * 3 + plank * 9, y * 60, octaves: 4)
      let gap: Float = y * 7 - plank < 0.04 ? 0.55 : 1
      return SIMD3(150, 102, 62) * (0.65 + 0.6 * grain) * gap
    case .foliage:
      let leaves = noise.cloud(x * 26, y * 26, octaves: 4)
      let light = noise.cloud(x * 5 + 40, y * 5, octaves: 2)
      return SIMD3(52 + 70 * leaves, 84 + 110 * leaves, 38 + 30 * leaves) * (0.35 + light)
    case .bokeh:
      var shade = SIMD3<Float>(40, 48, 60) * (0.7 + 0.6 * noise.cloud(x * 3, y * 3, octaves: 2))
      for disc in discs {
        let dx = x - disc.x
        let dy = y - disc.y
        let edge = (disc.z * disc.z - dx * dx - dy * dy) / (disc.z * disc.z)
        if edge > 0 { shade += SIMD3(90, 70 + 40 * disc.w, 110 * disc.w) * min(1, edge * 5) * 0.6 }
      }
      return shade
    case .brick:
      let line = Int(y * 16)
      let across = x * 7 + (line % 2 == 0 ? 0 : 0.5)
      let isMortar = y * 16 - Float(line) < 0.12 || across - Float(Int(across)) < 0.05
      let tone = 0.75 + 0.4 * noise.value(Float(Int(across)) * 3.3, Float(line) * 5.1)
      return isMortar ? SIMD3(172, 166, 158) + fine * 14 : SIMD3(146, 74, 58) * tone + fine * 20
    case .table:
      return y < 0.62
        ? SIMD3(188, 194, 198) * (1.05 - 0.2 * y) + fine * 5
        : SIMD3(120, 92, 70) * (0.85 + 0.3 * noise.cloud(x * 4, y * 50, octaves: 3))
    case .sand: return SIMD3(196, 172, 132) * (0.8 + 0.35 * noise.cloud(x * 60, y * 60, octaves: 3))
    case .studio:
      let dx = x - 0.5
      let dy = y - 0.4
      return SIMD3(150, 152, 158) * (1.1 - 1.1 * (dx * dx + dy * dy)) + fine * 5
    }
  }

  /// Middles, radii and hues of lights out of focus.
  private static func discs(_ number: Int) -> [SIMD4<Float>] {
    var stream = RandomStream(UInt64(number) &+ 900)
    return (0..<26).map { _ in
      SIMD4(
        stream.within(-0.1...1.2), stream.within(-0.1...1.1), stream.within(0.03...0.1),
        stream.unit())
    }
  }
}
