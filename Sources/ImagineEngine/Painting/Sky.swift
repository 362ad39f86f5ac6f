/// The sky: colours, sun or moon, stars, clouds.
extension Painter {
  func paintSky(_ canvas: Canvas) {
    let sky = Sky(self)
    // Distant land leaves a strip below the horizon open.
    let bottom = Int(canvas.pixel(Point(0, scene.horizon + 0.035), 0.1).y) + 4
    let rows = 0..<min(canvas.height, max(bottom, 1))
    // Air has no edges, so interpolation is safe; a cel's clouds have edges.
    canvas.paint(rows, every: rendering.shading == .cel ? 1 : 2, 0.1) { sky.colour($0, $1) }
    paintStars(canvas, rows)
  }
}

/// The colour of the sky at a point of the image.
struct Sky: Sendable {
  private let palette: Palette
  private let sun: Point
  private let horizon: Float
  private let cover: Float
  private let isCel: Bool
  private let isNight: Bool
  private let hasMoon: Bool
  private let glow: Float
  private let octaves: Int
  private let noise: Noise
  private let drift: Float
  private let wisps: Float
  private let aurora: Bool
  private let rainbow: Bool
  private let time: Float

  init(_ painter: Painter) {
    let scene = painter.scene
    palette = scene.palette
    sun = scene.sun
    horizon = scene.horizon
    cover = scene.cloudCover
    isCel = painter.rendering.shading == .cel
    isNight = scene.time == .night
    hasMoon = isNight && (scene.features.contains(.moon) || scene.cloudCover < 0.6)
    glow = scene.cloudCover > 0.7 ? 0.15 : 1
    octaves = max(3, painter.rendering.octaves - 2)
    noise = Noise(scene.stream.split("clouds"))
    drift = painter.time * 0.06
    wisps = scene.weather == .wind ? 2.2 : 1
    aurora = scene.features.contains(.aurora)
    rainbow = scene.features.contains(.rainbow)
    time = painter.time
  }

  func colour(_ x: Float, _ y: Float) -> Colour {
    let elevation = max(0, horizon - y)
    let rise = Elementary.clamp(elevation * 1.35)
    var colour = palette.horizon.mixed(
      palette.zenith, (rise * (2 - rise)).squareRoot() * rise.squareRoot())
    let dx = x - sun.x
    let dy = y - sun.y
    let distance = (dx * dx + dy * dy).squareRoot()
    colour += palette.sun * Colour(repeating: halo(distance) * glow)
    if aurora { colour += auroraLight(x, elevation) }
    if !isNight, glow > 0.5 {
      let disc = Elementary.smooth(0.034, 0.031, distance)
      colour = colour.mixed(palette.sun * Colour(repeating: 1.6) + Colour(0.5, 0.45, 0.35, 0), disc)
    }
    if hasMoon { colour = moon(colour, dx, dy, distance) }
    if rainbow { colour += rainbowLight(x, y) }
    if cover > 0.05 { colour = clouds(colour, x, elevation, distance) }
    colour.w = 1
    return colour
  }

  @inline(__always)
  private func halo(_ distance: Float) -> Float {
    let near = 1 / (1 + distance * distance * 220)
    let far = 1 / (1 + distance * distance * 9)
    return isNight ? near * 0.14 + far * 0.04 : near * 0.42 + far * 0.16
  }

  private func moon(_ sky: Colour, _ dx: Float, _ dy: Float, _ distance: Float) -> Colour {
    let disc = Elementary.smooth(0.046, 0.0435, distance)
    if disc <= 0 { return sky }
    let seas = noise.cloud(dx * 38 + 5, dy * 38 + 9, octaves: 3)
    let face = Colour(0.86, 0.88, 0.84, 1).lit(0.62 + 0.38 * Elementary.smooth(0.36, 0.56, seas))
    return sky.mixed(face, disc)
  }

  private func clouds(_ sky: Colour, _ x: Float, _ elevation: Float, _ distance: Float) -> Colour {
    // A flat layer of clouds seen from below: distant ones lie closer together.
    let far = 1 / (elevation + 0.13)
    let u = x * far * 1.5 + drift
    let v = far * 2.1 * wisps
    let density = noise.cloud(u, v, octaves: octaves)
    let threshold = 0.66 - cover * 0.42
    let body = density - threshold
    if body < -0.02 { return sky }
    let towards = max(-1, min(1, (sun.x - x) * 3)) * 0.16
    let beyond = noise.cloud(u + towards, v + 0.12, octaves: max(2, octaves - 2))
    let light = Elementary.clamp(0.5 + (density - beyond) * 3.4 - body * 0.8)
    let fade = Elementary.smooth(0, 0.1, elevation)
    var tone: Colour
    var alpha: Float
    if isCel {
      alpha = Elementary.smooth(0, 0.018, body)
      tone = light > 0.52 ? palette.cloud : palette.cloud.mixed(palette.cloudShade, 0.55)
      if light < 0.34 { tone = palette.cloudShade }
    } else {
      alpha = Elementary.smooth(-0.015, 0.11, body)
      tone = palette.cloudShade.mixed(palette.cloud, light)
    }
    let silver = 1 / (1 + distance * distance * 30)
    tone += palette.sun * Colour(repeating: silver * 0.35 * glow * (1 - body))
    return sky.mixed(tone, alpha * fade * 0.96)
  }

  private func auroraLight(_ x: Float, _ elevation: Float) -> Colour {
    var light = Colour(0, 0, 0, 0)
    for curtain in 0..<3 {
      let offset = Float(curtain) * 7.3
      let bend = noise.cloud(x * 1.3 + offset, time * 0.08 + offset, octaves: 3)
      let base = 0.1 + bend * 0.62 - Float(curtain) * 0.06
      let above = elevation - base
      if above < -0.03 { continue }
      let rays = noise.value(x * 26 + offset + bend * 8, time * 0.2) * 0.6 + 0.4
      let fall = Elementary.smooth(-0.03, 0.01, above) * Elementary.exp(-max(0, above) * 6.5)
      let mix = Elementary.clamp(above * 3.2)
      light +=
        Colour(0.10, 0.75, 0.42, 0).mixed(Colour(0.42, 0.16, 0.72, 0), mix)
        * Colour(repeating: fall * rays * 0.62)
    }
    return light
  }

  private func rainbowLight(_ x: Float, _ y: Float) -> Colour {
    let dx = x + sun.x * 0.5
    let dy = y - horizon - 0.08
    let radius = (dx * dx + dy * dy).squareRoot()
    let t = (radius - 0.42) / 0.06
    if t < 0 || t > 1 { return Colour(0, 0, 0, 0) }
    let band = t * (1 - t) * 4
    func lobe(_ middle: Float) -> Float { max(0, 1 - abs(t - middle) * 3) }
    return Colour(lobe(0.85) + lobe(0) * 0.3, lobe(0.5), lobe(0.15), 0)
      * Colour(repeating: band * 0.22)
  }
}
