/// Person and robot.
extension Figure {
  /// A person who stands with the weight on one leg and looks at the viewer.
  mutating func drawPerson() {
    let skin = Surface(
      colour: Colour(stream.pick([0xF0_C4_A0, 0xD8_A0_78, 0xA8_70_4C, 0x7A_4C_34, 0xF4_D0_B4])))
    let hair = Surface(
      colour: Colour(stream.pick([0x2A_1E_1A, 0x4C_30_20, 0x6C_48_28, 0x7C_3C_20, 0x3A_36_38])),
      texture: .fur)
    let top = main(
      oneOf: [0xB8_3C_34, 0x34_5C_94, 0x3C_7C_58, 0xE0_B0_40, 0x6C_4C_84, 0xD8_D4_CC], .cloth)
    let trousers = second(
      Surface(
        colour: Colour(stream.pick([0x2C_34_48, 0x4C_44_3C, 0x30_30_34, 0x54_60_70])),
        texture: .cloth))
    if features.contains(.spacesuit) { return drawAstronaut(skin: skin) }
    let hasLongHair =
      features.contains(.woman) || (stream.chance(0.5) && !features.contains(.man))
    let wearsDress = hasLongHair && stream.chance(features.contains(.woman) ? 0.75 : 0.5)
    let sway = Elementary.sin(time * 1.5) * 0.006
    let size: Float = features.contains(.child) ? 1.5 : 1
    if hasLongHair { drawLongHair(Point(sway, -0.864), size, hair) }
    drawLegs(wearsDress ? skin : trousers, areBare: wearsDress)
    drawArm(1, bent: false, sway, top, skin)
    if wearsDress { drawDress(top) } else { drawJacket(top, skin) }
    drawArm(-1, bent: true, sway, top.darker(0.94), skin)
    limb([(sway * 0.6, -0.872, 0.023), (0, -0.835, 0.028)], skin.darker(0.82))
    drawHead(Point(sway, -0.864), size, skin: skin, hair: hair)
  }

  private mutating func drawLegs(_ cloth: Surface, areBare: Bool) {
    let shoes = Surface(colour: Colour(0x2C_22_1E), shine: 0.3)
    let hip: Float = areBare ? -0.36 : -0.5
    let widths: (Float, Float, Float) = areBare ? (0.034, 0.027, 0.017) : (0.056, 0.04, 0.027)
    for (x, knee, ankle) in [
      (0.042 as Float, 0.062 as Float, 0.076 as Float), (-0.04, -0.043, -0.042),
    ] {
      smooth(
        [
          (ankle - 0.024, -0.045), (ankle + 0.024, -0.045),
          (ankle + (x > 0 ? 0.055 : 0.03), -0.014),
          (ankle + (x > 0 ? 0.05 : 0.028), 0), (ankle - (x > 0 ? 0.028 : 0.05), 0),
          (ankle - (x > 0 ? 0.03 : 0.055), -0.014),
        ], shoes)
      limb([(x, hip, widths.0), (knee, -0.27, widths.1), (ankle, -0.045, widths.2)], cloth)
    }
  }

  /// An arm that hangs, or one with its hand at the hip.
  private mutating func drawArm(
    _ side: Float, bent: Bool, _ sway: Float, _ sleeve: Surface, _ skin: Surface
  ) {
    let elbow = bent ? Point(0.165, -0.645) : Point(0.138 + sway, -0.64)
    let wrist = bent ? Point(0.098, -0.53) : Point(0.142 + sway * 2, -0.505)
    ellipse(
      (wrist.x + (bent ? -0.008 : 0.002)) * side, wrist.y + 0.022, 0.017, 0.027,
      turn: bent ? 0.7 * side : 0, skin)
    limb(
      [
        (0.096 * side, -0.792, 0.033), (elbow.x * side, elbow.y, 0.026),
        (wrist.x * side, wrist.y, 0.019),
      ], sleeve)
  }

