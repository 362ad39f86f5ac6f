/// Heights and colours of the land of a scene, in units of about a person's height.
struct Land: Sendable {
  enum Kind { case mountains, dunes, hills, snow, coast, lake }

  let kind: Kind
  let eye: Float
  let horizon: Float
  let hasWater: Bool
  let farthest: Float
  /// How far the camera has moved sideways and forwards, in units.
  let pan: Float
  let advance: Float
  private let octaves: Int
  private let texture: Float
  private let shape: Noise
  private let detail: Noise
  private let season: Season
  private let tint: Colour?
  private let side: Float
  private let isCel: Bool
  private let glow: Colour
  /// Bumps per unit, and how strongly they tilt the surface.
  private let grainSize: Float
  private let bumpiness: Float

  init(_ painter: Painter, _ view: View = View()) {
    let scene = painter.scene
    switch scene.place {
    case .mountains: kind = .mountains
    case .desert: kind = .dunes
    case .snow: kind = .snow
    case .coast: kind = .coast
    case .lake: kind = .lake
    default: kind = .hills
    }
    eye = kind == .mountains ? 2.2 : (kind == .dunes ? 3.2 : 1.7)
    horizon = scene.horizon
    hasWater = kind == .coast || kind == .lake
    farthest = 90
    pan = view.pan * 4
    advance = (view.zoom - 1) * 6
    octaves = painter.rendering.octaves
    texture = painter.rendering.texture
    shape = Noise(scene.stream.split("land"))
    detail = Noise(scene.stream.split("ground"))
    season = scene.season
    tint = hasWater ? nil : scene.placeColours.first
    side = scene.sunDirection.x > 0 ? -1 : 1
    isCel = painter.rendering.shading == .cel
    glow = scene.glow
    grainSize = kind == .dunes || kind == .snow ? 3 : 7
    bumpiness = kind == .snow ? 0.1 : (kind == .dunes ? 0.12 : 0.3)
  }

  /// Height of the land at a point, in units; water lies at 0.
  @inline(__always)
  func height(_ x: Float, _ z: Float, octaves: Int) -> Float {
    switch kind {
    case .mountains:
      let rise = Elementary.smooth(9, 42, z)
      let crest = rise > 0 ? shape.ridge(x * 0.055, z * 0.055, octaves: octaves) : 0
      let near = shape.swell(x * 0.16 + 40, z * 0.16, octaves: min(octaves, 5))
      return rise * rise * crest * 19 * (0.45 + rise) + (near - 0.45) * 1.5
    case .dunes:
      // Wind piles sand up slowly on one side and lets it slide down on the other.
      let bend = shape.swell(x * 0.045 + 9, z * 0.05, octaves: 2) * 2.1
      let phase = Elementary.fraction(x * 0.06 * side + z * 0.075 + bend)
      let profile =
        phase < 0.7 ? Elementary.smooth(0, 0.7, phase) : Elementary.smooth(1, 0.7, phase)
      let size = 0.4 + 1.5 * shape.value(x * 0.04 + 3, z * 0.05)
      let small = shape.swell(x * 0.2, z * 0.24, octaves: 2)
      let near = profile * size * 2.7 * Elementary.smooth(2, 14, z) + small * 0.3
      let far = Elementary.smooth(40, 90, z)
      if far <= 0 { return near }
      return near + far * 2.4 * shape.swell(x * 0.03, z * 0.03, octaves: 3)
    case .hills:
      let rolling = shape.swell(x * 0.06, z * 0.07, octaves: min(octaves, 4))
      let far = Elementary.smooth(26, 80, z)
      let near = (rolling - 0.42) * (2.2 + far * 8) * Elementary.smooth(2, 20, z)
      if far <= 0 { return near }
      return near + far * far * 6 * shape.ridge(x * 0.03 + 7, z * 0.03, octaves: min(octaves, 5))
    case .snow:
      let rise = Elementary.smooth(14, 60, z)
      let near = (shape.swell(x * 0.08, z * 0.09, octaves: min(octaves, 4)) - 0.42) * 2.2
      if rise <= 0 { return near }
      return near + rise * rise * 9 * shape.ridge(x * 0.045, z * 0.045, octaves: octaves)
    case .coast:
      // The shore runs from the viewer into the distance on one side.
      let shore = x * side + 0.9 + (shape.swell(z * 0.12, 3, octaves: 3) - 0.5) * (2 + z * 0.35)
      let beach = shore * 0.13 - z * 0.012
      let cliff = Elementary.smooth(6, 16, shore - z * 0.1) * Elementary.smooth(10, 30, z)
      if cliff <= 0 { return min(beach, 0.6) }
      return min(beach, 0.6) + cliff * 7 * shape.ridge(x * 0.08, z * 0.08, octaves: octaves)
    case .lake:
      let bank = Elementary.smooth(20, 34, z + (shape.swell(x * 0.1, 5, octaves: 3) - 0.5) * 14)
      let near = Elementary.smooth(3.4, 1.2, z + shape.value(x * 0.5, 2) * 1.4) * 0.34
      let sides = Elementary.smooth(7, 17, abs(x) - z * 0.12)
      let rise = max(bank, sides)
      let bed = near - 0.16
      if rise <= 0 { return bed }
      let land = rise * (0.5 + 2.4 * shape.swell(x * 0.1, z * 0.1, octaves: min(octaves, 5)))
      let far = Elementary.smooth(24, 70, z)
      if far <= 0 { return bed + land }
      return bed + land + far * far * 17 * shape.ridge(x * 0.045, z * 0.045, octaves: octaves)
    }
  }

