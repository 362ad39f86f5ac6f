/// Cat, dog, bird, fish, horse.
extension Figure {
  /// A cat that sits and looks at the viewer.
  mutating func drawCat() {
    let coat = main(oneOf: [0xC8_7C_3C, 0x7C_78_74, 0xE4_D4_BC, 0x3A_36_38, 0xB8_A0_80], .fur)
    let dark = coat.darker(0.55)
    let light = second(coat.with(colour: coat.colour.mixed(Colour(0xFA_F2_E6), 0.62)))
    let swing = Elementary.sin(time * 1.6) * 0.05
    limb(
      [
        (0.2, -0.06, 0.05), (0.38, -0.08, 0.048), (0.45 + swing, -0.22, 0.044),
        (0.41 + swing * 2, -0.38, 0.036), (0.45 + swing * 3, -0.45, 0.026),
      ], coat)
    smooth(
      [
        (0, -0.62), (0.15, -0.55), (0.23, -0.34), (0.28, -0.14), (0.24, -0.01), (0, 0.0),
        (-0.24, -0.01), (-0.28, -0.14), (-0.23, -0.34), (-0.15, -0.55),
      ], coat)
    bothSides { $0.ellipse(0.2 * $1, -0.1, 0.11, 0.12, coat) }
    smooth(
      [(0, -0.54), (0.09, -0.44), (0.1, -0.26), (0, -0.16), (-0.1, -0.26), (-0.09, -0.44)], light,
      outlined: false)
    bothSides {
      $0.limb(
        [(0.075 * $1, -0.34, 0.056), (0.078 * $1, -0.16, 0.05), (0.08 * $1, -0.04, 0.052)], coat)
      $0.ellipse(0.084 * $1, -0.03, 0.066, 0.036, light)
    }
    if features.contains(.spacesuit) { drawSuit(width: 0.27, top: -0.6) }
    bothSides {
      $0.smooth(
        [
          (0.05 * $1, -0.85), (0.13 * $1, -0.93), (0.2 * $1, -1.0), (0.225 * $1, -0.9),
          (0.2 * $1, -0.75),
        ], coat)
      $0.smooth(
        [
          (0.1 * $1, -0.86), (0.15 * $1, -0.9), (0.187 * $1, -0.95), (0.2 * $1, -0.87),
          (0.18 * $1, -0.79),
        ], Surface(colour: Colour(0xD8_98_90), round: 0.2), outlined: false)
    }
    smooth(
      [
        (0, -0.9), (0.12, -0.88), (0.205, -0.79), (0.225, -0.69), (0.17, -0.585), (0, -0.54),
        (-0.17, -0.585), (-0.225, -0.69), (-0.205, -0.79), (-0.12, -0.88),
      ], coat)
    for stripe in -1...1 {
      let x = Float(stripe) * 0.05
      limb(
        [(x, -0.885, 0.008), (x * 0.8, -0.84, 0.013), (x * 0.7, -0.8, 0.004)], dark, outlined: false
      )
    }
    bothSides {
      $0.limb(
        [(0.17 * $1, -0.7, 0.006), (0.2 * $1, -0.69, 0.01), (0.222 * $1, -0.7, 0.004)], dark,
        outlined: false)
    }
    ellipse(0, -0.625, 0.095, 0.062, light, outlined: false)
    let eyes = stream.pick([Colour(0x9C_C8_3C), Colour(0xE4_B4_34), Colour(0x58_A8_D8)])
    bothSides {
      $0.ellipse(
        0.098 * $1, -0.725, 0.052, 0.05, turn: -0.15 * $1,
        Surface(colour: Colour(0x22_1C_1A), round: 0), outlined: false)
      $0.ellipse(
        0.098 * $1, -0.724, 0.045, 0.044, turn: -0.15 * $1,
        Surface(colour: eyes, shine: 0.6, round: 0.5), outlined: false)
      $0.ellipse(0.098 * $1, -0.724, 0.015, 0.04, .flat(0x0C_0A_0C), outlined: false)
      $0.ellipse(
        0.098 * $1 + 0.016, -0.742, 0.011, 0.011, .glowing(Colour(0xFF_FF_FF), 0.7), outlined: false
      )
    }
    polygon([(-0.026, -0.665), (0.026, -0.665), (0, -0.638)], .plain(0xC8_78_74), outlined: false)
    bothSides {
      $0.limb(
        [(0, -0.638, 0.004), (0.012 * $1, -0.616, 0.005), (0.045 * $1, -0.61, 0.003)], dark,
        outlined: false)
      for whisker in 0..<3 {
        let spread = Float(whisker) - 1
        $0.limb(
          [
            (0.07 * $1, -0.63 + spread * 0.014, 0.003), (0.19 * $1, -0.64 + spread * 0.03, 0.0025),
            (0.3 * $1, -0.615 + spread * 0.055, 0.0015),
          ], .plain(0xF4_F0_EA), outlined: false)
      }
    }
    if features.contains(.spacesuit) { drawHelmet(0, -0.73, 0.3) }
  }

