/// Car, boat, rocket, hot-air balloon.
extension Figure {
  /// A car from the side, facing right.
  mutating func drawCar() {
    let paint = main(
      oneOf: [0xC8_2C_28, 0x2C_5C_A8, 0xE8_B0_30, 0x38_7C_60, 0xD8_DC_E0], .plain, shine: 0.9)
    let glass = Surface(colour: Colour(0x34_48_5C), shine: 0.9, round: 0.3)
    let chrome = Surface(colour: Colour(0xB8_BC_C4), texture: .brushed, shine: 1)
    let tyre = Surface(colour: Colour(0x1C_1C_20), round: 0.5)
    box(-0.95, -0.22, 0.95, -0.1, corner: 0.05, Surface(colour: Colour(0x14_14_18)))
    smooth(
      [
        (-1.08, -0.3), (-1.06, -0.5), (-0.9, -0.57), (-0.66, -0.62), (-0.42, -0.9), (-0.1, -0.98),
        (0.2, -0.95), (0.5, -0.66), (0.82, -0.58), (1.04, -0.5), (1.12, -0.34), (1.1, -0.18),
        (0.6, -0.14), (0, -0.13), (-0.6, -0.14), (-1.06, -0.18),
      ], paint)
    smooth([(-0.56, -0.63), (-0.37, -0.86), (-0.1, -0.91), (-0.06, -0.64), (-0.3, -0.61)], glass)
    smooth([(0.0, -0.64), (-0.03, -0.91), (0.16, -0.89), (0.4, -0.67), (0.2, -0.62)], glass)
    smooth(
      [(-0.48, -0.68), (-0.34, -0.84), (-0.26, -0.86), (-0.4, -0.66)],
      Surface(colour: Colour(0xC8_DC_EC), round: 0, clear: 0.5), outlined: false)
    limb([(-0.03, -0.6, 0.006), (-0.04, -0.2, 0.006)], paint.darker(0.5), outlined: false)
    limb(
      [(-0.9, -0.36, 0.01), (0, -0.35, 0.012), (0.95, -0.37, 0.01)], paint.darker(0.6),
      outlined: false)
    box(-0.22, -0.52, -0.1, -0.49, corner: 0.012, chrome, outlined: false)
    box(0.14, -0.52, 0.26, -0.49, corner: 0.012, chrome, outlined: false)
    smooth(
      [(0.92, -0.5), (1.06, -0.44), (1.08, -0.37), (0.95, -0.4)], .glowing(Colour(0xFF_F4_D0), 1.1))
    smooth(
      [(-1.07, -0.48), (-1.0, -0.48), (-1.0, -0.37), (-1.08, -0.37)],
      .glowing(Colour(0xE8_28_20), 0.9))
    box(1.0, -0.24, 1.14, -0.17, corner: 0.03, chrome)
    box(-1.12, -0.24, -1.0, -0.17, corner: 0.03, chrome)
    for x in [-0.62, 0.64] as [Float] {
      ellipse(
        x, -0.2, 0.245, 0.235, Surface(colour: Colour(0x0C_0C_10), round: 0.2), outlined: false)
      ellipse(x, -0.19, 0.2, 0.19, tyre)
      ellipse(x, -0.19, 0.125, 0.12, chrome)
      for spoke in 0..<5 {
        let angle = Float(spoke) * 1.2566 + time * 9
        let c = Elementary.cos(angle)
        let s = Elementary.sin(angle)
        limb(
          [(x, -0.19, 0.018), (x + c * 0.1, -0.19 + s * 0.097, 0.014)],
          Surface(colour: Colour(0x50_54_5C)), outlined: false)
      }
      ellipse(x, -0.19, 0.03, 0.03, chrome, outlined: false)
    }
  }

  /// A sailing boat; an open one when somebody sits in it.
  mutating func drawBoat() {
    if pose == .sitting { return drawRowingBoat() }
    let hull = main(oneOf: [0x8C_34_2C, 0x2C_4C_74, 0xE8_E4_DC, 0x6C_48_2C], .bark, shine: 0.2)
    let sail = second(Surface(colour: Colour(0xF4_EE_DE), texture: .cloth, round: 0.5))
    let forest = Surface(colour: Colour(0x7C_54_30), texture: .bark)
    limb([(0, -0.1, 0.014), (0, -1.0, 0.009)], forest)
    let fill = 0.03 + Elementary.sin(time * 1.4) * 0.012
    smooth(
      [
        (0.03, -0.95), (0.16 + fill, -0.7), (0.28 + fill, -0.42), (0.4, -0.24), (0.2, -0.22),
        (0.03, -0.23), (0.025, -0.6),
      ], sail)
    smooth(
      [
        (-0.03, -0.88), (-0.15, -0.62), (-0.33, -0.3), (-0.18, -0.27), (-0.03, -0.29),
        (-0.05, -0.6),
      ], sail.darker(0.86))
    for seam in 1..<4 {
      let y = -0.95 + Float(seam) * 0.18
      limb(
        [(0.035, y, 0.003), (0.03 + Float(seam) * 0.085 + fill, y + 0.02, 0.003)], sail.darker(0.7),
        outlined: false)
    }
    limb([(0.0, -0.215, 0.009), (0.42, -0.225, 0.008)], forest)
    let flap = Elementary.sin(time * 5) * 0.015
    polygon([(0.005, -1.0), (0.12, -0.98 + flap), (0.005, -0.955)], .plain(0xD0_34_30))
    smooth(
      [
        (-0.56, -0.18), (-0.3, -0.15), (0.1, -0.14), (0.46, -0.17), (0.4, -0.06), (0.3, 0.02),
        (-0.34, 0.02), (-0.46, -0.06),
      ], hull)
    limb(
      [(-0.55, -0.178, 0.014), (-0.3, -0.152, 0.014), (0.1, -0.142, 0.014), (0.46, -0.17, 0.014)],
      hull.with(colour: hull.colour.mixed(Colour(0xFA_F4_E8), 0.7)), outlined: false)
    limb(
      [(-0.44, -0.05, 0.006), (0.0, -0.035, 0.006), (0.39, -0.05, 0.006)], hull.darker(0.6),
      outlined: false)
    box(-0.3, -0.24, -0.1, -0.15, corner: 0.02, Surface(colour: Colour(0xF0_EA_DC)))
    for porthole in 0..<2 {
      ellipse(
        -0.25 + Float(porthole) * 0.09, -0.195, 0.022, 0.022, .glowing(Colour(0xFF_DC_90), 0.5))
    }
  }

