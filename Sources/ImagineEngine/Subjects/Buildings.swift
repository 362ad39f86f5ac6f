/// House, castle, lighthouse, street lamp.
extension Figure {
  mutating func drawHouse() {
    let wall = main(oneOf: [0xE8_DC_C4, 0xD0_6C_54, 0xF0_E8_DC, 0xC8_B8_98, 0x8C_A8_B8], .brick)
    let roof = second(
      Surface(
        colour: Colour(stream.pick([0x8C_40_30, 0x4C_50_5C, 0x70_4C_38])), texture: .brick,
        round: 0.1))
    var front = wall
    front.round = 0.08
    let trim = Surface.flat(0xF4_F0_E8)
    let lit = Surface.glowing(Colour(0xFF_D8_88), 0.75)
    box(0.28, -0.98, 0.38, -0.6, roof.darker(0.8))
    box(0.26, -1.0, 0.4, -0.95, trim.darker(0.7))
    polygon([(0.16, -0.52), (0.58, -0.52), (0.58, 0), (0.16, 0)], front.darker(0.72))
    polygon([(-0.2, -0.92), (0.36, -0.92), (0.66, -0.5), (0.16, -0.5)], roof)
    polygon([(-0.55, -0.5), (-0.2, -0.92), (0.16, -0.5), (0.16, 0), (-0.55, 0)], front)
    for (x0, x1) in [(-0.62 as Float, -0.2 as Float)] {
      polygon(
        [(x0, -0.46), (x1, -0.96), (x1 + 0.01, -0.88), (x0 + 0.03, -0.42)], roof.darker(0.75))
    }
    polygon([(-0.2, -0.96), (0.22, -0.46), (0.19, -0.42), (-0.2, -0.88)], roof.darker(0.9))
    box(
      -0.3, -0.3, -0.12, 0,
      Surface(
        colour: Colour(stream.pick([0x7C_3C_2C, 0x2C_54_68, 0x3C_5C_40])), texture: .bark,
        round: 0.1))
    ellipse(-0.15, -0.14, 0.012, 0.012, .glowing(Colour(0xE8_C8_60), 0.5), outlined: false)
    for window in [
      Point(-0.46, -0.34), Point(-0.02, -0.34), Point(-0.25, -0.64), Point(0.3, -0.36),
      Point(0.46, -0.36),
    ] {
      let half: Float = window.x > 0.2 ? 0.05 : 0.062
      box(
        window.x - half - 0.014, window.y - 0.085, window.x + half + 0.014, window.y + 0.085, trim)
      box(window.x - half, window.y - 0.07, window.x + half, window.y + 0.07, lit, outlined: false)
      box(
        window.x - 0.006, window.y - 0.07, window.x + 0.006, window.y + 0.07, trim, outlined: false)
      box(
        window.x - half, window.y - 0.006, window.x + half, window.y + 0.006, trim, outlined: false)
    }
    for bush in 0..<4 {
      let x = [-0.56, -0.4, 0.24, 0.52][bush] as Float
      add(
        Shape.blob(Point(x, -0.04), Point(0.09, 0.065), roughness: 0.15, &stream),
        Surface(colour: Colour(0x44_78_38), texture: .leaves, round: 0.9))
    }
  }

  mutating func drawCastle() {
    let stone = main(Surface(colour: Colour(0xB4_AC_9C), texture: .brick, round: 0.25))
    let roof = second(
      Surface(
        colour: Colour(stream.pick([0x3C_54_84, 0x8C_3C_34, 0x44_60_50])), texture: .brick,
        round: 0.7))
    func tower(
      _ figure: inout Figure, _ x: Float, _ half: Float, _ top: Float, pointed: Bool, _ shade: Float
    ) {
      var wall = stone.darker(shade)
      wall.round = 0.85
      figure.box(x - half, top, x + half, 0, wall)
      figure.box(x - half * 1.18, top - 0.02, x + half * 1.18, top + 0.045, wall.darker(0.9))
      if pointed {
        figure.polygon(
          [(x - half * 1.3, top - 0.015), (x, top - half * 3.4), (x + half * 1.3, top - 0.015)],
          roof.darker(shade))
        figure.limb(
          [(x, top - half * 3.3, 0.004), (x, top - half * 3.4 - 0.06, 0.003)], .plain(0x50_48_40),
          outlined: false)
        let flap = Elementary.sin(figure.time * 5 + x * 9) * 0.012
        figure.polygon(
          [
            (x, top - half * 3.4 - 0.06), (x + 0.07, top - half * 3.4 - 0.045 + flap),
            (x, top - half * 3.4 - 0.02),
          ], .plain(0xC8_38_34), outlined: false)
      } else {
        figure.battlements(x - half * 1.18, x + half * 1.18, top - 0.02, wall.darker(0.95))
      }
      var y = top + 0.1
      while y < -0.12 {
        figure.box(
          x - 0.013, y, x + 0.013, y + 0.055, .glowing(Colour(0xFF_C8_70), 0.6), outlined: false)
        y += 0.17
      }
    }
    tower(&self, -0.16, 0.075, -0.7, pointed: true, 0.8)
    tower(&self, 0.2, 0.085, -0.62, pointed: true, 0.78)
    box(-0.2, -0.5, 0.24, 0, stone.darker(0.85))
    battlements(-0.2, 0.24, -0.5, stone.darker(0.85))
    tower(&self, 0.03, 0.1, -0.64, pointed: true, 0.95)
    box(-0.5, -0.32, 0.52, 0, stone)
    battlements(-0.5, 0.52, -0.32, stone)
    tower(&self, -0.52, 0.1, -0.44, pointed: true, 1)
    tower(&self, 0.54, 0.105, -0.46, pointed: true, 0.95)
    tower(&self, -0.16, 0.07, -0.4, pointed: false, 0.97)
    tower(&self, 0.18, 0.07, -0.4, pointed: false, 0.93)
    smooth(
      [(-0.07, 0), (-0.07, -0.17), (0.01, -0.245), (0.09, -0.17), (0.09, 0)],
      Surface(colour: Colour(0x3A_28_1C), texture: .bark, round: 0.1))
    for bar in 0..<4 {
      limb(
        [(-0.045 + Float(bar) * 0.037, -0.18, 0.004), (-0.045 + Float(bar) * 0.037, 0, 0.004)],
        .plain(0x20_18_14), outlined: false)
    }
  }