  /// A dog that sits, seen from the side of its better ear.
  mutating func drawDog() {
    let coat = main(oneOf: [0xC8_94_50, 0x6A_48_30, 0xE8_DC_C8, 0x44_40_40, 0xD8_B0_70], .fur)
    let dark = coat.darker(0.5)
    let light = second(coat.with(colour: coat.colour.mixed(Colour(0xFB_F4_E8), 0.6)))
    let wag = Elementary.sin(time * 7) * 0.05
    limb(
      [
        (-0.24, -0.1, 0.042), (-0.38, -0.16, 0.04), (-0.46 - wag * 0.3, -0.3 + wag, 0.03),
        (-0.45, -0.4 + wag * 2, 0.016),
      ], coat)
    smooth(
      [
        (0.06, -0.66), (0.2, -0.6), (0.22, -0.4), (0.17, -0.2), (0.12, -0.02), (-0.1, 0),
        (-0.3, -0.01), (-0.33, -0.16), (-0.25, -0.34), (-0.12, -0.52),
      ], coat)
    ellipse(-0.2, -0.15, 0.135, 0.15, turn: 0.3, coat)
    limb([(-0.2, -0.05, 0.045), (-0.08, -0.035, 0.042), (-0.02, -0.03, 0.036)], light)
    smooth(
      [(0.16, -0.6), (0.235, -0.5), (0.21, -0.32), (0.13, -0.26), (0.1, -0.44)], light,
      outlined: false)
    limb([(0.07, -0.42, 0.062), (0.05, -0.2, 0.046), (0.055, -0.05, 0.044)], coat.darker(0.8))
    ellipse(0.075, -0.03, 0.062, 0.034, light.darker(0.85))
    limb([(0.16, -0.42, 0.064), (0.165, -0.2, 0.05), (0.165, -0.05, 0.046)], coat)
    ellipse(0.19, -0.03, 0.066, 0.036, light)
    box(
      -0.02, -0.635, 0.21, -0.595, corner: 0.02, Surface(colour: Colour(0xB8_30_2C), shine: 0.3),
      outlined: true)
    ellipse(0.17, -0.575, 0.024, 0.026, Surface(colour: Colour(0xE4_B8_40), shine: 0.8))
    // Head: skull, muzzle, ears.
    smooth(
      [
        (-0.06, -0.93), (-0.15, -0.86), (-0.2, -0.7), (-0.16, -0.6), (-0.09, -0.66), (-0.03, -0.78),
      ], dark)
    smooth(
      [
        (0.08, -0.985), (0.2, -0.95), (0.265, -0.85), (0.25, -0.72), (0.16, -0.63), (0.04, -0.62),
        (-0.06, -0.7), (-0.09, -0.84), (-0.03, -0.95),
      ], coat)
    smooth(
      [(0.2, -0.84), (0.33, -0.81), (0.38, -0.745), (0.34, -0.675), (0.22, -0.645), (0.14, -0.7)],
      light)
    smooth(
      [(0.16, -0.68), (0.25, -0.665), (0.33, -0.675), (0.27, -0.635), (0.2, -0.63)], dark,
      outlined: false)
    smooth(
      [(0.235, -0.66), (0.275, -0.66), (0.275, -0.6), (0.255, -0.575), (0.233, -0.6)],
      .plain(0xE0_7C_80), outlined: false)
    ellipse(0.365, -0.785, 0.036, 0.029, Surface(colour: Colour(0x18_14_16), shine: 0.8))
    smooth(
      [
        (0.0, -0.95), (-0.08, -0.95), (-0.14, -0.82), (-0.11, -0.64), (-0.03, -0.63), (0.01, -0.78),
      ], dark)
    for x in [Float(0.135), 0.235] {
      ellipse(x, -0.835, 0.028, 0.031, .flat(0x16_10_0E), outlined: false)
      ellipse(
        x + 0.003, -0.834, 0.021, 0.024, Surface(colour: Colour(0x5C_34_1C), shine: 0.7),
        outlined: false)
      ellipse(x + 0.01, -0.844, 0.008, 0.008, .glowing(Colour(0xFF_FF_FF), 0.7), outlined: false)
    }
    if features.contains(.spacesuit) { drawHelmet(0.09, -0.8, 0.33) }
  }