  mutating func drawRocket(standing: Bool) {
    let body = main(Surface(colour: Colour(0xEC_EC_F0), texture: .plain, shine: 0.6, round: 1))
    let accent = second(Surface(colour: Colour(0xD0_38_2C), shine: 0.4, round: 0.9))
    let flicker = 1 + Elementary.sin(time * 23) * 0.12
    if !standing {
      smooth(
        [
          (-0.085, -0.2), (-0.11, -0.1), (-0.05, 0.06 * flicker), (0, 0.18 * flicker),
          (0.05, 0.06 * flicker), (0.11, -0.1), (0.085, -0.2),
        ], .glowing(Colour(0xFF_80_20), 1.6), outlined: false)
      smooth(
        [(-0.055, -0.2), (-0.06, -0.12), (0, 0.06 * flicker), (0.06, -0.12), (0.055, -0.2)],
        .glowing(Colour(0xFF_E8_90), 2), outlined: false)
    }
    bothSides {
      $0.smooth(
        [
          (0.1 * $1, -0.42), (0.2 * $1, -0.27), (0.235 * $1, -0.08), (0.15 * $1, -0.14),
          (0.08 * $1, -0.19),
        ], accent)
    }
    polygon(
      [(-0.07, -0.2), (-0.09, -0.13), (0.09, -0.13), (0.07, -0.2)],
      Surface(colour: Colour(0x4C_50_58), texture: .brushed, shine: 0.8))
    smooth(
      [
        (0, -1.0), (0.075, -0.86), (0.125, -0.64), (0.135, -0.44), (0.11, -0.26), (0.085, -0.185),
        (-0.085, -0.185), (-0.11, -0.26), (-0.135, -0.44), (-0.125, -0.64), (-0.075, -0.86),
      ], body)
    smooth(
      [(0, -1.005), (0.04, -0.94), (0.083, -0.83), (0, -0.81), (-0.083, -0.83), (-0.04, -0.94)],
      accent)
    ellipse(
      0, -0.66, 0.062, 0.062, Surface(colour: Colour(0x8C_94_A0), texture: .brushed, shine: 0.9))
    ellipse(0, -0.66, 0.046, 0.046, Surface(colour: Colour(0x3C_88_B8), shine: 1))
    ellipse(0.014, -0.676, 0.014, 0.012, .glowing(Colour(0xE8_F8_FF), 0.6), outlined: false)
    ellipse(0, -0.5, 0.032, 0.032, Surface(colour: Colour(0x3C_88_B8), shine: 1))
    for y in [-0.38, -0.3] as [Float] {
      limb([(-0.125, y, 0.008), (0, y + 0.014, 0.01), (0.125, y, 0.008)], accent, outlined: false)
    }
    smooth(
      [(-0.018, -0.36), (0.018, -0.36), (0.022, -0.1), (0, -0.06), (-0.022, -0.1)],
      accent.darker(0.8))
  }

  mutating func drawBalloon() {
    let cloth = main(oneOf: [0xD8_40_34, 0xE8_A8_2C, 0x3C_78_B8, 0x9C_50_A8], .cloth)
    let stripe = second(Surface(colour: Colour(0xF4_E8_CC), texture: .cloth))
    let bob = Elementary.sin(time * 0.9) * 0.01
    for x in [-0.06, 0.06] as [Float] {
      limb(
        [(x, -0.3 + bob, 0.004), (x * 0.9, -0.12 + bob, 0.004)], .plain(0x50_3C_28), outlined: false
      )
    }
    for gore in [(0.37, true), (0.25, false), (0.12, true)] as [(Float, Bool)] {
      let half = gore.0
      smooth(
        [
          (0, -1.0 + bob), (half * 0.75, -0.92 + bob), (half, -0.7 + bob),
          (half * 0.74, -0.48 + bob), (half * 0.2 + 0.02, -0.29 + bob),
          (-half * 0.2 - 0.02, -0.29 + bob), (-half * 0.74, -0.48 + bob), (-half, -0.7 + bob),
          (-half * 0.75, -0.92 + bob),
        ], gore.1 ? cloth : stripe)
    }
    box(
      -0.07, -0.13 + bob, 0.07, 0 + bob, corner: 0.015,
      Surface(colour: Colour(0x8C_60_34), texture: .cloth))
    box(-0.078, -0.14 + bob, 0.078, -0.115 + bob, corner: 0.01, Surface(colour: Colour(0x5C_3C_20)))
    ellipse(0, -0.29 + bob, 0.02, 0.03, .glowing(Colour(0xFF_C0_50), 1.6), outlined: false)
  }
}
