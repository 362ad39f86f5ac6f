/// The underwater world: light from above, a floor of sand, swaying plants, bubbles.
extension Painter {
  func paintUnderwater(_ canvas: Canvas) {
    let colours = UnderwaterPalette(self)
    let floor = Int(max(canvas.pixel(Point(0, scene.horizon - 0.06), 0.2).y, 1))
    canvas.paint(0..<min(floor + 2, canvas.height), every: 2, 0.1) { colours.water($0, $1) }
    canvas.inBands(min(floor, canvas.height)..<canvas.height) { band in
      for row in band {
        let y = canvas.y(row, 0.4)
        let line = canvas.pixels + row * canvas.width
        for column in 0..<canvas.width { line[column] = colours.floor(canvas.x(column, 0.4), y) }
      }
    }
    paintShoal(canvas)
    paintSeaGarden(canvas)
  }

  /// Distant fish, as shadows in the blue.
  private func paintShoal(_ canvas: Canvas) {
    var stream = scene.stream.split("shoal")
    let half = Float(canvas.width) / Float(canvas.height) * 0.5
    let middle = Point(stream.within(-0.6...0.6) * half, stream.within(0.2...0.5))
    let facing: Float = stream.chance(0.5) ? 1 : -1
    var figure = Figure(.scenery(stream.next()), time: time)
    let shade = Surface(colour: scene.palette.haze * Colour(repeating: 0.9), round: 0)
    for _ in 0..<13 {
      let size = stream.within(0.008...0.016)
      let x = middle.x + stream.within(-0.24...0.24) + facing * time * 0.02
      let y = middle.y + stream.within(-0.09...0.09)
      let wag = Elementary.sin(time * 7 + x * 40) * size * 0.3
      figure.smooth(
        [
          (x + size * facing, y), (x, y - size * 0.42), (x - size * 0.9 * facing, y - size * 0.05),
          (x - size * 1.5 * facing, y - size * 0.4 + wag),
          (x - size * 1.5 * facing, y + size * 0.4 + wag),
          (x - size * 0.9 * facing, y + size * 0.05),
          (x, y + size * 0.42),
        ], shade, outlined: false)
    }
    FigureDrawing(
      figure, origin: canvas.pixel(Point(0, 0), 0.3), scale: canvas.pixels(1, 0.3), facing: 1,
      painter: self, distance: 0.8
    ).paint(on: canvas)
  }

  /// Rocks, sea grass and corals on the floor, distant ones first.
  private func paintSeaGarden(_ canvas: Canvas) {
    var stream = scene.stream.split("sea garden")
    let half = Float(canvas.width) / Float(canvas.height) * 0.5
    let isReef = scene.features.contains(.coral)
    let count = isReef ? 26 : 13
    for index in 0..<count {
      let near = Float(index) / Float(count)
      var figure = Figure(.scenery(stream.next()), time: time)
      // Keep the middle free for the subjects.
      let side: Float = stream.chance(0.5) ? 1 : -1
      let x = side * half * stream.within((isReef ? 0.05 : 0.3)...1.02)
      let foot = Point(x, scene.horizon + 0.02 + near * near * 0.26)
      let scale = (0.09 + near * 0.15) * stream.within(0.75...1.25)
      switch stream.unit() {
      case ..<0.25: figure.drawSeaRock()
      case ..<0.55: figure.drawSeaGrass()
      case ..<0.78: figure.drawBranchCoral()
      default: isReef ? figure.drawFanCoral() : figure.drawSeaGrass()
      }
      FigureDrawing(
        figure, origin: canvas.pixel(foot, 0.3 + near * 0.4),
        scale: canvas.pixels(scale, 0.3 + near * 0.4), facing: side, painter: self,
        distance: 0.75 - near * 0.55
      ).paint(on: canvas)
    }
    paintBubbles(&stream, half, canvas)
  }

  private func paintBubbles(_ stream: inout RandomStream, _ half: Float, _ canvas: Canvas) {
    var figure = Figure(.scenery(1), time: time)
    let skin = Surface(
      colour: Colour(0xD8_F4_FA) * Colour(repeating: 0.4 + scene.palette.ambient.luminance),
      round: 0, clear: 0.72)
    for _ in 0..<5 {
      let column = Point(stream.within(-0.95...0.95) * half, 0)
      for _ in 0..<7 {
        let size = stream.within(0.003...0.011)
        let speed = stream.within(0.06...0.1)
        let rise = Elementary.fraction(stream.unit() + time * speed)
        let sway = Elementary.sin(rise * 20 + column.x * 9) * 0.008
        let x = column.x + stream.within(-0.03...0.03) + sway
        let y = 0.92 - rise * 0.95
        figure.ellipse(x, y, size, size, skin, outlined: false)
        figure.ellipse(
          x - size * 0.35, y - size * 0.35, size * 0.28, size * 0.28,
          .glowing(Colour(0xFF_FF_FF), 0.6), outlined: false)
      }
    }
    FigureDrawing(
      figure, origin: canvas.pixel(Point(0, 0), 0.7), scale: canvas.pixels(1, 0.7), facing: 1,
      painter: self, distance: 0.1
    ).paint(on: canvas)
  }
}

