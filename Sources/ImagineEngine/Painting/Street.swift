/// A street seen along its middle: each pixel's ray hits the road, a pavement, one of the two rows
/// of houses, or the sky.
extension Painter {
  func paintStreet(_ canvas: Canvas) {
    let street = Street(self, canvas)
    canvas.inBands { band in street.paint(band, canvas) }
    paintStreetLamps(canvas)
  }

  private func paintStreetLamps(_ canvas: Canvas) {
    for index in (0..<5).reversed() {
      let z = 5 + Float(index) * 5.5
      for side in [-1, 1] as [Float] {
        let scale = 1.1 / z
        let lamp = Scene.Placement(
          kind: .lamp, foot: Point(side * 2.5 * scale, scene.horizon + 1.6 * scale),
          height: 3.1 * scale, colours: [], material: nil, facing: 1, distance: min(0.9, z / 40),
          standsOnGround: false, features: [], seed: 1)
        paint(lamp, canvas)
      }
    }
  }
}

private struct Street: Sendable {
  private let painter: Painter
  private let horizon: Float
  private let noise: Noise
  private let vanish: Float
  private let isLit: Bool
  private let isWet: Bool
  private let salt: UInt32
  private let tint: Colour?
  private let lampColour: Colour
  private let awningLight: Light
  private let halfWidth: Float = 3.4
  private let eye: Float = 1.6
  private let lotWidth: Float = 4.2
  /// The distance at which haze hides everything, in units.
  private let airDepth: Float = 48
  private static let nearness: Float = 0.3
  /// One for each column of the image.
  private var walls: [Wall] = []

  init(_ painter: Painter, _ canvas: Canvas) {
    self.painter = painter
    var stream = painter.scene.stream.split("street")
    horizon = painter.scene.horizon
    noise = Noise(stream)
    vanish = stream.within(-0.06...0.06)
    salt = UInt32(truncatingIfNeeded: stream.next())
    isLit = painter.sceneLight.isLit
    isWet =
      painter.scene.weather == .rain || painter.scene.features.contains(.reflection)
      || painter.rendering.shading == .neon
    tint = painter.scene.placeColours.first
    awningLight = Light(painter.sceneLight, SIMD3(0, 0.6, 0.8))
    lampColour = Colour(0xFF_C0_70) * Colour(repeating: painter.scene.isDark ? 0.3 : 0.14)
    walls = (0..<canvas.width).map {
      wall((canvas.x($0, Self.nearness) - vanish) / 1.1)
    }
  }

  /// Paints the rows of a band, except the sky.
  func paint(_ band: Range<Int>, _ canvas: Canvas) {
    for row in band {
      let y = canvas.y(row, Self.nearness)
      let dy = (horizon - y) / 1.1
      let line = canvas.pixels + row * canvas.width
      for column in 0..<canvas.width {
        let dx = (canvas.x(column, Self.nearness) - vanish) / 1.1
        if let colour = colour(dx, dy, walls[column], canvas) { line[column] = colour }
      }
    }
  }

  /// The colour seen in a direction; nil for the sky.
  private func colour(_ dx: Float, _ dy: Float, _ wall: Wall, _ canvas: Canvas) -> Colour? {
    if dy < 0 {
      let z = eye / -dy
      if z < wall.z { return ground(dx * z, z, dx, dy, canvas) }
    }
    if wall.z > 70 { return farEnd(dx, dy) }
    return facade(wall, at: eye + dy * wall.z)
  }

  private func farEnd(_ dx: Float, _ dy: Float) -> Colour? {
    if dy > 0.035 + 0.02 * noise.value(dx * 160, 3) { return nil }
    var colour = painter.scene.palette.haze
    colour.w = 0.95
    return colour
  }

  /// The values of a wall that are the same from its foot to its roof.
  private struct Wall: Sendable {
    let z: Float
    let side: Int32
    let lot: Int32
    let kind: Float
    let roof: Float
    /// Position along the lot's front.
    let u: Float
    let facade: Colour
    let light: Light
    /// The houses behind it, nearest first.
    let behind: (House, House, House)
    let lamps: Float
    let air: Air
  }

  /// The light on a plane: a factor on the surface's colour, and an added colour.
  private struct Light: Sendable {
    private let least: Colour
    private let gain: Colour

    init(_ sceneLight: SceneLight, _ normal: SIMD3<Float>) {
      least = sceneLight.light(Colour(repeating: 0), normal, shine: 0)
      gain = sceneLight.light(Colour(repeating: 1), normal, shine: 0) - least
    }

    @inline(__always)
    func on(_ albedo: Colour) -> Colour { albedo * gain + least }
  }

  /// The part of a house that shows behind a lower one.
  private struct House: Sendable {
    let edge: Float
    let roof: Float
    let colour: Colour