  private mutating func drawDress(_ cloth: Surface) {
    smooth(
      [
        (0, -0.835), (0.052, -0.838), (0.1, -0.812), (0.096, -0.74), (0.068, -0.63), (0.11, -0.48),
        (0.165, -0.3), (0.09, -0.285), (0, -0.28), (-0.09, -0.285), (-0.165, -0.3), (-0.11, -0.48),
        (-0.068, -0.63), (-0.096, -0.74), (-0.1, -0.812), (-0.052, -0.838),
      ], cloth)
    for (x, foot) in [(-0.03 as Float, -0.085 as Float), (0.012, 0.02), (0.045, 0.11)] {
      limb(
        [(x, -0.58, 0.002), ((x + foot) * 0.55, -0.44, 0.006), (foot, -0.295, 0.009)],
        cloth.darker(0.72), outlined: false)
    }
    box(-0.07, -0.645, 0.07, -0.618, corner: 0.01, cloth.darker(0.5))
  }

  private mutating func drawJacket(_ cloth: Surface, _ skin: Surface) {
    smooth(
      [
        (0, -0.842), (0.05, -0.84), (0.102, -0.815), (0.12, -0.765), (0.1, -0.65), (0.092, -0.57),
        (0.1, -0.47), (0, -0.46), (-0.1, -0.47), (-0.092, -0.57), (-0.1, -0.65), (-0.12, -0.765),
        (-0.102, -0.815), (-0.05, -0.84),
      ], cloth)
    polygon([(-0.034, -0.844), (0.034, -0.844), (0, -0.765)], .flat(0xF0_EC_E4), outlined: false)
    polygon([(-0.024, -0.846), (0.024, -0.846), (0, -0.812)], skin.darker(0.8), outlined: false)
    bothSides {
      $0.polygon(
        [
          (0.03 * $1, -0.85), (0.052 * $1, -0.826), (0.03 * $1, -0.775), (0.002 * $1, -0.755),
        ], cloth.darker(0.72))
    }
    limb([(0, -0.755, 0.0022), (0.001, -0.47, 0.0022)], cloth.darker(0.5), outlined: false)
    for button in 0..<3 {
      ellipse(
        0.011, -0.71 + Float(button) * 0.075, 0.005, 0.005, cloth.darker(0.4), outlined: false)
    }
  }

  private mutating func drawLongHair(_ chin: Point, _ size: Float, _ hair: Surface) {
    func at(_ x: Float, _ y: Float) -> (Float, Float) { (chin.x + x * size, chin.y + y * size) }
    smooth(
      [
        at(0, -0.136), at(0.05, -0.122), at(0.066, -0.07), at(0.068, 0), at(0.078, 0.075),
        at(0.045, 0.085), at(0, 0.06), at(-0.045, 0.085), at(-0.078, 0.075), at(-0.068, 0),
        at(-0.066, -0.07), at(-0.05, -0.122),
      ], hair.darker(0.8))
  }

  /// A head over its chin; the whole head of `size` 1 is 0.14 high.
  private mutating func drawHead(_ chin: Point, _ size: Float, skin: Surface, hair: Surface) {
    func at(_ x: Float, _ y: Float) -> (Float, Float) { (chin.x + x * size, chin.y + y * size) }
    func joint(_ x: Float, _ y: Float, _ radius: Float) -> (x: Float, y: Float, radius: Float) {
      (chin.x + x * size, chin.y + y * size, radius * size)
    }
    bothSides {
      $0.ellipse(
        chin.x + 0.052 * $1 * size, chin.y - 0.055 * size, 0.009 * size, 0.015 * size,
        skin.darker(0.8))
    }
    var face = skin
    face.round = 0.55
    smooth(
      [
        at(0, -0.116), at(0.038, -0.104), at(0.053, -0.068), at(0.049, -0.035), at(0.028, -0.006),
        at(0, 0.002), at(-0.028, -0.006), at(-0.049, -0.035), at(-0.053, -0.068),
        at(-0.038, -0.104),
      ], face)
    drawFeatures(chin, size, skin: skin, hair: hair, joint)
    smooth(
      [
        at(-0.057, -0.05), at(-0.062, -0.09), at(-0.044, -0.126), at(0, -0.14), at(0.042, -0.128),
        at(0.062, -0.092), at(0.057, -0.05), at(0.05, -0.078), at(0.03, -0.1), at(-0.006, -0.102),
        at(-0.034, -0.09), at(-0.05, -0.07),
      ], hair)
    for strand in 0..<3 {
      let x = Float(strand) * 0.022 - 0.02
      limb(
        [
          joint(x - 0.012, -0.132, 0.0012), joint(x + 0.004, -0.12, 0.002),
          joint(x + 0.012, -0.104, 0.0008),
        ], hair.darker(0.65), outlined: false)
    }
    if features.contains(.hat) { drawHat(chin, size) }
  }

