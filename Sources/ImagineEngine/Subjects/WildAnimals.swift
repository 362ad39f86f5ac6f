/// Elephant, camel, rabbit, butterfly.
extension Figure {
  mutating func drawElephant() {
    let skin = main(oneOf: [0x80_80_84, 0x70_6C_6C], .peel)
    let far = skin.darker(0.65)
    let step = Elementary.sin(time * 2.2) * 0.03
    let nail = Surface.plain(0xD8_D0_C4)
    limb([(-0.3, -0.4, 0.13), (-0.32 - step, -0.06, 0.09)], far)
    limb([(0.2, -0.4, 0.12), (0.24 + step, -0.06, 0.085)], far)
    limb([(-0.58, -0.68, 0.022), (-0.66, -0.5, 0.016), (-0.64, -0.36, 0.012)], far)
    smooth(
      [
        (-0.5, -0.86), (-0.2, -0.97), (0.14, -0.94), (0.4, -0.84), (0.42, -0.5), (0.24, -0.34),
        (-0.1, -0.3), (-0.4, -0.34), (-0.6, -0.5), (-0.6, -0.72),
      ], skin)
    for x in [-0.44 + step, 0.3 - step] {
      limb([(x, -0.46, 0.15), (x, -0.25, 0.105), (x, -0.055, 0.1)], skin)
      for toe in -1...1 {
        ellipse(x + Float(toe) * 0.055, -0.025, 0.026, 0.022, nail, outlined: false)
      }
    }
    let swing = Elementary.sin(time * 1.3) * 0.05
    smooth(
      [
        (0.3, -0.96), (0.54, -1.0), (0.74, -0.88), (0.8, -0.68), (0.72, -0.5), (0.5, -0.46),
        (0.34, -0.6),
      ], skin)
    limb(
      [
        (0.74, -0.66, 0.1), (0.84, -0.44, 0.07), (0.86 + swing * 0.5, -0.24, 0.05),
        (0.96 + swing, -0.12, 0.038), (1.04 + swing, -0.16, 0.03),
      ], skin)
    limb([(0.72, -0.5, 0.034), (0.86, -0.38, 0.026), (1.0, -0.42, 0.008)], .plain(0xF4_EC_DA))
    smooth(
      [
        (0.4, -0.9), (0.18, -0.92), (0.06, -0.74), (0.12, -0.5), (0.3, -0.42), (0.46, -0.56),
        (0.5, -0.76),
      ], skin.darker(0.85))
    ellipse(0.66, -0.76, 0.024, 0.024, .flat(0x14_10_10), outlined: false)
  }

  mutating func drawCamel() {
    let coat = main(oneOf: [0xB8_8C_58, 0xA8_78_48, 0xC8_A0_70], .fur)
    let far = coat.darker(0.66)
    let step = Elementary.sin(time * 2.6) * 0.04
    for (x, lean) in [(-0.3 as Float, -step), (0.2, step)] {
      limb([(x, -0.4, 0.06), (x + lean, -0.22, 0.036), (x + lean, -0.03, 0.03)], far)
      ellipse(x + lean + 0.015, -0.012, 0.045, 0.02, far.darker(0.8))
    }
    limb([(-0.5, -0.56, 0.018), (-0.56, -0.4, 0.014), (-0.55, -0.3, 0.024)], coat.darker(0.6))
    smooth(
      [
        (-0.5, -0.6), (-0.36, -0.7), (-0.2, -0.84), (-0.08, -0.95), (0.04, -0.94), (0.12, -0.78),
        (0.26, -0.66), (0.4, -0.6), (0.42, -0.46), (0.26, -0.38), (-0.06, -0.34), (-0.36, -0.36),
        (-0.52, -0.46),
      ], coat)
    // The neck hangs down and rises again to a high head.
    limb(
      [
        (0.34, -0.54, 0.11), (0.54, -0.5, 0.075), (0.66, -0.62, 0.058), (0.7, -0.82, 0.05),
        (0.74, -0.92, 0.05),
      ], coat)
    limb([(0.72, -0.93, 0.062), (0.84, -0.9, 0.05), (0.92, -0.86, 0.042)], coat)
    ellipse(0.68, -0.985, 0.02, 0.032, turn: -0.4, coat.darker(0.8))
    ellipse(0.78, -0.935, 0.013, 0.012, .flat(0x18_10_0C), outlined: false)
    limb([(0.95, -0.845, 0.004), (0.87, -0.845, 0.006)], coat.darker(0.4), outlined: false)
    for (x, lean) in [(-0.4 as Float, step), (0.3, -step)] {
      limb([(x, -0.46, 0.085), (x + lean, -0.24, 0.042), (x + lean, -0.03, 0.034)], coat)
      ellipse(x + lean + 0.015, -0.014, 0.052, 0.024, coat.darker(0.7))
    }
    if !colours.isEmpty || stream.chance(0.7) {
      let blanket = second(Surface(colour: Colour(0xB0_38_34), texture: .cloth))
      smooth(
        [
          (-0.17, -0.76), (-0.02, -0.8), (0.1, -0.72), (0.13, -0.6), (0.12, -0.46), (-0.2, -0.46),
          (-0.2, -0.62),
        ], blanket)
      box(-0.2, -0.49, 0.122, -0.465, .plain(0xE8_C0_58), outlined: false)
      box(-0.19, -0.62, 0.128, -0.605, .plain(0xE8_C0_58), outlined: false)
    }
  }