    /// True when it is visible above a wall at `z` where that would be `height` high.
    @inline(__always)
    func isSeen(over z: Float, _ height: Float) -> Bool {
      1.6 + (height - 1.6) * edge / z < roof
    }
  }

  private func wall(_ dx: Float) -> Wall {
    let z = halfWidth / max(abs(dx), 1e-4)
    let side: Int32 = dx > 0 ? 1 : 0
    let lot = Int32(min(z, 1000) / lotWidth)
    func roof(_ lot: Int32) -> Float { 4.6 + 5.6 * Noise.cell(lot, side, salt &+ 1) }
    func house(_ lot: Int32) -> House {
      let edge = Float(lot) * lotWidth
      var colour = painter.sceneLight.light(facade(lot, side).lit(0.7), SIMD3(0, 0, 1), shine: 0)
      colour = painter.hazed(colour, edge / airDepth)
      colour.w = edge / 70
      // At this distance there is none.
      return House(edge: edge, roof: edge < 60 ? roof(lot) : -.infinity, colour: colour)
    }
    let along = Elementary.fraction((z - 5) / 5.5 + 0.5) - 0.5
    return Wall(
      z: z, side: side, lot: lot, kind: Noise.cell(lot, side, salt), roof: roof(lot),
      u: Elementary.fraction(z / lotWidth) * lotWidth,
      facade: facade(lot, side),
      light: Light(painter.sceneLight, SIMD3<Float>(dx > 0 ? -0.85 : 0.85, 0, 0.52)),
      behind: (house(lot + 1), house(lot + 2), house(lot + 3)),
      lamps: Elementary.exp(-along * along * 14),
      air: Air(painter, depth: z / airDepth))
  }

  private func facade(_ wall: Wall, at height: Float) -> Colour? {
    if height > wall.roof {
      // A low house reveals the next higher one behind it.
      if wall.behind.0.isSeen(over: wall.z, height) { return wall.behind.0.colour }
      if wall.behind.1.isSeen(over: wall.z, height) { return wall.behind.1.colour }
      return wall.behind.2.isSeen(over: wall.z, height) ? wall.behind.2.colour : nil
    }
    var albedo = wall.facade
    if painter.rendering.texture > 0 {
      let grain = noise.cloud(wall.z * 2.5, height * 2.5, octaves: 3) - 0.5
      albedo = albedo.lit(1 + grain * 0.4 * painter.rendering.texture)
    }
    if wall.u < 0.12 || height > wall.roof - 0.3 { albedo = albedo.lit(0.7) }
    var colour = wall.light.on(albedo)
    if height < 1.95 {
      colour = shop(colour, wall.u, height, wall.lot, wall.side)
    } else if let window = window(wall, height) {
      colour = window
    }
    colour += signs(wall, height)
    if isLit {
      let fall = Elementary.exp(-(height - 2.6) * (height - 2.6) * 0.25)
      colour += lampColour * Colour(repeating: wall.lamps * fall)
    }
    colour = wall.air.over(colour)
    colour.w = min(wall.z / 70, 0.97)
    return colour
  }

  /// A window of an upper floor; nil on the wall.
  private func window(_ wall: Wall, _ height: Float) -> Colour? {
    let wx = Elementary.fraction(wall.u / 1.05)
    let wy = Elementary.fraction(height / 1.9)
    guard wx > 0.22, wx < 0.78, wy > 0.24, wy < 0.8, height < wall.roof - 0.5 else { return nil }
    if wx < 0.27 || wx > 0.73 || wy < 0.28 || wy > 0.76 || abs(wx - 0.5) < 0.025 {
      return wall.light.on(Self.frame)
    }
    let floor = Int32(height / 1.9)
    let chance = Noise.cell(
      Int32(wall.u / 1.05) + wall.lot * 8, floor + wall.side * 40, salt &+ 2)
    if chance < (isLit ? 0.5 : 0.05) { return Colour(0xFF_D0_84) * Colour(repeating: 1.1) }
    return painter.scene.palette.horizon.mixed(painter.scene.palette.zenith, wy)
      * Colour(repeating: 0.4)
  }

  private func facade(_ lot: Int32, _ side: Int32) -> Colour {
    let colour = Self.facades[Int(Noise.cell(lot, side, salt &+ 3) * 7.99)]
    guard let tint else { return colour }
    return colour.mixed(tint, 0.5)
  }

  private static let canvas = Colour(0xF0_EA_E0)
  private static let frame = Colour(0xEC_E6_DA)
  private static let facades = [
    Colour(0xC4_7C_5C), Colour(0xD8_B8_8C), Colour(0x9C_A4_A8), Colour(0xB4_60_50),
    Colour(0xE0_D4_C0), Colour(0x7C_8C_94), Colour(0xC8_9C_6C), Colour(0xA8_8C_9C),
  ]
  private static let awnings = [
    Colour(0xB8_34_2C), Colour(0x2C_70_50), Colour(0x34_50_88), Colour(0xD0_98_30),
  ]

