/// A street seen along its middle: each pixel's ray meets the road, the pavements, one of the two
/// rows of houses, or the sky.
extension Painter {
  func paintStreet(_ canvas: Canvas) {
    let street = Street(self)
    canvas.inBands { band in
      for row in band {
        let y = canvas.y(row, 0.3)
        let line = canvas.pixels + row * canvas.width
        for column in 0..<canvas.width {
          guard let colour = street.colour(canvas.x(column, 0.3), y) else { continue }
          line[column] = colour
        }
      }
    }
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
  private let advance: Float
  private let halfWidth: Float = 3.4
  private let eye: Float = 1.6

  init(_ painter: Painter) {
    self.painter = painter
    var stream = painter.scene.stream.split("street")
    horizon = painter.scene.horizon
    noise = Noise(stream)
    vanish = stream.within(-0.06...0.06)
    salt = UInt32(truncatingIfNeeded: stream.next())
    isLit = painter.scene.isLit
    isWet =
      painter.scene.weather == .rain || painter.scene.features.contains(.reflection)
      || painter.rendering.shading == .neon
    advance = 0
  }

  /// What is seen at a point; nil where it is the sky.
  func colour(_ x: Float, _ y: Float) -> Colour? {
    let dx = (x - vanish) / 1.1
    let dy = (horizon - y) / 1.1
    // The wall that the ray meets.
    let wallZ = abs(dx) < 1e-4 ? Float(1e6) : halfWidth / abs(dx)
    if dy < 0 {
      let groundZ = eye / -dy
      if groundZ < wallZ { return ground(dx * groundZ, groundZ, dx, dy) }
    }
    if wallZ > 70 { return farEnd(dx, dy) }
    return wall(wallZ, eye + dy * wallZ, isRight: dx > 0)
  }

  private func farEnd(_ dx: Float, _ dy: Float) -> Colour? {
    if dy > 0.035 + 0.02 * noise.value(dx * 160, 3) { return nil }
    var colour = painter.scene.palette.haze
    colour.w = 0.95
    return colour
  }

  private func wall(_ z: Float, _ height: Float, isRight: Bool) -> Colour? {
    let side: Int32 = isRight ? 1 : 0
    let lot = Int32(z / 4.2)
    let kind = Noise.cell(lot, side, salt)
    let roof = 4.6 + 5.6 * Noise.cell(lot, side, salt &+ 1)
    if height > roof {
      // Behind a low house stands the next higher one.
      for step in 1..<4 {
        let next = lot + Int32(step)
        let nextRoof = 4.6 + 5.6 * Noise.cell(next, side, salt &+ 1)
        let edge = Float(next) * 4.2
        let there = 1.6 + (height - 1.6) * edge / z
        if there < nextRoof, edge < 60 {
          var colour = painter.lamp.light(
            facade(next, side).lit(0.7), SIMD3(0, 0, 1), shine: 0)
          colour = painter.hazed(colour, edge / 60)
          colour.w = edge / 70
          return colour
        }
      }
      return nil
    }
    let u = Elementary.fraction(z / 4.2) * 4.2
    let normal = SIMD3<Float>(isRight ? -0.85 : 0.85, 0, 0.52)
    var albedo = facade(lot, side)
    let grainy =
      (noise.cloud(z * 2.5, height * 2.5, octaves: 3) - 0.5) * 0.4 * painter.rendering.texture
    albedo = albedo.lit(1 + grainy)
    if u < 0.12 || height > roof - 0.3 { albedo = albedo.lit(0.7) }
    var colour = painter.lamp.light(albedo, normal, shine: 0)
    let floor = Int32(height / 1.9)
    if height < 1.95 {
      colour = shop(colour, u, height, lot, side)
    } else {
      let wx = Elementary.fraction(u / 1.05)
      let wy = Elementary.fraction(height / 1.9)
      if wx > 0.22, wx < 0.78, wy > 0.24, wy < 0.8, height < roof - 0.5 {
        let frame = wx < 0.27 || wx > 0.73 || wy < 0.28 || wy > 0.76 || abs(wx - 0.5) < 0.025
        let on =
          Noise.cell(Int32(u / 1.05) + lot * 8, floor + side * 40, salt &+ 2) < (isLit ? 0.5 : 0.05)
        if frame {
          colour = painter.lamp.light(Colour(0xEC_E6_DA), normal, shine: 0)
        } else if on {
          colour = Colour(0xFF_D0_84) * Colour(repeating: 1.1)
        } else {
          colour =
            painter.scene.palette.horizon.mixed(painter.scene.palette.zenith, wy)
            * Colour(repeating: 0.4)
        }
      }
    }
    colour += signs(z, height, lot, side, kind)
    if isLit { colour += lampLight(z, height) }
    colour = painter.hazed(colour, z / 48)
    colour.w = min(z / 70, 0.97)
    return colour
  }

  private func facade(_ lot: Int32, _ side: Int32) -> Colour {
    let colours = [
      Colour(0xC4_7C_5C), Colour(0xD8_B8_8C), Colour(0x9C_A4_A8), Colour(0xB4_60_50),
      Colour(0xE0_D4_C0), Colour(0x7C_8C_94), Colour(0xC8_9C_6C), Colour(0xA8_8C_9C),
    ]
    let choice = Int(Noise.cell(lot, side, salt &+ 3) * 7.99)
    if let tint = painter.scene.placeColours.first { return colours[choice].mixed(tint, 0.5) }
    return colours[choice]
  }

  /// The ground floor: a window to look into, a door, an awning.
  private func shop(_ wall: Colour, _ u: Float, _ height: Float, _ lot: Int32, _ side: Int32)
    -> Colour
  {
    let cloth = painter.scene.glow.mixed(
      [Colour(0xB8_34_2C), Colour(0x2C_70_50), Colour(0x34_50_88), Colour(0xD0_98_30)][
        Int(Noise.cell(lot, side, salt &+ 4) * 3.99)], 0.85)
    if height > 1.5, height < 1.85 {
      let stripe = Elementary.fraction(u * 2.2) > 0.5
      return painter.lamp.light(stripe ? cloth : Colour(0xF0_EA_E0), SIMD3(0, 0.6, 0.8), shine: 0)
    }
    if u > 3.3, height < 1.45 { return wall.lit(u > 3.4 && u < 4.0 ? 0.28 : 0.6) }
    if u > 0.4, u < 3.1, height > 0.4, height < 1.45 {
      let inside = noise.cloud(u * 3 + Float(lot) * 5, height * 4, octaves: 3)
      let light: Float = isLit ? 1.15 : 0.32
      return Colour(0xF8_CC_88).mixed(Colour(0x7C_50_30), inside) * Colour(repeating: light)
    }
    return wall.lit(0.75)
  }

  /// Signs that glow over the shops.
  private func signs(_ z: Float, _ height: Float, _ lot: Int32, _ side: Int32, _ kind: Float)
    -> Colour
  {
    let isNeon = painter.scene.lights.contains(.neon) || painter.rendering.shading == .neon
    guard isNeon || (isLit && kind > 0.6) else { return Colour(0, 0, 0, 0) }
    let u = Elementary.fraction(z / 4.2) * 4.2
    let low = 2.2 + kind * 1.4
    guard u > 1.1, u < 1.75, height > low, height < low + 2.1 else { return Colour(0, 0, 0, 0) }
    let fx = abs((u - 1.42) / 0.32)
    let fy = abs((height - low - 1.05) / 1.05)
    let border = max(fx, fy) > 0.86
    let mark = Noise.cell(Int32(u * 9), Int32(height * 7) + lot * 31, salt &+ 5) > 0.45
    let hue =
      kind > 0.5
      ? painter.scene.glow
      : Colour(painter.scene.glow.y, painter.scene.glow.z, painter.scene.glow.x, 0)
    return hue * Colour(repeating: border ? 1.7 : (mark ? 1.1 : 0.12))
  }

  /// The pools of light under the lamps.
  private func lampLight(_ z: Float, _ height: Float) -> Colour {
    let along = Elementary.fraction((z - 5) / 5.5 + 0.5) - 0.5
    let fall = Elementary.exp(-along * along * 14 - (height - 2.6) * (height - 2.6) * 0.25)
    return Colour(0xFF_C0_70) * Colour(repeating: 0.3 * fall * (painter.scene.isDark ? 1 : 0.4))
  }

  private func ground(_ x: Float, _ z: Float, _ dx: Float, _ dy: Float) -> Colour {
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
    var colour = painter.lamp.light(albedo, SIMD3(rough * 0.2, 0.96, 0.2), shine: 0)
    if isLit { colour += lampLight(z, 2.2) * albedo * Colour(repeating: 1.6) }
    if isWet {
      // A wet road mirrors the houses, more where the water stands.
      let wave = (noise.value(x * 5, z * 2.2 + painter.time * 0.5) - 0.5) * 0.05
      let wallZ = halfWidth / max(abs(dx + wave), 1e-4)
      let mirrored = wallZ < 60 ? wall(wallZ, -dy * wallZ - eye + 0.4, isRight: dx > 0) : nil
      let reflection = mirrored ?? painter.scene.palette.horizon
      let pool = Elementary.smooth(0.42, 0.62, noise.cloud(x * 0.8, z * 0.5, octaves: 3))
      colour = colour.mixed(reflection, 0.25 + 0.4 * pool)
    }
    colour = painter.hazed(colour, z / 48)
    colour.w = min(z / 70, 0.97)
    return colour
  }
}