  /// The ground's colour at a point; a `slope` of 1 is level.
  @inline(__always)
  func ground(_ x: Float, _ z: Float, _ height: Float, level: Float) -> Colour {
    var patch = detail.cloud(x * 0.4, z * 0.4, octaves: 3)
    // The cel style has fields of one colour.
    if isCel { patch = patch > 0.54 ? 0.75 : 0.3 }
    var colour: Colour
    switch kind {
    case .mountains, .lake:
      let strata = detail.value(x * 0.3, height * 1.7)
      let rock = Colour(0x7C_72_68).mixed(Colour(0x54_50_52), strata)
      let meadow = grass(patch)
      let woods = Colour(0x2A_42_2C).mixed(Colour(0x40_56_30), detail.value(x * 2.2, z * 2.2))
      let snowLine: Float = season == .winter ? 2 : (season == .summer ? 6.4 : 5)
      let line = height + (patch - 0.5) * 3.4
      colour = meadow.mixed(woods, border(0.5, 1.4, line) * Elementary.smooth(11, 16, z))
      colour = colour.mixed(rock, border(2.2, 4.4, line + (1 - level) * 3))
      colour = colour.mixed(rock, border(0.72, 0.56, level))
      colour = colour.mixed(
        Colour(0xEC_F2_FA), border(snowLine, snowLine + 1.1, line) * border(0.36, 0.6, level))
    case .dunes:
      colour = Colour(0xDC_A8_68).mixed(Colour(0xE6_B8_78), patch)
    case .hills:
      colour = grass(patch)
      let field = detail.value(x * 0.13 + 30, z * 0.11)
      colour = colour.mixed(Colour(0xB8_A8_4C), Elementary.smooth(0.62, 0.72, field) * 0.6)
      colour = colour.mixed(Colour(0x3C_5A_34), Elementary.smooth(2.5, 6, height))
    case .snow:
      colour = Colour(0xE6_EE_F8).mixed(Colour(0xD2_E0_F2), patch)
      colour = colour.mixed(Colour(0x5E_60_68), border(0.6, 0.45, level) * 0.85)
    case .coast:
      colour = Colour(0xDC_C0_90).mixed(Colour(0xE8_D4_AA), patch)
      colour = colour.mixed(Colour(0x8C_76_5C), Elementary.smooth(0.1, 0.02, height) * 0.7)
      colour = colour.mixed(Colour(0x7C_6E_62), Elementary.smooth(0.75, 1.4, height + patch))
      colour = colour.mixed(
        grass(patch),
        Elementary.smooth(0.5, 0.75, level) * Elementary.smooth(1.2, 2.2, height + patch))
    }
    if let tint { colour = colour.mixed(tint, 0.6) }
    return colour
  }