  private mutating func battlements(_ x0: Float, _ x1: Float, _ y: Float, _ surface: Surface) {
    let count = max(3, Int((x1 - x0) / 0.055))
    let step = (x1 - x0) / Float(count)
    for index in 0..<count where index % 2 == 0 {
      let x = x0 + Float(index) * step
      box(x, y - 0.035, x + step, y + 0.004, surface, outlined: false)
    }
  }

  mutating func drawLighthouse() {
    let wall = main(Surface(colour: Colour(0xF0_EC_E4), texture: .plain, round: 1))
    let band = second(Surface(colour: Colour(0xC4_34_2C), round: 1))
    smooth(
      [(-0.36, 0.03), (-0.24, -0.08), (0, -0.11), (0.26, -0.07), (0.38, 0.03)],
      Surface(colour: Colour(0x6C_64_5C), texture: .grain))
    polygon([(-0.115, -0.05), (-0.07, -0.74), (0.07, -0.74), (0.115, -0.05)], wall)
    for stripe in 0..<3 {
      let y0 = -0.16 - Float(stripe) * 0.2
      let y1 = y0 - 0.1
      func half(_ y: Float) -> Float { 0.115 - (-0.05 - y) * 0.0652 }
      polygon(
        [(-half(y0), y0), (-half(y1), y1), (half(y1), y1), (half(y0), y0)], band, outlined: false)
    }
    box(-0.11, -0.765, 0.11, -0.735, .plain(0x3C_3C_40))
    let pulse = 0.8 + 0.6 * max(0, Elementary.sin(time * 1.6))
    box(-0.055, -0.86, 0.055, -0.765, .glowing(Colour(0xFF_E8_A0), 1.2 * pulse + 0.4))
    for bar in 0..<3 {
      box(
        -0.03 + Float(bar) * 0.028, -0.86, -0.025 + Float(bar) * 0.028, -0.765, .flat(0x30_30_34),
        outlined: false)
    }
    smooth([(-0.08, -0.855), (-0.05, -0.92), (0, -0.96), (0.05, -0.92), (0.08, -0.855)], band)
    ellipse(0, -0.97, 0.012, 0.02, .plain(0x30_30_34))
    for y in [-0.24, -0.44, -0.62] as [Float] {
      box(-0.014, y, 0.014, y + 0.05, .flat(0x34_40_50), outlined: false)
    }
    box(-0.03, -0.14, 0.03, -0.045, .plain(0x5C_38_24))
  }

  mutating func drawLamp() {
    let iron = main(Surface(colour: Colour(0x30_34_3A), texture: .brushed, shine: 0.4))
    smooth(
      [(-0.08, 0), (-0.06, -0.05), (-0.02, -0.1), (0.02, -0.1), (0.06, -0.05), (0.08, 0)], iron)
    limb([(0, -0.06, 0.018), (0, -0.78, 0.013)], iron)
    polygon(
      [(-0.06, -0.8), (-0.085, -0.93), (0.085, -0.93), (0.06, -0.8)],
      .glowing(Colour(0xFF_DC_90), 1.8))
    polygon([(-0.1, -0.93), (0, -1.0), (0.1, -0.93)], iron)
    box(-0.06, -0.81, 0.06, -0.785, iron)
  }
}
