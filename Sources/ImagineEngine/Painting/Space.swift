/// Space with a nebula and planets, and land under a starry sky.
extension Painter {
  func paintSpace(_ canvas: Canvas) {
    var stream = scene.stream.split("space")
    let noise = Noise(stream)
    let hues = [
      Colour(0xB0_40_C0), Colour(0x30_80_E0), Colour(0xE0_60_40), Colour(0x30_B0_90),
      Colour(0xE8_A0_40),
    ]
    let first = scene.placeColours.first ?? stream.pick(hues)
    let second = stream.pick(hues)
    let tilt = stream.within(-0.7...0.7)
    let octaves = rendering.octaves
    let isCel = rendering.shading == .cel
    let drift = time * 0.008
    canvas.paint(0..<canvas.height, every: octaves > 6 ? 1 : 2, 0.1) { x, height in
      let y = height - 0.5
      let warpX = noise.cloud(x * 1.6 + drift, y * 1.6, octaves: 3) - 0.5
      let warpY = noise.cloud(x * 1.6 + 31, y * 1.6 + drift, octaves: 3) - 0.5
      let cloud = noise.cloud(x * 2.4 + warpX * 2.6, y * 2.4 + warpY * 2.6, octaves: octaves)
      let lane = y + x * tilt + warpX * 0.5
      let belt = Elementary.exp(-lane * lane * 9)
      var light = Elementary.smooth(0.42, 0.8, cloud) * (0.2 + belt)
      // The cel style has clouds of three flat tones.
      if isCel { light = light > 0.4 ? 0.6 : (light > 0.18 ? 0.3 : (light > 0.06 ? 0.12 : 0)) }
      let dark = Elementary.smooth(
        0.5, 0.7, noise.cloud(x * 3.4 + 50 + warpY * 2, y * 3.4, octaves: 5))
      var colour = Colour(0.004, 0.005, 0.014, 1)
      colour +=
        first.mixed(second, Elementary.clamp(warpY * 2 + 0.5))
        * Colour(repeating: light * 0.75 * (1 - (isCel ? 0 : dark * 0.7)))
      colour += Colour(1, 0.9, 0.85, 0) * Colour(repeating: light * light * belt * 0.3)
      colour.w = 1
      return colour
    }
    paintStars(canvas, 0..<canvas.height)
    let half = Float(canvas.width) / Float(canvas.height) * 0.5
    let side: Float = stream.chance(0.5) ? 1 : -1
    let big = stream.within(0.16...0.26)
    paintPlanet(
      Point(side * half * 0.55, stream.within(0.26...0.4)), big, stream,
      ringed: stream.chance(0.55) || scene.features.contains(.planet), canvas)
    paintPlanet(
      Point(-side * half * 0.62, stream.within(0.62...0.8)), big * stream.within(0.2...0.42),
      stream.split("moon"), ringed: false, canvas)
  }

