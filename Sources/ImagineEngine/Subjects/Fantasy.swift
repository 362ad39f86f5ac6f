/// A dragon in flight, a pizza and a cake.
extension Figure {
  mutating func drawDragon() {
    let scale = main(oneOf: [0x3C_6C_44, 0x8C_2C_2C, 0x44_4C_6C], .peel, shine: 0.4)
    let belly = second(scale.with(colour: scale.colour.mixed(Colour(0xE8_C8_80), 0.6)))
    let horn = Surface.plain(0xE0_D4_B8)
    let beat = Elementary.sin(time * 3) * 0.16
    drawDragonWing(Point(0.06, -0.56), side: 0.8, beat: beat, scale.darker(0.6))
    limb(
      [
        (-0.2, -0.38, 0.1), (-0.5, -0.26, 0.065), (-0.78, -0.36, 0.042), (-1.0, -0.28, 0.024),
        (-1.14, -0.14, 0.008),
      ], scale)
    polygon([(-1.1, -0.2), (-1.28, -0.16), (-1.16, -0.04)], scale.darker(0.8))
    limb([(-0.16, -0.32, 0.075), (-0.28, -0.16, 0.05), (-0.2, -0.06, 0.03)], scale.darker(0.75))
    smooth(
      [
        (-0.3, -0.44), (-0.05, -0.56), (0.22, -0.58), (0.36, -0.48), (0.3, -0.34), (0.05, -0.26),
        (-0.22, -0.28),
      ], scale)
    smooth(
      [(-0.16, -0.3), (0.06, -0.3), (0.3, -0.38), (0.26, -0.3), (0.04, -0.24)], belly,
      outlined: false)
    limb([(0.2, -0.34, 0.05), (0.26, -0.18, 0.036), (0.36, -0.12, 0.02)], scale.darker(0.85))
    limb(
      [(0.26, -0.5, 0.1), (0.46, -0.62, 0.066), (0.54, -0.78, 0.055), (0.66, -0.86, 0.06)], scale)
    for spike in 0..<6 {
      let t = Float(spike) / 5
      let x = -0.24 + t * 0.62
      let y = -0.49 - t * t * 0.14
      polygon([(x - 0.035, y), (x - 0.02, y - 0.09), (x + 0.035, y - 0.02)], horn)
    }
    smooth(
      [
        (0.58, -0.93), (0.7, -0.95), (0.84, -0.88), (0.98, -0.83), (0.97, -0.79), (0.8, -0.8),
        (0.64, -0.78), (0.57, -0.84),
      ], scale)
    smooth(
      [(0.68, -0.8), (0.82, -0.78), (0.93, -0.73), (0.8, -0.72), (0.68, -0.75)],
      scale.darker(0.8))
    for x in [0.6, 0.66] as [Float] {
      limb([(x, -0.92, 0.022), (x - 0.09, -0.99, 0.013), (x - 0.17, -0.99, 0.003)], horn)
    }
    ellipse(0.755, -0.885, 0.017, 0.014, .glowing(Colour(0xFF_C0_30), 1.2), outlined: false)
    ellipse(0.955, -0.82, 0.008, 0.007, .flat(0x18_10_10), outlined: false)
    drawDragonWing(Point(0.02, -0.5), side: 1, beat: beat, scale.darker(0.85))
  }

  private mutating func drawDragonWing(_ root: Point, side: Float, beat: Float, _ skin: Surface) {
    let tip = root + Point(-0.66 * side, -0.46 - beat)
    let elbow = root + Point(-0.1 * side, -0.4 - beat * 0.6)
    smooth(
      [
        (root.x + 0.1, root.y), (elbow.x, elbow.y), (tip.x, tip.y),
        (root.x - 0.66 * side, root.y - 0.16 - beat * 0.6), (root.x - 0.46 * side, root.y - 0.18),
        (root.x - 0.42 * side, root.y + 0.02), (root.x - 0.22 * side, root.y - 0.06),
        (root.x - 0.14, root.y + 0.06),
      ], skin)
    for end in [
      tip, root + Point(-0.64 * side, -0.16 - beat * 0.6), root + Point(-0.41 * side, 0),
    ] {
      limb([(elbow.x, elbow.y, 0.016), (end.x, end.y, 0.006)], skin.darker(0.6), outlined: false)
    }
    limb([(root.x + 0.06, root.y, 0.034), (elbow.x, elbow.y, 0.022)], skin.darker(1.1))
  }

