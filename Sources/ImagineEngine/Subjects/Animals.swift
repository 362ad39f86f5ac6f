/// Bird and fish, and the helmet of an animal in space.
extension Figure {
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

  /// A round glass helmet over a head.
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