  /// The ground floor: a shop window, a door, an awning.
  private func shop(_ wall: Colour, _ u: Float, _ height: Float, _ lot: Int32, _ side: Int32)
    -> Colour
  {
    if height > 1.5, height < 1.85 {
      let cloth = painter.scene.glow.mixed(
        Self.awnings[Int(Noise.cell(lot, side, salt &+ 4) * 3.99)], 0.85)
      let stripe = Elementary.fraction(u * 2.2) > 0.5
      return awningLight.on(stripe ? cloth : Self.canvas)
    }
    if u > 3.3, height < 1.45 { return wall.lit(u > 3.4 && u < 4.0 ? 0.28 : 0.6) }
    if u > 0.4, u < 3.1, height > 0.4, height < 1.45 {
      let inside = noise.cloud(u * 3 + Float(lot) * 5, height * 4, octaves: 3)
      let light: Float = isLit ? 1.15 : 0.32
      return Colour(0xF8_CC_88).mixed(Colour(0x7C_50_30), inside) * Colour(repeating: light)
    }
    return wall.lit(0.75)
  }

  /// Glowing signs over the shops.
  private func signs(_ wall: Wall, _ height: Float) -> Colour {
    let kind = wall.kind
    guard painter.sceneLight.isNeon || (isLit && kind > 0.6) else { return Colour(0, 0, 0, 0) }
    let u = wall.u
    let low = 2.2 + kind * 1.4
    guard u > 1.1, u < 1.75, height > low, height < low + 2.1 else { return Colour(0, 0, 0, 0) }
    let fx = abs((u - 1.42) / 0.32)
    let fy = abs((height - low - 1.05) / 1.05)
    let border = max(fx, fy) > 0.86
    let mark = Noise.cell(Int32(u * 9), Int32(height * 7) + wall.lot * 31, salt &+ 5) > 0.45
    let hue =
      kind > 0.5
      ? painter.scene.glow
      : Colour(painter.scene.glow.y, painter.scene.glow.z, painter.scene.glow.x, 0)
    return hue * Colour(repeating: border ? 1.7 : (mark ? 1.1 : 0.12))
  }

  private func ground(
    _ x: Float, _ z: Float, _ dx: Float, _ dy: Float, _ canvas: Canvas
  ) -> Colour {
    let rough = noise.cloud(x * 3, z * 1.5, octaves: 4) - 0.5
    var albedo: Colour
    let side = abs(x)
    if side < 2.2 {
      albedo = Colour(0x60_62_66).lit(1 + rough * 0.7)
      let dash = abs(x) < 0.07 && Elementary.fraction(z * 0.28) > 0.45
      if dash { albedo = Colour(0xE0_DC_D0) }
    } else if side < 2.32 {
      albedo = Colour(0x9C_98_92)
    } else {
      let joint = max(
        Elementary.smooth(0.45, 0.49, abs(Elementary.fraction(z * 1.1) - 0.5)),
        Elementary.smooth(0.45, 0.49, abs(Elementary.fraction(x * 1.6) - 0.5)))
      albedo = Colour(0xA4_9E_94).lit(1 + rough * 0.5 - joint * 0.3)
    }
    var colour = painter.sceneLight.light(albedo, SIMD3(rough * 0.2, 0.96, 0.2), shine: 0)
    if isLit {
      // Pools of light under the lamps.
      let along = Elementary.fraction((z - 5) / 5.5 + 0.5) - 0.5
      colour +=
        lampColour * albedo * Colour(repeating: 1.6 * Elementary.exp(-along * along * 14))
    }
    if isWet {
      // A wet road mirrors the houses, most strongly in puddles.
      let wave = (noise.value(x * 3, z * 2.2 + painter.time * 0.5) - 0.5) * 0.024
      let place = canvas.pixel(Point((dx + wave) * 1.1 + vanish, 0), Self.nearness).x
      let wall = walls[min(max(Int(max(place, 0)), 0), walls.count - 1)]
      let mirrored = wall.z < 60 ? facade(wall, at: -dy * wall.z - eye + 0.4) : nil
      let reflection = mirrored ?? painter.scene.palette.horizon
      let pool = Elementary.smooth(0.42, 0.62, noise.cloud(x * 0.8, z * 0.5, octaves: 3))
      colour = colour.mixed(reflection, 0.25 + 0.4 * pool)
    }
    colour = painter.hazed(colour, z / airDepth)
    colour.w = min(z / 70, 0.97)
    return colour
  }
}