  /// A pizza seen from a little above.
  mutating func drawPizza() {
    ellipse(0, -0.3, 1.12, 0.4, Surface(colour: Colour(0xF0_EE_EA), shine: 0.5))
    ellipse(0, -0.32, 0.96, 0.33, Surface(colour: Colour(0xD0_94_4C), texture: .peel, round: 1))
    ellipse(0, -0.34, 0.83, 0.27, Surface(colour: Colour(0xC0_40_24), round: 0.2), outlined: false)
    ellipse(
      0, -0.345, 0.79, 0.25, Surface(colour: Colour(0xF0_C0_58), texture: .grain, round: 0.2),
      outlined: false)
    for index in 0..<15 {
      let angle = Float(index) * 2.4
      let reach = (Float(index) / 15).squareRoot() * 0.9
      let x = Elementary.cos(angle) * reach * 0.72
      let y = -0.35 + Elementary.sin(angle) * reach * 0.22
      if index % 3 == 2 {
        ellipse(x, y, 0.07, 0.024, turn: angle, .plain(0x3C_84_38), outlined: false)
      } else {
        ellipse(x, y, 0.115, 0.042, Surface(colour: Colour(0xB0_2C_20), round: 0.8))
        ellipse(
          x, y - 0.004, 0.085, 0.029, Surface(colour: Colour(0xC8_4C_38), round: 0.3),
          outlined: false)
      }
    }
  }

  /// A birthday cake with candles.
  mutating func drawCake() {
    let cream = main(Surface(colour: Colour(0xF8_E8_E4), round: 0.8))
    let icing = second(Surface(colour: Colour(0xE0_80_98), shine: 0.4, round: 0.6))
    ellipse(0, -0.04, 0.72, 0.09, Surface(colour: Colour(0xE4_E4_E8), shine: 0.6))
    for (half, top, bottom) in [
      (0.56 as Float, -0.36 as Float, -0.05 as Float), (0.4, -0.64, -0.36),
    ] {
      smooth(
        [
          (-half, top), (-half, bottom - 0.02), (0, bottom + 0.05), (half, bottom - 0.02),
          (half, top), (0, top - 0.04),
        ], cream)
      ellipse(0, top, half, 0.07, icing)
      for drip in 0..<9 {
        let x = (Float(drip) - 4) / 4 * half * 0.96
        let low = top + 0.07 * (1 - (x / half) * (x / half)).squareRoot()
        limb(
          [(x, low - 0.03, 0.034), (x, low + stream.within(0.02...0.09), 0.026)], icing,
          outlined: false)
      }
    }
    for candle in 0..<5 {
      let x = Float(candle - 2) * 0.14
      let y = -0.65 + abs(x) * 0.06
      box(
        x - 0.014, y - 0.19, x + 0.014, y, corner: 0.006,
        Surface(
          colour: Colour([0x60_A8_D8, 0xF0_C8_50, 0xE0_60_70, 0x78_C0_78, 0xA8_78_C8][candle])))
      let flicker = 1 + Elementary.sin(time * 11 + Float(candle) * 2) * 0.12
      smooth(
        [
          (x, y - 0.2 - 0.09 * flicker), (x + 0.022, y - 0.22), (x, y - 0.195),
          (x - 0.022, y - 0.22),
        ],
        .glowing(Colour(0xFF_C8_50), 2), outlined: false)
    }
  }
}