  /// The border between two grounds: soft, but sharp in the cel style.
  @inline(__always)
  private func border(_ low: Float, _ high: Float, _ x: Float) -> Float {
    let t = Elementary.smooth(low, high, x)
    return isCel ? Elementary.smooth(0.44, 0.56, t) : t
  }

  /// Exaggerates slopes in the light: smooth sand shows its form only by shadows.
  var relief: Float { kind == .dunes ? 3 : 1 }

  /// True when stones and tufts are shown.
  var isRough: Bool { texture >= 0.3 }

  @inline(__always)
  private func grass(_ patch: Float) -> Colour {
    switch season {
    case .spring: Colour(0x5C_9A_3C).mixed(Colour(0x86_B4_4C), patch)
    case .summer: Colour(0x4C_80_34).mixed(Colour(0x84_9C_48), patch)
    case .autumn: Colour(0x9A_7C_3A).mixed(Colour(0xB8_8C_40), patch)
    case .winter: Colour(0xD6_E0_EA).mixed(Colour(0xEE_F2_F8), patch)
    }
  }

  /// Stones, tufts and ripples, which are too small for the height table: their brightness and
  /// slopes. 0 far away, where they would only flicker.
  @inline(__always)
  func roughness(_ x: Float, _ z: Float, distance: Float) -> (fine: Float, slope: Point) {
    let near = texture / (1 + distance * distance * 0.011)
    if near < 0.03 || !isRough { return (0, Point(0, 0)) }
    if kind == .dunes {
      // Ripples across the wind, with grains between them.
      let bend = detail.cloud(x * 0.45, z * 0.45, octaves: 3) * 9
      let turn = (x * 0.8 * side + z * 2.4) * 2.6 + bend
      let grain = detail.value(x * 19, z * 19) - 0.5
      let steepness = Elementary.cos(turn) * 0.55 * near
      return (grain * 0.1 * near, Point(0.32 * side, 0.95) * steepness)
    }
    let coarse = detail.slope(x * grainSize + 7, z * grainSize)
    let small = detail.slope(x * grainSize * 2.3, z * grainSize * 2.3 + 31)
    let slope = Point(coarse.east + small.east * 0.6, coarse.south + small.south * 0.6)
    return (
      (coarse.height * 0.6 + small.height * 0.4 - 0.5) * near, slope * (near * bumpiness)
    )
  }

  /// The side of a coast's land: positive for the right.
  var dryDirection: Float { side }

  /// The foot of a subject that stands on dry land at this position; nil over water.
  func footing(_ foot: Point) -> Point? {
    let z = eye * LandTable.focal / max(foot.y - horizon, 0.02)
    let height = height(foot.x / LandTable.focal * z, z, octaves: 4)
    if hasWater, height < 0.03 { return nil }
    return Point(foot.x, horizon + LandTable.focal * (eye - height) / z)
  }

  /// Lines of light on the land, for the futuristic style.
  @inline(__always)
  func grid(_ x: Float, _ z: Float) -> Colour {
    let width = 0.012 + z * 0.0035
    let gx = abs(Elementary.fraction(x * 0.5) - 0.5)
    let gz = abs(Elementary.fraction(z * 0.5) - 0.5)
    let line = max(Elementary.smooth(width * 1.6, 0, gx), Elementary.smooth(width * 2.4, 0, gz))
    return glow * Colour(repeating: line * 0.55 / (1 + z * 0.05))
  }
}