  private mutating func drawFeatures(
    _ chin: Point, _ size: Float, skin: Surface, hair: Surface,
    _ joint: (Float, Float, Float) -> (x: Float, y: Float, radius: Float)
  ) {
    let iris = Surface.flat(stream.pick([0x3C_28_1C, 0x44_60_7C, 0x4C_64_40]))
    var white = Surface.plain(0xF4_F0_EA)
    white.round = 0
    for side in [-1, 1] as [Float] {
      let eye = Point(chin.x + 0.0215 * side * size, chin.y - 0.06 * size)
      ellipse(
        eye.x, eye.y - 0.002 * size, 0.014 * size, 0.0095 * size, skin.darker(0.84),
        outlined: false)
      ellipse(eye.x, eye.y, 0.0105 * size, 0.0058 * size, white, outlined: false)
      ellipse(eye.x, eye.y, 0.0052 * size, 0.0056 * size, iris, outlined: false)
      ellipse(eye.x, eye.y, 0.0024 * size, 0.0026 * size, .flat(0x10_0C_0A), outlined: false)
      ellipse(
        eye.x + 0.0016 * size, eye.y - 0.002 * size, 0.0012 * size, 0.0012 * size,
        .glowing(Colour(0xFF_FF_FF), 0.9), outlined: false)
      limb(
        [
          joint(0.0105 * side, -0.0605, 0.0009), joint(0.0215 * side, -0.0668, 0.0019),
          joint(0.0335 * side, -0.0605, 0.0011),
        ], .flat(0x24_18_12), outlined: false)
      limb(
        [
          joint(0.01 * side, -0.0745, 0.0019), joint(0.023 * side, -0.0795, 0.0026),
          joint(0.037 * side, -0.0735, 0.0012),
        ], hair.darker(0.75), outlined: false)
    }
    // The nose is told by its shade on one side, and by its wings.
    limb(
      [joint(0.004, -0.06, 0.0008), joint(0.0075, -0.045, 0.0022), joint(0.007, -0.037, 0.0028)],
      skin.darker(0.84), outlined: false)
    limb(
      [joint(-0.0075, -0.035, 0.0014), joint(0, -0.033, 0.0022), joint(0.0085, -0.035, 0.0014)],
      skin.darker(0.74), outlined: false)
    let lip = skin.with(colour: skin.colour.mixed(Colour(0xB4_40_3C), 0.5))
    limb(
      [joint(-0.0165, -0.0205, 0.0009), joint(0, -0.0195, 0.0034), joint(0.0165, -0.0205, 0.0009)],
      lip, outlined: false)
    limb(
      [joint(-0.0175, -0.0212, 0.0006), joint(0, -0.0205, 0.001), joint(0.0175, -0.0212, 0.0006)],
      lip.darker(0.45), outlined: false)
  }

  private mutating func drawHat(_ chin: Point, _ size: Float) {
    let hat = Surface(colour: Colour(0x54_3C_2C), texture: .cloth)
    func at(_ x: Float, _ y: Float) -> (Float, Float) { (chin.x + x * size, chin.y + y * size) }
    ellipse(chin.x, chin.y - 0.1 * size, 0.1 * size, 0.017 * size, hat)
    smooth(
      [
        at(-0.056, -0.102), at(-0.05, -0.152), at(-0.02, -0.168), at(0, -0.16), at(0.02, -0.168),
        at(0.05, -0.152), at(0.056, -0.102), at(0, -0.094),
      ], hat)
    limb(
      [
        (chin.x - 0.055 * size, chin.y - 0.109 * size, 0.005 * size),
        (chin.x, chin.y - 0.102 * size, 0.005 * size),
        (chin.x + 0.055 * size, chin.y - 0.109 * size, 0.005 * size),
      ], hat.darker(0.5), outlined: false)
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
