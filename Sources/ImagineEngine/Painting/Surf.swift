/// Waves that come in, break and run up a beach; the viewer stands on its sand.
extension Painter {
  /// How long a wave takes from afar to the sand, in seconds, and how many are under way.
  private static let passage: Float = 14
  private static let waves = 4

  func paintSurf(_ canvas: Canvas) {
    let beach = Beach(self, canvas, runUp: runUp)
    paintWater(canvas, downTo: beach.lowest)
    let rows = courses(to: beach.shore).map { Breaker($0, self, canvas) }
    canvas.inBands { band in
      for row in rows { row.paint(band, canvas) }
      for row in band { beach.paint(row, canvas) }
    }
  }

  /// How far the last wave has run up the sand, 0 … 1: quickly up, slowly back.
  private var runUp: Float {
    var stream = scene.stream.split("surf")
    let offset = stream.unit()
    let beat = Elementary.fraction((time / Self.passage + offset) * Float(Self.waves))
    return Elementary.smooth(0, 0.38, beat) * Elementary.smooth(1, 0.36, beat)
  }

  private func courses(to shore: Float) -> [Breaker.Course] {
    var stream = scene.stream.split("surf")
    let offset = stream.unit()
    let strength: Float = scene.weather == .storm ? 1.3 : 1
    let reach = shore - scene.horizon
    return (0..<Self.waves).map { wave in
      let turn = time / Self.passage + offset + Float(wave) / Float(Self.waves)
      let way = Elementary.fraction(turn)
      // Near waves cover more of the image in the same time.
      let near = way * (0.25 + 0.75 * way)
      let grown = Elementary.smooth(0, 0.45, way) * Elementary.smooth(1.02, 0.8, way)
      return Breaker.Course(
        near: 0.2 + near * 0.7, level: scene.horizon + reach * (0.08 + near * 0.92),
        rise: (0.012 + 0.1 * near) * grown * strength + 0.0005, across: 2.6 - 1.4 * near,
        drift: Float(wave) * 17.3 + Elementary.floor(turn) * 31.7, shape: Float(wave) * 3.7,
        evenness: 0.8, breaking: Elementary.mix(-0.45, 0.75, Elementary.smooth(0.2, 0.8, way)))
    }.sorted { $0.level < $1.level }
  }
}

/// The sand of a beach seen from the land, and the foam that runs up it.
private struct Beach: Sendable {
  /// The average y at which the sand begins.
  let shore: Float
  /// The lowest y of the water, in image heights.
  var lowest: Float { edges.reduce(shore) { max($0, $1.now) } + 0.01 }
  private let painter: Painter
  private let noise: Noise
  private let horizonRow: Float
  private let foam: Colour
  private let sand: Colour
  private let wet: Colour
  private let isCel: Bool
  /// For each column: where the water ends now, and the highest point it reached.
  private let edges: [(now: Float, highest: Float)]

  init(_ painter: Painter, _ canvas: Canvas, runUp: Float) {
    let scene = painter.scene
    self.painter = painter
    isCel = painter.rendering.shading == .cel
    let shore = scene.horizon + (1 - scene.horizon) * 0.52
    self.shore = shore
    noise = Noise(scene.stream.split("beach"))
    horizonRow = canvas.pixel(Point(0, scene.horizon), 0.3).y
    foam = WaterColours(painter).foam
    let light =
      scene.palette.ambient * Colour(repeating: 0.75) + scene.palette.sun * Colour(repeating: 0.5)
    sand = (scene.placeColours.first ?? Colour(0xE4_C8_96)) * light
    wet = Colour(0x8C_70_50) * light
    let side: Float = scene.sunDirection.x > 0 ? 1 : -1
    let noise = noise
    edges = (0..<canvas.width).map { column in
      let x = canvas.x(column, 0.6)
      // Tongues of water of different widths, along a shore that slants a little.
      let tongue = noise.swell(x * 1.7, 3, octaves: 2) - 0.5
      let lace = noise.swell(x * 9, 7, octaves: 3) - 0.5
      let base = shore + side * x * 0.05 + tongue * 0.05
      let reach = 0.05 + tongue * 0.06
      return (
        base + (runUp - 0.45) * 2 * reach + lace * 0.014 * (0.4 + runUp),
        base + 1.15 * reach + lace * 0.012 + 0.012
      )
    }
  }

  func paint(_ row: Int, _ canvas: Canvas) {
    let y = canvas.y(row, 0.6)
    if y < shore - 0.2 { return }
    let line = canvas.pixels + row * canvas.width
    let depth = 1 / max(y - painter.scene.horizon, 0.05)
    let mirrored = Int(max(2 * horizonRow - Float(row) - 1, 0))
    let mirror = canvas.pixels + mirrored * canvas.width
    for column in 0..<canvas.width {
      let edge = edges[column]
      let beyond = y - edge.now
      let x = canvas.x(column, 0.6)
      if beyond > 0 {
        line[column] = ground(x, y, depth, edge.highest - y, mirror[column])
      }
      let lace = foamLace(x, depth, beyond)
      if lace > 0 {
        var colour = line[column].mixed(foam, lace)
        colour.w = line[column].w
        line[column] = colour
      }
    }
  }

  /// Sand: wet and mirroring the sky where the water was, dry and rippled above.
  private func ground(
    _ x: Float, _ y: Float, _ depth: Float, _ drained: Float, _ sky: Colour
  ) -> Colour {
    let u = x * depth
    let grain = noise.cloud(u * 30, depth * 30, octaves: 5) - 0.5
    let trodden = noise.slope(u * 8, depth * 9)
    let side = painter.sceneLight.direction.x
    var relief = grain * 0.5 * painter.rendering.texture
    relief += (trodden.east * side * 0.1 - trodden.south * 0.05) * (isCel ? 0 : 1)
    var colour = sand.lit(max(0.3, 1 + relief * 0.7))
    if isCel { colour = sand.lit(trodden.height > 0.58 ? 1.06 : 0.94) }
    let soaked = Elementary.smooth(-0.025, 0.012, drained)
    if soaked > 0 {
      let film = Elementary.smooth(0, 0.09, drained)
      // Ripples scatter the sun's own reflection.
      let glare = Elementary.smooth(0.5, 0.75, sky.luminance)
      let shown = wet.lit(1 + grain * 0.2).mixed(
        sky.mixed(painter.scene.palette.horizon, glare), 0.22 + 0.5 * film)
      colour = colour.mixed(shown, isCel ? (soaked > 0.5 ? 1 : 0) : soaked)
    }
    colour.w = max(0.02, 0.3 - (y - shore) * 0.8)
    return colour
  }

  /// The white edge of the water, and the net of foam that a broken wave leaves behind.
  private func foamLace(_ x: Float, _ depth: Float, _ beyond: Float) -> Float {
    if beyond > 0.004 || beyond < -0.16 { return 0 }
    let u = x * depth
    let net = noise.cloud(u * 3, depth * 11 + beyond * 14, octaves: 5)
    let strand = 1 - abs(net - 0.5) * 9
    let rim = Elementary.smooth(-0.03 - net * 0.03, -0.004, beyond)
    let behind = Elementary.smooth(-0.16, -0.02, beyond)
    var amount = max(rim * 0.95, max(0, strand) * behind * 0.75)
    if isCel { amount = amount > 0.4 ? 0.95 : 0 }
    return amount * Elementary.smooth(0.004, 0, beyond)
  }
}
