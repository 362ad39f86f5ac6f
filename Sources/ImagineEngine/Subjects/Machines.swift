/// Astronaut and robot.
extension Figure {
  mutating func drawAstronaut(skin: Surface) {
    let suit = main(Surface(colour: Colour(0xEA_EC_F0), texture: .cloth, shine: 0.15))
    let joint = Surface(colour: Colour(0x9C_A4_B0), shine: 0.4)
    let accent = second(Surface(colour: Colour(0xD8_54_30)))
    let sway = Elementary.sin(time * 1.1) * 0.02
    let isSeated = pose == .sitting
    let boot: Float = isSeated ? -0.13 : 0
    // A seated figure has its hips on the seat.
    defer { if isSeated { move(by: Point(0, 0.42)) } }
    box(-0.15, -0.84, 0.15, -0.48, corner: 0.04, joint.darker(0.8))
    bothSides {
      $0.limb(
        isSeated
          ? [(0.062 * $1, -0.44, 0.07), (0.1 * $1, -0.38, 0.066), (0.105 * $1, -0.2, 0.052)]
          : [(0.062 * $1, -0.46, 0.072), (0.075 * $1, -0.26, 0.06), (0.078 * $1, -0.07, 0.052)],
        suit)
      $0.limb(
        [(0.03 * $1, -0.25, 0.012), (0.12 * $1, -0.25, 0.012)], joint, outlined: false)
      $0.smooth(
        [
          (0.03 * $1, boot - 0.08), (0.12 * $1, boot - 0.08), (0.155 * $1, boot - 0.02),
          (0.14 * $1, boot), (0.03 * $1, boot),
        ], joint)
      $0.limb(
        [
          (0.125 * $1, -0.76, 0.056), (0.2 * $1, -0.62 + sway * $1, 0.048),
          (0.235 * $1, -0.47 + sway * 2 * $1, 0.042),
        ], suit)
      $0.ellipse(0.24 * $1, -0.43 + sway * 2 * $1, 0.042, 0.045, joint)
    }
    smooth(
      [
        (0, -0.82), (0.11, -0.81), (0.145, -0.7), (0.13, -0.5), (0.115, -0.42), (0, -0.4),
        (-0.115, -0.42), (-0.13, -0.5), (-0.145, -0.7), (-0.11, -0.81),
      ], suit)
    box(-0.075, -0.68, 0.075, -0.57, corner: 0.012, joint)
    for light in 0..<3 {
      ellipse(
        -0.045 + Float(light) * 0.045, -0.64, 0.012, 0.012,
        .glowing(Colour([0xF0_50_40, 0x60_E0_70, 0x50_B0_F0][light])), outlined: false)
    }
    box(-0.13, -0.475, 0.13, -0.445, corner: 0.01, accent)
    ellipse(0, -0.885, 0.128, 0.118, suit)
    smooth(
      [(-0.095, -0.92), (0, -0.965), (0.095, -0.92), (0.1, -0.86), (0, -0.815), (-0.1, -0.86)],
      Surface(colour: Colour(0x2A_3C_5C), shine: 1, round: 1))
    smooth(
      [(0.03, -0.945), (0.075, -0.915), (0.082, -0.885), (0.05, -0.91)],
      .glowing(Colour(0xF8_E0_B0), 0.7), outlined: false)
  }

  mutating func drawRobot() {
    let shell = main(oneOf: [0xC4_CC_D4, 0xE0_A8_38, 0x7C_A0_B8, 0xC8_5C_4C], .brushed, shine: 0.7)
    let dark = Surface(colour: Colour(0x44_4C_58), texture: .brushed, shine: 0.6)
    let eye = Surface.glowing(Colour(0x50_E8_FF), 1.8)
    let bob = Elementary.sin(time * 2) * 0.01
    bothSides {
      $0.limb([(0.085 * $1, -0.36, 0.035), (0.09 * $1, -0.08, 0.032)], dark)
      $0.box(0.09 * $1 - 0.07, -0.09, 0.09 * $1 + 0.07, 0, corner: 0.025, shell)
      $0.limb(
        [(0.2 * $1, -0.64, 0.032), (0.27 * $1, -0.5, 0.028), (0.26 * $1, -0.36 + bob, 0.028)], dark)
      $0.ellipse(0.26 * $1, -0.33 + bob, 0.045, 0.045, shell)
      $0.ellipse(0.195 * $1, -0.65, 0.055, 0.06, shell)
    }
    box(-0.17, -0.7, 0.17, -0.34, corner: 0.05, shell)
    box(-0.1, -0.62, 0.1, -0.46, corner: 0.02, dark)
    ellipse(-0.05, -0.54, 0.025, 0.025, .glowing(Colour(0xF8_58_40)), outlined: false)
    box(0, -0.57, 0.075, -0.555, .glowing(Colour(0x50_E8_A0)), outlined: false)
    box(0, -0.53, 0.06, -0.515, .glowing(Colour(0x50_E8_A0)), outlined: false)
    limb([(0, -0.76, 0.035), (0, -0.69, 0.04)], dark)
    limb([(0, -1.0 + bob, 0.008), (0, -0.93, 0.008)], dark)
    ellipse(0, -0.99 + bob, 0.022, 0.022, .glowing(Colour(0xFF_60_50)))
    box(-0.15, -0.95, 0.15, -0.74, corner: 0.06, shell)
    box(-0.12, -0.905, 0.12, -0.805, corner: 0.045, Surface(colour: Colour(0x18_20_2C), shine: 0.9))
    bothSides { $0.ellipse(0.055 * $1, -0.855, 0.026, 0.026, eye, outlined: false) }
  }
}