  private func paintPlanet(
    _ centre: Point, _ radius: Float, _ seed: RandomStream, ringed: Bool, _ canvas: Canvas
  ) {
    var stream = seed
    let noise = Noise(stream)
    let palettes: [(Colour, Colour, Colour)] = [
      (Colour(0xC8_90_58), Colour(0xE8_CC_A0), Colour(0x8C_50_34)),
      (Colour(0x2C_60_A0), Colour(0x4C_8C_58), Colour(0xE8_F0_F4)),
      (Colour(0x8C_7C_B0), Colour(0xD0_B8_D8), Colour(0x50_48_80)),
      (Colour(0xB0_54_38), Colour(0xD8_90_60), Colour(0x70_34_28)),
    ]
    let banded = ringed || stream.chance(0.4)
    // The second planet is an earth: it has continents, no bands.
    let colours = banded ? palettes[[0, 2, 3][stream.whole(0...2)]] : stream.pick(palettes)
    let isCel = rendering.shading == .cel
    let soft: Float = isCel ? 0.1 : 1
    let towards = SIMD3<Float>(sceneLight.direction.x > 0 ? 0.75 : -0.75, 0.45, 0.48)
    let reach = ringed ? radius * 2.3 : radius * 1.2
    let around = Bounds(
      canvas.pixel(centre - Point(reach, reach), 0.15),
      canvas.pixel(centre + Point(reach, reach), 0.15))
    canvas.inBands(around.rows(within: canvas)) { band in
      for row in band {
        let line = canvas.pixels + row * canvas.width
        for column in around.columns(within: canvas) {
          let dx = (canvas.x(column, 0.15) - centre.x) / radius
          let dy = (canvas.y(row, 0.15) - centre.y) / radius
          let square = dx * dx + dy * dy
          let disc = Elementary.smooth(
            1 + 1.4 / (radius * Float(canvas.height)), 1 - 1.4 / (radius * Float(canvas.height)),
            square)
          if disc > 0 {
            let z = max(0, 1 - square).squareRoot()
            let spin = time * 0.02
            var tone: Float
            if banded {
              tone = noise.cloud(
                dy * 7 + noise.value(dx * 2 + spin, dy * 5) * 0.8, 3 + dx * 0.25, octaves: 4)
            } else {
              tone = noise.cloud(dx * 2.4 / (0.5 + z) + spin, dy * 2.4 / (0.5 + z), octaves: 6)
            }
            var albedo = colours.0.mixed(
              colours.1, Elementary.smooth(0.49 - 0.09 * soft, 0.49 + 0.09 * soft, tone))
            albedo = albedo.mixed(
              colours.2, Elementary.smooth(0.68 - 0.06 * soft, 0.68 + 0.06 * soft, tone))
            var day = max(0.012, dx * towards.x - dy * towards.y + z * towards.z)
            if isCel { day = day > 0.5 ? 0.8 : (day > 0.14 ? 0.45 : 0.1) }
            let rim = (isCel ? 0 : Elementary.pow(1 - z, 3)) * Elementary.clamp(day * 2)
            var colour =
              albedo * Colour(repeating: day * 1.25) + colours.1 * Colour(repeating: rim * 0.5)
            colour.w = 0.8
            line[column] = line[column].mixed(colour, disc)
          } else if square < 1.5 {
            let glow =
              Elementary.exp(-(square.squareRoot() - 1) * 22) * 0.18
              * Elementary.clamp(dx * towards.x - dy * towards.y + 0.3)
            line[column] += colours.1 * Colour(glow, glow, glow, 0)
          }
          if ringed {
            let rx = dx + dy * 0.3
            let ry = (dy - dx * 0.3) * 3.4
            let ring = (rx * rx + ry * ry).squareRoot()
            if ring > 1.3, ring < 2.15, ry > 0 || square > 1 {
              let gap = noise.cloud(ring * 16, 2, octaves: 3)
              let alpha =
                Elementary.smooth(1.3, 1.38, ring) * Elementary.smooth(2.15, 2.0, ring)
                * Elementary.clamp(gap * 1.5 - 0.15)
              line[column] = line[column].mixed(
                colours.1 * Colour(0.95, 0.92, 0.88, 1), alpha * 0.85)
            }
          }
        }
      }
    }
  }

  /// Dark hills under the stars, and the band of the Milky Way above them.
  func paintHillsOfNight(_ canvas: Canvas) {
    let noise = Noise(scene.stream.split("night"))
    let tilt: Float = scene.sun.x > 0 ? 0.9 : -0.9
    let rows = canvas.height
    canvas.inBands { band in
      for row in band {
        let y = canvas.y(row, 0.1)
        let line = canvas.pixels + row * canvas.width
        for column in 0..<canvas.width {
          let x = canvas.x(column, 0.1)
          let across = (x * tilt + (y - 0.42)) * 0.75
          let warp = noise.cloud(x * 3, y * 3, octaves: 4) - 0.5
          let belt = Elementary.exp(-(across + warp * 0.16) * (across + warp * 0.16) * 26)
          let dust = noise.cloud(x * 5 + warp * 2, y * 5, octaves: min(6, rendering.octaves))
          let light = belt * Elementary.smooth(0.3, 0.75, dust)
          line[column] +=
            Colour(0.34, 0.3, 0.46, 0) * Colour(repeating: light) + Colour(0.5, 0.34, 0.22, 0)
            * Colour(repeating: light * light * 0.6)
          for layer in 0..<3 {
            let depth = 0.9 - Float(layer) * 0.35
            let px = canvas.x(column, 0.2 + Float(layer) * 0.2)
            let top =
              scene.horizon - 0.1 + Float(layer) * 0.075
              - (noise.cloud(px * (1.6 + Float(layer)) + Float(layer) * 19, 4, octaves: 6) - 0.5)
              * (0.26 - Float(layer) * 0.06)
            let coverage = Elementary.clamp((y - top) * Float(rows))
            if coverage > 0 {
              var colour =
                scene.palette.haze * Colour(repeating: 0.42 * depth) + Colour(0.003, 0.004, 0.01, 0)
              colour.w = depth
              line[column] = line[column].mixed(colour, coverage)
            }
          }
        }
      }
    }
  }
}