  /// A bird: standing on its legs, or with spread wings.
  mutating func drawBird(standing: Bool) {
    let coat = main(oneOf: [0x4C_7C_B8, 0xC8_4C_38, 0xE8_E8_E8, 0x44_44_4C, 0xD8_A0_3C], .fur)
    let light = second(coat.with(colour: coat.colour.mixed(Colour(0xFF_F4_E8), 0.65)))
    let dark = coat.darker(0.45)
    let beak = Surface.plain(0xE8_A0_30)
    if standing {
      bothSides {
        $0.limb(
          [
            (0.02 + 0.05 * $1, -0.2, 0.014), (0.02 + 0.06 * $1, -0.02, 0.011),
            (0.08 + 0.06 * $1, 0, 0.011),
          ], beak)
      }
      polygon([(-0.2, -0.3), (-0.62, -0.02), (-0.5, -0.02), (-0.46, 0.04), (-0.12, -0.16)], dark)
      smooth(
        [
          (0.1, -0.78), (0.3, -0.66), (0.32, -0.4), (0.16, -0.16), (-0.08, -0.14), (-0.28, -0.26),
          (-0.16, -0.5),
        ], coat)
      smooth(
        [(0.26, -0.62), (0.325, -0.46), (0.2, -0.2), (0.06, -0.18), (0.12, -0.42)], light,
        outlined: false)
      smooth(
        [(0.1, -0.6), (0.16, -0.44), (0.02, -0.24), (-0.4, -0.1), (-0.3, -0.3), (-0.1, -0.52)], dark
      )
      ellipse(0.2, -0.8, 0.17, 0.165, coat)
      polygon([(0.345, -0.86), (0.52, -0.775), (0.35, -0.74)], beak)
      ellipse(0.255, -0.83, 0.034, 0.036, .flat(0x10_0E_10), outlined: false)
      ellipse(0.265, -0.842, 0.011, 0.011, .glowing(Colour(0xFF_FF_FF), 0.7), outlined: false)
      return
    }
    let beat = Elementary.sin(time * 5 + stream.unit() * 6)
    let lift = -0.3 - 0.35 * beat
    smooth(
      [
        (0.02, -0.52), (-0.28, -0.6 + lift * 0.5), (-0.72, -0.5 + lift), (-1.0, -0.42 + lift * 0.8),
        (-0.62, -0.4 + lift * 0.6), (-0.2, -0.38),
      ], coat.darker(0.75))
    polygon([(-0.1, -0.42), (-0.32, -0.2), (-0.24, -0.18), (-0.2, -0.12), (0.0, -0.34)], dark)
    smooth(
      [(0.34, -0.58), (0.28, -0.46), (0.08, -0.34), (-0.14, -0.34), (-0.08, -0.46), (0.14, -0.58)],
      light)
    ellipse(0.34, -0.56, 0.085, 0.075, light)
    polygon([(0.41, -0.58), (0.51, -0.54), (0.41, -0.52)], beak)
    ellipse(0.365, -0.575, 0.014, 0.015, .flat(0x10_0E_10), outlined: false)
    smooth(
      [
        (0.16, -0.5), (0.36, -0.62 + lift * 0.5), (0.74, -0.52 + lift), (1.02, -0.42 + lift * 0.8),
        (0.62, -0.4 + lift * 0.55), (0.06, -0.38),
      ], coat)
    smooth(
      [(0.7, -0.5 + lift), (1.02, -0.42 + lift * 0.8), (0.78, -0.43 + lift * 0.8)], dark,
      outlined: false)
  }

  mutating func drawFish() {
    let scale = main(oneOf: [0xF0_80_28, 0x50_90_C8, 0xC8_C8_CC, 0xE8_B8_30], .peel, shine: 0.6)
    let fin = second(scale.darker(0.75))
    let wave = Elementary.sin(time * 4) * 0.08
    smooth(
      [(-0.42, -0.5), (-0.75, -0.85 + wave), (-0.68, -0.5 + wave), (-0.78, -0.12 + wave)], fin)
    smooth([(-0.2, -0.78), (0.02, -1.0), (0.3, -0.76), (0.05, -0.7)], fin)
    smooth([(-0.12, -0.24), (-0.08, 0), (0.18, -0.2), (0.04, -0.28)], fin)
    smooth(
      [
        (0.72, -0.5), (0.5, -0.74), (0.1, -0.84), (-0.28, -0.68), (-0.5, -0.5), (-0.28, -0.32),
        (0.1, -0.17), (0.5, -0.27),
      ], scale)
    smooth(
      [(0.5, -0.28), (0.1, -0.18), (-0.3, -0.33), (0.1, -0.36)],
      scale.with(colour: scale.colour.mixed(Colour(0xFF_FA_F0), 0.6)), outlined: false)
    for row in 0..<4 {
      let x = 0.26 - Float(row) * 0.17
      limb(
        [(x, -0.74, 0.006), (x + 0.06, -0.5, 0.009), (x, -0.28, 0.006)], scale.darker(0.7),
        outlined: false)
    }
    smooth([(0.18, -0.46), (0.0, -0.36), (-0.14, -0.42), (-0.02, -0.52)], fin)
    ellipse(0.52, -0.57, 0.06, 0.065, .plain(0xFA_FA_F4))
    ellipse(0.53, -0.57, 0.035, 0.04, .flat(0x10_10_14), outlined: false)
    limb(
      [(0.7, -0.44, 0.008), (0.62, -0.41, 0.01), (0.58, -0.42, 0.006)], scale.darker(0.4),
      outlined: false)
  }

