/// Bottle, cup, fruit.
extension Figure {
  mutating func drawBottle() {
    var glass = main(
      Surface(
        colour: Colour(stream.pick([0x2C_6C_54, 0x8C_3C_50, 0x34_60_94, 0xC8_8C_3C])), shine: 1,
        round: 1))
    glass.shine = max(glass.shine, 0.8)
    let cap = second(Surface(colour: Colour(0xD8_B0_50), texture: .brushed, shine: 1, round: 0.9))
    let label = Surface(colour: Colour(0xF4_EE_E2), round: 0.9)
    smooth(
      [
        (-0.07, -0.78), (-0.085, -0.68), (-0.17, -0.58), (-0.185, -0.5), (-0.185, -0.1),
        (-0.175, -0.02), (-0.12, 0), (0.12, 0), (0.175, -0.02), (0.185, -0.1), (0.185, -0.5),
        (0.17, -0.58), (0.085, -0.68), (0.07, -0.78),
      ], glass)
    smooth(
      [
        (-0.15, -0.46), (-0.155, -0.1), (-0.145, -0.03), (0.145, -0.03), (0.155, -0.1),
        (0.15, -0.46), (0, -0.45),
      ], glass.darker(0.7), outlined: false)
    box(-0.184, -0.42, 0.184, -0.14, label, outlined: false)
    box(-0.184, -0.4, 0.184, -0.385, cap, outlined: false)
    box(-0.184, -0.175, 0.184, -0.16, cap, outlined: false)
    ellipse(0, -0.31, 0.05, 0.05, glass.darker(0.8), outlined: false)
    box(-0.1, -0.235, 0.1, -0.22, .flat(0x40_3C_38), outlined: false)
    box(-0.06, -0.205, 0.06, -0.195, .flat(0x60_5C_58), outlined: false)
    box(-0.075, -0.98, 0.075, -0.77, corner: 0.02, cap)
    for groove in 0..<5 {
      box(
        -0.055 + Float(groove) * 0.025, -0.95, -0.05 + Float(groove) * 0.025, -0.79,
        cap.darker(0.75), outlined: false)
    }
    smooth(
      [
        (-0.15, -0.56), (-0.13, -0.57), (-0.14, -0.3), (-0.142, -0.08), (-0.158, -0.08),
        (-0.16, -0.4),
      ], Surface(colour: Colour(0xFF_FF_FF), round: 0, glow: 0.5, clear: 0.5), outlined: false)
  }

  mutating func drawCup() {
    let clay = main(oneOf: [0xF0_EC_E4, 0xC8_58_40, 0x3C_6C_8C, 0xE0_B4_58], .plain, shine: 0.6)
    let saucer = clay.darker(0.92)
    ellipse(0.02, -0.06, 0.62, 0.075, saucer)
    ellipse(0.02, -0.075, 0.44, 0.05, saucer.darker(0.85), outlined: false)
    add(
      all: Shape.line(
        Shape.ellipse(Point(0.42, -0.42), Point(0.15, 0.17)), width: 0.06, closed: true), clay)
    smooth(
      [
        (-0.42, -0.74), (-0.4, -0.5), (-0.33, -0.22), (-0.2, -0.08), (0.2, -0.08), (0.33, -0.22),
        (0.4, -0.5), (0.42, -0.74), (0, -0.7),
      ], clay)
    ellipse(0, -0.74, 0.42, 0.085, clay.darker(1.05))
    ellipse(
      0, -0.73, 0.375, 0.068, Surface(colour: Colour(0x3C_22_14), shine: 0.4, round: 0.1),
      outlined: false)
    add(
      all: Shape.line(
        Shape.ellipse(Point(0.03, -0.728), Point(0.2, 0.03)), width: 0.016, closed: true),
      Surface(colour: Colour(0xB8_84_58), round: 0), outlined: false)
    box(-0.41, -0.56, 0.41, -0.52, second(clay.darker(0.6)), outlined: false)
    for wisp in 0..<3 {
      let x = -0.15 + Float(wisp) * 0.15
      let drift = Elementary.sin(time * 2 + Float(wisp) * 2) * 0.03
      limb(
        [
          (x, -0.78, 0.01), (x + 0.04 + drift, -0.86, 0.018), (x - 0.03 + drift, -0.94, 0.014),
          (x + 0.02, -1.02, 0.004),
        ], Surface(colour: Colour(0xFF_FF_FF), round: 0, clear: 0.78), outlined: false)
    }
  }

