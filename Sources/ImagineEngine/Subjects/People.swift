/// Person and robot.
extension Figure {
  /// A person who stands and looks at the viewer.
  mutating func drawPerson() {
    let skin = Surface(
      colour: Colour(stream.pick([0xF0_C4_A0, 0xD8_A0_78, 0xA8_70_4C, 0x7A_4C_34, 0xF4_D0_B4])))
    let hair = Surface(
      colour: Colour(stream.pick([0x2A_1E_1A, 0x5C_38_20, 0xC8_9C_54, 0x8C_3C_20, 0x4A_46_48])),
      texture: .fur)
    let top = main(
      oneOf: [0xB8_3C_34, 0x34_5C_94, 0x3C_7C_58, 0xE0_B0_40, 0x6C_4C_84, 0xD8_D4_CC], .cloth)
    let trousers = second(
      Surface(
        colour: Colour(stream.pick([0x2C_34_48, 0x4C_44_3C, 0x30_30_34, 0x54_60_70])),
        texture: .cloth))
    let shoes = Surface(colour: Colour(0x2C_22_1E), shine: 0.3)
    if features.contains(.spacesuit) { return drawAstronaut(skin: skin) }
    let hasLongHair =
      features.contains(.woman) || (stream.chance(0.5) && !features.contains(.man))
    let wearsDress = hasLongHair && stream.chance(features.contains(.woman) ? 0.75 : 0.5)
    let sway = Elementary.sin(time * 1.5) * 0.008
    if hasLongHair {
      smooth(
        [
          (sway, -1.0), (0.075 + sway, -0.97), (0.088, -0.86), (0.095, -0.74), (0.05, -0.72),
          (-0.05, -0.72), (-0.095, -0.74), (-0.088, -0.86), (-0.075 + sway, -0.97),
        ], hair)
    }
    if wearsDress {
      bothSides {
        $0.limb(
          [(0.045 * $1, -0.3, 0.035), (0.048 * $1, -0.12, 0.026), (0.05 * $1, -0.02, 0.02)], skin)
      }
    } else {
      bothSides {
        $0.limb(
          [(0.052 * $1, -0.5, 0.062), (0.06 * $1, -0.27, 0.043), (0.062 * $1, -0.05, 0.033)],
          trousers)
      }
    }
    bothSides {
      $0.smooth(
        [
          (0.035 * $1, -0.05), (0.08 * $1, -0.055), (0.115 * $1, -0.015), (0.1 * $1, 0),
          (0.035 * $1, 0),
        ], shoes)
    }
    bothSides {
      let reach = 0.17 + sway * $1
      $0.limb(
        [(0.1 * $1, -0.77, 0.037), (0.15 * $1, -0.6, 0.031), (reach * $1, -0.45, 0.024)],
        top.darker(0.9))
      $0.ellipse(reach * $1 * 1.01, -0.425, 0.024, 0.034, skin)
    }
    if wearsDress {
      smooth(
        [
          (0, -0.83), (0.1, -0.8), (0.08, -0.62), (0.14, -0.4), (0.19, -0.24), (0, -0.21),
          (-0.19, -0.24), (-0.14, -0.4), (-0.08, -0.62), (-0.1, -0.8),
        ], top)
      box(-0.078, -0.63, 0.078, -0.6, corner: 0.01, top.darker(0.5))
    } else {
      smooth(
        [
          (0, -0.835), (0.085, -0.82), (0.125, -0.76), (0.105, -0.6), (0.105, -0.46), (0, -0.45),
          (-0.105, -0.46), (-0.105, -0.6), (-0.125, -0.76), (-0.085, -0.82),
        ], top)
      polygon([(-0.035, -0.835), (0.035, -0.835), (0, -0.77)], skin.darker(0.85), outlined: false)
    }
    limb([(0, -0.86, 0.034), (0, -0.82, 0.036)], skin.darker(0.85))
    drawHead(x: sway, y: -0.915, skin: skin, hair: hair)
  }

  private mutating func drawHead(x: Float, y: Float, skin: Surface, hair: Surface) {
    bothSides { $0.ellipse(x + 0.07 * $1, y + 0.005, 0.013, 0.02, skin.darker(0.85)) }
    smooth(
      [
        (x, y - 0.088), (x + 0.055, y - 0.068), (x + 0.072, y - 0.01), (x + 0.05, y + 0.055),
        (x, y + 0.085), (x - 0.05, y + 0.055), (x - 0.072, y - 0.01), (x - 0.055, y - 0.068),
      ], skin)
    smooth(
      [
        (x - 0.076, y + 0.002), (x - 0.082, y - 0.055), (x - 0.045, y - 0.1), (x + 0.01, y - 0.108),
        (x + 0.06, y - 0.09), (x + 0.083, y - 0.04), (x + 0.074, y + 0.002), (x + 0.058, y - 0.042),
        (x + 0.01, y - 0.056), (x - 0.05, y - 0.04),
      ], hair)
    bothSides {
      $0.ellipse(x + 0.028 * $1, y - 0.002, 0.0125, 0.0085, .plain(0xFA_F8_F4), outlined: false)
      $0.ellipse(x + 0.028 * $1, y - 0.002, 0.007, 0.008, .flat(0x34_22_18), outlined: false)
      $0.limb(
        [
          (x + 0.014 * $1, y - 0.02, 0.003), (x + 0.03 * $1, y - 0.025, 0.0036),
          (x + 0.044 * $1, y - 0.019, 0.002),
        ], hair.darker(0.8), outlined: false)
    }
    limb(
      [
        (x + 0.002, y + 0.004, 0.004), (x + 0.006, y + 0.026, 0.0075), (x - 0.002, y + 0.03, 0.005),
      ], skin.darker(0.82), outlined: false)
    limb(
      [(x - 0.022, y + 0.048, 0.003), (x, y + 0.053, 0.006), (x + 0.022, y + 0.048, 0.003)],
      .plain(0xB4_5C_54), outlined: false)
    if features.contains(.hat) {
      let hat = Surface.plain(0x54_3C_2C)
      ellipse(x, y - 0.062, 0.135, 0.022, hat)
      smooth(
        [
          (x - 0.075, y - 0.065), (x - 0.06, y - 0.14), (x, y - 0.155), (x + 0.06, y - 0.14),
          (x + 0.075, y - 0.065),
        ], hat)
    }
  }

  private mutating func drawAstronaut(skin: Surface) {
    let suit = main(Surface(colour: Colour(0xEA_EC_F0), texture: .cloth, shine: 0.15))
    let joint = Surface(colour: Colour(0x9C_A4_B0), shine: 0.4)
    let accent = second(Surface(colour: Colour(0xD8_54_30)))
    let sway = Elementary.sin(time * 1.1) * 0.02
    box(-0.15, -0.84, 0.15, -0.48, corner: 0.04, joint.darker(0.8))
    bothSides {
      $0.limb(
        [(0.062 * $1, -0.46, 0.072), (0.075 * $1, -0.26, 0.06), (0.078 * $1, -0.07, 0.052)], suit)
      $0.limb([(0.03 * $1, -0.25, 0.012), (0.12 * $1, -0.25, 0.012)], joint, outlined: false)
      $0.smooth(
        [
          (0.03 * $1, -0.08), (0.12 * $1, -0.08), (0.155 * $1, -0.02), (0.14 * $1, 0),
          (0.03 * $1, 0),
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