  mutating func drawHorse() {
    let coat = main(oneOf: [0x7A_4A_2A, 0xE6_E0_D8, 0x3A_2E_2A, 0xA8_70_40], .peel)
    let mane = second(coat.darker(0.35))
    let step = Elementary.sin(time * 4) * 0.04
    let far = coat.darker(0.65)
    limb([(-0.36, -0.46, 0.07), (-0.43 - step, -0.28, 0.036), (-0.4 - step, -0.04, 0.026)], far)
    limb([(0.22, -0.42, 0.055), (0.3 + step, -0.24, 0.032), (0.27 + step, -0.04, 0.024)], far)
    smooth([(-0.46, -0.64), (-0.62, -0.58), (-0.66, -0.3), (-0.6, -0.16), (-0.54, -0.36)], mane)
    smooth(
      [
        (-0.44, -0.68), (-0.2, -0.66), (0.1, -0.68), (0.3, -0.66), (0.36, -0.5), (0.28, -0.37),
        (0, -0.33), (-0.3, -0.37), (-0.5, -0.42), (-0.53, -0.58),
      ], coat)
    limb(
      [
        (-0.4, -0.5, 0.105), (-0.46 + step, -0.3, 0.044), (-0.47 + step, -0.16, 0.03),
        (-0.46 + step, -0.04, 0.028),
      ], coat)
    limb([(0.26, -0.48, 0.075), (0.25 - step, -0.26, 0.038), (0.24 - step, -0.04, 0.027)], coat)
    for x in [-0.46 + step, 0.25 - step, -0.4 - step, 0.28 + step] {
      polygon(
        [(x - 0.03, -0.05), (x + 0.03, -0.05), (x + 0.045, 0), (x - 0.03, 0)], .plain(0x2C_26_24))
    }
    limb([(0.24, -0.58, 0.15), (0.38, -0.76, 0.1), (0.45, -0.88, 0.075)], coat)
    smooth(
      [(0.42, -0.98), (0.36, -0.96), (0.2, -0.76), (0.1, -0.62), (0.2, -0.62), (0.34, -0.78)], mane)
    polygon([(0.42, -0.94), (0.43, -1.02), (0.47, -0.95)], coat)
    limb([(0.46, -0.9, 0.072), (0.58, -0.8, 0.05), (0.65, -0.74, 0.043)], coat)
    ellipse(0.66, -0.735, 0.034, 0.034, coat.darker(0.6), outlined: false)
    ellipse(0.5, -0.89, 0.014, 0.015, .flat(0x10_0C_0A), outlined: false)
    ellipse(0.675, -0.745, 0.008, 0.007, .flat(0x10_0C_0A), outlined: false)
  }

  /// A round glass over a head.
  mutating func drawHelmet(_ x: Float, _ y: Float, _ radius: Float) {
    ellipse(
      x, y, radius, radius, Surface(colour: Colour(0xC8_E4_F4), shine: 1, round: 1, clear: 0.8))
    box(
      x - radius * 0.72, y + radius * 0.66, x + radius * 0.72, y + radius * 0.9,
      corner: radius * 0.1, Surface(colour: Colour(0xB8_BC_C4), shine: 0.8))
    smooth(
      [
        (x + radius * 0.42, y - radius * 0.72), (x + radius * 0.74, y - radius * 0.36),
        (x + radius * 0.62, y - radius * 0.3), (x + radius * 0.34, y - radius * 0.6),
      ], Surface(colour: Colour(0xFF_FF_FF), round: 0, glow: 0.4, clear: 0.4), outlined: false)
  }

  mutating func drawSuit(width: Float, top: Float) {
    let suit = Surface(colour: Colour(0xE8_EA_EE), texture: .cloth, shine: 0.1)
    smooth(
      [
        (0, top), (width * 0.7, top + 0.1), (width, -0.2), (width * 0.8, -0.03),
        (-width * 0.8, -0.03), (-width, -0.2), (-width * 0.7, top + 0.1),
      ], suit)
    box(
      -0.09, top + 0.2, 0.09, top + 0.32, corner: 0.02,
      Surface(colour: Colour(0x8C_94_A0), shine: 0.5))
    ellipse(-0.045, top + 0.26, 0.02, 0.02, .glowing(Colour(0xF0_50_40)))
    ellipse(0.04, top + 0.26, 0.02, 0.02, .glowing(Colour(0x50_C0_F0)))
  }
}