/// The colours of the water and of its floor.
private struct UnderwaterPalette: Sendable {
  private let palette: Palette
  private let horizon: Float
  private let source: Point
  private let noise: Noise
  private let clock: Float
  private let isCel: Bool
  private let sand: Colour

  init(_ painter: Painter) {
    let scene = painter.scene
    palette = scene.palette
    horizon = scene.horizon
    // The light comes from above the image.
    source = Point(scene.sun.x * 0.7, -0.35)
    noise = Noise(scene.stream.split("depths"))
    clock = painter.time
    isCel = painter.rendering.shading == .cel
    sand =
      Colour(0xD8_C8_A0)
      * (palette.ambient * Colour(repeating: 0.7) + palette.sun * Colour(repeating: 0.3))
  }

  func water(_ x: Float, _ y: Float) -> Colour {
    let t = Elementary.clamp(y / horizon)
    var colour = palette.zenith.mixed(palette.horizon, Elementary.smooth(0, 0.62, t))
    colour = colour.mixed(palette.horizon * Colour(repeating: 0.6), Elementary.smooth(0.45, 1, t))
    let dx = x - source.x
    let dy = y - source.y
    let bright = 1 / (1 + (dx * dx + dy * dy * 0.6) * 3.4)
    colour += palette.sun * Colour(repeating: bright * 0.3)
    // Shafts of light that fan out from the sun and fade with depth.
    let angle = dx / dy
    let broad = noise.value(angle * 7 + clock * 0.16, clock * 0.1)
    let fine = noise.value(angle * 19 - clock * 0.22, 4 + clock * 0.12)
    var shaft = Elementary.smooth(0.42, 0.9, broad * 0.62 + fine * 0.38)
    if isCel { shaft = shaft > 0.3 ? 0.6 : 0 }
    colour += palette.sun * Colour(repeating: shaft * 0.34 * (1 - t) * (1 - t * 0.4))
    colour += surface(x, y)
    colour.w = 0.95
    return colour
  }

  /// The mirroring surface, seen from below along the upper edge.
  private func surface(_ x: Float, _ y: Float) -> Colour {
    let near = Elementary.smooth(0.13, 0, y)
    if near <= 0 { return Colour(0, 0, 0, 0) }
    let far = 1 / (y + 0.05)
    let ripple = noise.swell(x * far * 0.5 + clock * 0.2, far * 1.1 + clock * 0.4, octaves: 3)
    let glint = isCel ? (ripple > 0.55 ? 0.7 : 0) : Elementary.smooth(0.46, 0.7, ripple)
    return palette.sun * Colour(repeating: glint * near * 0.5)
  }

  func floor(_ x: Float, _ y: Float) -> Colour {
    let rise = noise.swell(x * 1.6, 2, octaves: 3) * 0.07
    let edge = horizon - 0.05 + rise
    let back = water(x, y)
    let t = Elementary.smooth(edge, edge + 0.035, y)
    if t <= 0 { return back }
    let depth = 0.42 / max(y - horizon + 0.14, 0.02)
    let u = x * depth * 4
    let v = depth * 9
    let ripple = noise.slope(u * 1.6, v)
    var light = 0.82 + ripple.south * 0.12 + (noise.cloud(u * 5, v * 4, octaves: 5) - 0.5) * 0.3
    // Caustics: nets of light from the waves above.
    let warp = noise.value(u * 0.9 + clock * 0.3, v * 0.9)
    let net = abs(noise.value(u * 1.5 + warp * 1.4 + clock * 0.35, v * 1.3 - clock * 0.25) - 0.5)
    let caustic = Elementary.smooth(0.09, 0, net)
    if isCel { light = ripple.height > 0.55 ? 0.95 : 0.82 }
    var colour = sand * Colour(repeating: light)
    colour += palette.sun * Colour(repeating: caustic * 0.16)
    let far = Elementary.smooth(0.3, 0, y - horizon)
    colour = colour.mixed(palette.haze * Colour(repeating: 0.75), 0.15 + far * 0.62)
    colour.w = 0.12 + far * 0.6
    return back.mixed(colour, isCel ? (t > 0.5 ? 1 : 0) : t)
  }
}