  /// An apple with a leaf, and other fruit beside it.
  mutating func drawFruit() {
    let skin = main(Surface(colour: Colour(0xC8_30_28), texture: .peel, shine: 0.7, round: 1))
    let orange = second(Surface(colour: Colour(0xE8_8C_28), texture: .peel, shine: 0.35, round: 1))
    let isInBowl = features.contains(.bowl)
    if colours.isEmpty || isInBowl {
      ellipse(0.52, -0.3, 0.3, 0.3, orange)
      ellipse(0.5, -0.53, 0.03, 0.014, Surface(colour: Colour(0x5C_70_30)), outlined: false)
      smooth(
        [
          (-0.5, -0.78), (-0.42, -0.68), (-0.4, -0.5), (-0.28, -0.3), (-0.3, -0.08), (-0.5, 0),
          (-0.7, -0.08), (-0.72, -0.3), (-0.6, -0.5), (-0.58, -0.68),
        ], Surface(colour: Colour(0xC4_C0_48), texture: .peel, shine: 0.5, round: 1))
      limb([(-0.5, -0.76, 0.014), (-0.47, -0.86, 0.012)], .plain(0x50_38_20))
    }
    smooth(
      [
        (0, -0.7), (0.14, -0.77), (0.32, -0.7), (0.4, -0.48), (0.34, -0.2), (0.18, -0.02),
        (0, -0.04), (-0.18, -0.02), (-0.34, -0.2), (-0.4, -0.48), (-0.32, -0.7), (-0.14, -0.77),
      ], skin)
    ellipse(0.0, -0.71, 0.09, 0.025, skin.darker(0.45), outlined: false)
    limb(
      [(0, -0.69, 0.018), (0.02, -0.8, 0.014), (0.06, -0.9, 0.016)],
      Surface(colour: Colour(0x5C_3C_20), texture: .bark))
    smooth(
      [(0.04, -0.82), (0.14, -0.95), (0.3, -0.97), (0.24, -0.84), (0.12, -0.79)],
      Surface(colour: Colour(0x58_94_38), round: 0.5))
    ellipse(
      -0.19, -0.55, 0.05, 0.085, turn: 0.4,
      Surface(colour: Colour(0xFF_FF_FF), round: 0, glow: 0.4, clear: 0.55), outlined: false)
    if isInBowl { drawBowl() }
  }

  /// A balloon on a string; its foot is the hand that holds it.
  mutating func drawToyBalloon() {
    let skin = main(oneOf: [0xD8_30_30, 0x30_78_D0, 0xF0_B8_30, 0xE0_60_A0], .plain, shine: 0.9)
    let sway = Elementary.sin(time * 1.3) * 0.02
    limb(
      [(0, 0, 0.003), (0.03 + sway, -0.3, 0.003), (0.1 + sway * 2, -0.62, 0.003)],
      .plain(0xE8_E4_DC), outlined: false)
    var round = skin
    round.round = 1
    let x = 0.1 + sway * 2
    smooth(
      [
        (x, -1.0), (x + 0.11, -0.97), (x + 0.16, -0.86), (x + 0.12, -0.73), (x, -0.63),
        (x - 0.12, -0.73), (x - 0.16, -0.86), (x - 0.11, -0.97),
      ], round)
    polygon([(x - 0.018, -0.612), (x + 0.018, -0.612), (x, -0.64)], round.darker(0.8))
    ellipse(
      x - 0.06, -0.91, 0.026, 0.04, turn: 0.5,
      Surface(colour: Colour(0xFF_FF_FF), round: 0, glow: 0.5, clear: 0.45), outlined: false)
  }

  /// A bowl, in front of the lower half of its content.
  mutating func drawBowl() {
    let clay = Surface(colour: Colour(0x4C_70_94), shine: 0.6)
    smooth(
      [
        (-0.92, -0.34), (-0.8, -0.14), (-0.5, 0.04), (-0.3, 0.08), (0.3, 0.08), (0.5, 0.04),
        (0.8, -0.14), (0.92, -0.34), (0, -0.27),
      ], clay)
    limb([(-0.9, -0.33, 0.03), (0, -0.265, 0.032), (0.9, -0.33, 0.03)], clay.darker(1.2))
  }

  /// A burning candle in its holder.
  mutating func drawCandle() {
    let wax = main(Surface(colour: Colour(0xF4_EA_D2), shine: 0.2, round: 1))
    let brass = Surface(colour: Colour(0xC8_98_44), texture: .brushed, shine: 0.9)
    let flicker = Elementary.sin(time * 9) * 0.012
    ellipse(0, -0.03, 0.26, 0.05, brass)
    ellipse(0, -0.055, 0.2, 0.035, brass.darker(0.7), outlined: false)
    box(-0.1, -0.64, 0.1, -0.06, corner: 0.03, wax)
    ellipse(0, -0.64, 0.1, 0.028, wax.darker(1.1))
    limb([(-0.08, -0.62, 0.02), (-0.085, -0.5, 0.022)], wax, outlined: false)
    limb([(0.06, -0.62, 0.016), (0.07, -0.42, 0.02)], wax, outlined: false)
    limb([(0, -0.64, 0.008), (0, -0.7, 0.006)], .plain(0x2A_22_1E), outlined: false)
    shade(0, -0.78, 0.34, 0.34, .glowing(Colour(0xFF_B0_50), 0.9), 0.55)
    smooth(
      [
        (flicker, -0.98), (0.045, -0.8), (0.035, -0.7), (0, -0.675), (-0.035, -0.7), (-0.045, -0.8),
      ], .glowing(Colour(0xFF_B8_40), 2), outlined: false)
    smooth(
      [(flicker * 0.5, -0.86), (0.022, -0.76), (0, -0.69), (-0.022, -0.76)],
      .glowing(Colour(0xFF_F4_C0), 2.2), outlined: false)
  }
}