  mutating func drawRabbit() {
    let coat = main(oneOf: [0x9C_80_60, 0xE8_E2_D8, 0x84_7C_74], .fur)
    let light = coat.with(colour: coat.colour.mixed(Colour(0xFF_FA_F2), 0.65))
    let pink = Surface(colour: Colour(0xE0_A0_9C), round: 0.3)
    let twitch = Elementary.sin(time * 3) * 0.015
    ellipse(-0.27, -0.12, 0.085, 0.08, light)
    smooth(
      [
        (0, -0.5), (0.2, -0.42), (0.28, -0.2), (0.24, -0.02), (0, 0), (-0.24, -0.02),
        (-0.28, -0.2), (-0.2, -0.42),
      ], coat)
    smooth(
      [(0, -0.42), (0.12, -0.3), (0.1, -0.1), (0, -0.06), (-0.1, -0.1), (-0.12, -0.3)], light,
      outlined: false)
    bothSides {
      $0.ellipse(0.17 * $1, -0.035, 0.12, 0.045, coat)
      $0.limb([(0.07 * $1, -0.28, 0.05), (0.065 * $1, -0.06, 0.042)], coat)
      $0.limb(
        [
          (0.075 * $1, -0.66, 0.045), (0.11 * $1 + twitch, -0.84, 0.058),
          (0.12 * $1 + twitch * 2, -0.99, 0.02),
        ], coat)
      $0.limb(
        [
          (0.08 * $1, -0.7, 0.02), (0.11 * $1 + twitch, -0.84, 0.032),
          (0.12 * $1 + twitch * 2, -0.95, 0.01),
        ], pink, outlined: false)
    }
    smooth(
      [
        (0, -0.7), (0.13, -0.67), (0.19, -0.55), (0.16, -0.44), (0, -0.38), (-0.16, -0.44),
        (-0.19, -0.55), (-0.13, -0.67),
      ], coat)
    ellipse(0, -0.455, 0.085, 0.06, light, outlined: false)
    polygon([(-0.024, -0.505), (0.024, -0.505), (0, -0.48)], pink, outlined: false)
    bothSides {
      $0.ellipse(0.1 * $1, -0.565, 0.036, 0.042, .flat(0x1C_12_10), outlined: false)
      $0.ellipse(
        0.1 * $1 + 0.01, -0.58, 0.012, 0.012, .glowing(Colour(0xFF_FF_FF), 0.8),
        outlined: false)
      $0.limb([(0, -0.48, 0.003), (0.03 * $1, -0.455, 0.004)], coat.darker(0.4), outlined: false)
      for whisker in 0..<2 {
        let y = -0.47 + Float(whisker) * 0.025
        $0.limb(
          [(0.06 * $1, y, 0.002), (0.25 * $1, y - 0.02 + Float(whisker) * 0.04, 0.001)],
          .plain(0xF4_F0_EA), outlined: false)
      }
    }
  }

  mutating func drawButterfly() {
    let wing = main(oneOf: [0xE8_80_28, 0x3C_78_D0, 0xE8_C0_38, 0xC0_48_80], .peel)
    let spot = second(Surface(colour: Colour(0xFA_F0_D8), round: 0.2))
    let dark = Surface(colour: Colour(0x20_18_18), round: 0.5)
    let open = 0.82 + 0.18 * Elementary.sin(time * 9)
    bothSides {
      let side = $1 * open
      $0.smooth(
        [
          (0.02 * side, -0.56), (0.3 * side, -0.96), (0.62 * side, -1.0), (0.7 * side, -0.8),
          (0.5 * side, -0.54), (0.04 * side, -0.46),
        ], dark)
      $0.smooth(
        [
          (0.06 * side, -0.55), (0.31 * side, -0.9), (0.56 * side, -0.93), (0.62 * side, -0.79),
          (0.45 * side, -0.58), (0.06 * side, -0.49),
        ], wing, outlined: false)
      $0.smooth(
        [
          (0.03 * side, -0.48), (0.4 * side, -0.5), (0.54 * side, -0.3), (0.38 * side, -0.06),
          (0.2 * side, -0.1), (0.04 * side, -0.36),
        ], dark)
      $0.smooth(
        [
          (0.06 * side, -0.45), (0.37 * side, -0.46), (0.47 * side, -0.3), (0.35 * side, -0.12),
          (0.22 * side, -0.15), (0.07 * side, -0.36),
        ], wing.darker(0.88), outlined: false)
      $0.limb([(0.06 * side, -0.53, 0.004), (0.5 * side, -0.82, 0.007)], dark, outlined: false)
      $0.limb([(0.06 * side, -0.51, 0.004), (0.5 * side, -0.66, 0.006)], dark, outlined: false)
      for (x, y) in [(0.6 as Float, -0.92 as Float), (0.65, -0.82), (0.46, -0.36), (0.4, -0.2)] {
        $0.ellipse(x * side, y, 0.022, 0.022, spot, outlined: false)
      }
      $0.limb(
        [(0.01 * $1, -0.66, 0.006), (0.09 * $1, -0.82, 0.004), (0.13 * $1, -0.84, 0.008)],
        dark, outlined: false)
    }
    limb([(0, -0.68, 0.03), (0, -0.5, 0.036), (0, -0.22, 0.014)], dark)
  }
}
