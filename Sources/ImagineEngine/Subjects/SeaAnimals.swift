/// Whale, dolphin, shark, turtle and jellyfish, from the side, facing right.
extension Figure {
  mutating func drawWhale() {
    let skin = main(oneOf: [0x3C_54_70, 0x4C_5C_6C, 0x2C_44_60], .plain, shine: 0.4)
    let belly = second(skin.with(colour: skin.colour.mixed(Colour(0xE8_EC_F0), 0.7)))
    let beat = Elementary.sin(time * 1.6) * 0.1
    limb(
      [(-1.0, -0.5, 0.1), (-1.3, -0.56 - beat * 0.4, 0.055), (-1.5, -0.62 - beat, 0.04)], skin)
    smooth(
      [
        (-1.44, -0.64 - beat), (-1.62, -0.88 - beat), (-1.86, -0.94 - beat), (-1.72, -0.7 - beat),
        (-1.86, -0.52 - beat), (-1.62, -0.5 - beat),
      ], skin.darker(0.85))
    smooth(
      [
        (1.42, -0.5), (1.3, -0.78), (0.9, -0.95), (0.3, -1.0), (-0.4, -0.86), (-0.95, -0.62),
        (-1.34, -0.56 - beat * 0.4), (-1.0, -0.42), (-0.5, -0.22), (0.2, -0.06), (0.8, -0.06),
        (1.25, -0.22),
      ], skin)
    smooth(
      [
        (1.4, -0.42), (0.9, -0.36), (0.3, -0.3), (-0.3, -0.28), (-0.5, -0.22), (0.2, -0.06),
        (0.8, -0.06), (1.25, -0.22),
      ], belly, outlined: false)
    for groove in 0..<5 {
      let y = -0.29 + Float(groove) * 0.048
      limb(
        [(1.26 - Float(groove) * 0.08, y, 0.003), (0.7, y + 0.03, 0.007), (0.1, y + 0.01, 0.003)],
        belly.darker(0.62), outlined: false)
    }
    limb(
      [(1.4, -0.44, 0.008), (1.1, -0.42, 0.012), (0.86, -0.5, 0.006)], skin.darker(0.45),
      outlined: false)
    ellipse(0.84, -0.56, 0.035, 0.03, .flat(0x0C_10_16), outlined: false)
    ellipse(0.85, -0.567, 0.01, 0.009, .glowing(Colour(0xFF_FF_FF), 0.7), outlined: false)
    let stroke = Elementary.sin(time * 1.6 + 1) * 0.08
    smooth(
      [(0.5, -0.3), (0.62, -0.2), (0.36, 0.1 + stroke), (0.1, 0.22 + stroke), (0.26, -0.14)],
      skin.darker(0.78))
    smooth([(-0.44, -0.82), (-0.58, -0.92), (-0.7, -0.9), (-0.66, -0.74)], skin.darker(0.85))
  }

  mutating func drawDolphin() {
    let skin = main(oneOf: [0x5C_78_94, 0x6C_80_90, 0x4C_6C_8C], .plain, shine: 0.6)
    let belly = second(skin.with(colour: skin.colour.mixed(Colour(0xF0_F4_F6), 0.75)))
    let beat = Elementary.sin(time * 4) * 0.07
    smooth(
      [
        (-0.94, -0.42 + beat), (-1.16, -0.66 + beat), (-1.24, -0.6 + beat), (-1.12, -0.38 + beat),
        (-1.28, -0.2 + beat), (-1.14, -0.16 + beat),
      ], skin.darker(0.82))
    smooth([(-0.02, -0.84), (-0.12, -1.08), (-0.34, -1.14), (-0.3, -0.76)], skin.darker(0.82))
    smooth(
      [
        (1.16, -0.42), (0.94, -0.5), (0.86, -0.66), (0.6, -0.8), (0.2, -0.87), (-0.3, -0.78),
        (-0.7, -0.56), (-1.02, -0.42 + beat), (-0.7, -0.36), (-0.2, -0.24), (0.3, -0.2),
        (0.72, -0.28), (0.96, -0.36), (1.14, -0.37),
      ], skin)
    smooth(
      [
        (1.1, -0.4), (0.8, -0.42), (0.4, -0.42), (-0.1, -0.36), (-0.6, -0.38), (-0.2, -0.25),
        (0.3, -0.21), (0.72, -0.29), (0.96, -0.365),
      ], belly, outlined: false)
    limb(
      [(1.13, -0.4, 0.006), (0.92, -0.4, 0.01), (0.76, -0.46, 0.005)], skin.darker(0.42),
      outlined: false)
    ellipse(0.74, -0.56, 0.028, 0.026, .flat(0x0C_0E_14), outlined: false)
    ellipse(0.75, -0.567, 0.009, 0.008, .glowing(Colour(0xFF_FF_FF), 0.8), outlined: false)
    smooth(
      [(0.36, -0.34), (0.5, -0.28), (0.26, 0.0), (0.1, 0.08), (0.18, -0.2)], skin.darker(0.75))
  }

  mutating func drawShark() {
    let skin = main(oneOf: [0x60_70_7C, 0x54_68_7C], .plain, shine: 0.3)
    let belly = second(Surface(colour: Colour(0xD8_E0_E4)))
    let beat = Elementary.sin(time * 2.6) * 0.08
    smooth(
      [
        (-1.1, -0.5), (-1.42, -0.98 + beat), (-1.54, -0.96 + beat), (-1.34, -0.5 + beat),
        (-1.44, -0.2 + beat), (-1.34, -0.2 + beat),
      ], skin.darker(0.85))
    smooth([(0.18, -0.74), (-0.06, -1.1), (-0.2, -1.1), (-0.22, -0.7)], skin.darker(0.88))
    smooth(
      [
        (1.3, -0.54), (0.9, -0.7), (0.3, -0.78), (-0.4, -0.68), (-1.2, -0.5), (-0.4, -0.36),
        (0.3, -0.26), (0.85, -0.34), (1.16, -0.46),
      ], skin)
    smooth(
      [(1.2, -0.48), (0.6, -0.48), (-0.2, -0.44), (-0.7, -0.44), (0.2, -0.28), (0.85, -0.35)],
      belly, outlined: false)
    limb(
      [(1.06, -0.43, 0.006), (0.9, -0.38, 0.012), (0.78, -0.4, 0.005)], skin.darker(0.35),
      outlined: false)
    for gill in 0..<4 {
      let x = 0.52 - Float(gill) * 0.06
      limb([(x, -0.6, 0.004), (x - 0.03, -0.46, 0.006)], skin.darker(0.5), outlined: false)
    }
    ellipse(0.94, -0.58, 0.026, 0.026, .flat(0x08_0A_0C), outlined: false)
    smooth(
      [(0.4, -0.38), (0.5, -0.3), (0.16, 0.02), (0.02, 0.04), (0.14, -0.3)], skin.darker(0.78))
    polygon([(-0.62, -0.44), (-0.76, -0.24), (-0.8, -0.46)], skin.darker(0.8))
  }

  mutating func drawTurtle() {
    let skin = Surface(colour: Colour(0x6C_8C_50), texture: .peel)
    let shell = main(Surface(colour: Colour(0x6C_58_30), texture: .peel, shine: 0.3, round: 1))
    let stroke = Elementary.sin(time * 1.8) * 0.14
    smooth([(-0.5, -0.4), (-0.9, -0.2), (-0.98, -0.06), (-0.5, -0.24)], skin.darker(0.8))
    smooth(
      [(0.3, -0.5), (0.2, -0.9 - stroke), (-0.02, -1.0 - stroke), (0.02, -0.6)], skin.darker(0.7))
    smooth(
      [(0.52, -0.56), (0.78, -0.74), (0.98, -0.7), (1.02, -0.58), (0.88, -0.48), (0.6, -0.4)], skin)
    ellipse(0.88, -0.63, 0.03, 0.032, .flat(0x10_12_0C), outlined: false)
    limb([(1.0, -0.57, 0.005), (0.9, -0.54, 0.008)], skin.darker(0.5), outlined: false)
    smooth(
      [
        (0.62, -0.46), (0.46, -0.72), (0.1, -0.86), (-0.32, -0.78), (-0.64, -0.5), (-0.7, -0.36),
        (-0.3, -0.28), (0.3, -0.3),
      ], shell)
    for (x, y, size) in [
      (0.28 as Float, -0.58 as Float, 0.15 as Float), (0.0, -0.64, 0.17), (-0.3, -0.56, 0.15),
      (-0.12, -0.42, 0.12), (0.16, -0.4, 0.12), (-0.48, -0.42, 0.1),
    ] {
      ellipse(x, y, size, size * 0.72, shell.darker(0.66), outlined: false)
      ellipse(x, y - 0.01, size * 0.84, size * 0.58, shell.darker(1.2), outlined: false)
    }
    smooth(
      [(0.42, -0.36), (0.52, -0.28), (0.3, 0.02 + stroke), (0.06, 0.12 + stroke), (0.16, -0.26)],
      skin)
  }

  mutating func drawJellyfish() {
    var bell = main(oneOf: [0xE0_98_D8, 0x88_B8_F0, 0xF0_B0_90], .plain, shine: 0.5)
    bell.clear = 0.35
    bell.round = 1
    let pulse = 1 + Elementary.sin(time * 2.2) * 0.06
    for arm in 0..<9 {
      let x = (Float(arm) - 4) * 0.075
      let sway = Elementary.sin(time * 1.4 + Float(arm)) * 0.06
      var thread = bell
      thread.clear = 0.45
      limb(
        [
          (x, -0.52, 0.022), (x * 1.2 + sway, -0.34, 0.018), (x * 1.1 - sway, -0.16, 0.012),
          (x * 1.4 + sway, 0.04, 0.004),
        ], thread, outlined: false)
    }
    smooth(
      [
        (0, -1.0), (0.24 * pulse, -0.93), (0.4 * pulse, -0.74), (0.42 * pulse, -0.54),
        (0.3 * pulse, -0.5), (0.2, -0.55), (0.1, -0.5), (0, -0.55), (-0.1, -0.5), (-0.2, -0.55),
        (-0.3 * pulse, -0.5), (-0.42 * pulse, -0.54), (-0.4 * pulse, -0.74), (-0.24 * pulse, -0.93),
      ], bell)
    ellipse(
      0, -0.74, 0.17, 0.12,
      Surface(colour: bell.colour.lit(1.2), round: 0.4, glow: 0.6, clear: 0.5),
      outlined: false)
  }

  /// Water thrown up where something breaks the surface.
  mutating func drawSplash(width: Float, age: Float) {
    let foam = Surface(colour: Colour(0xF0_F8_FC), round: 0.3)
    for _ in 0..<34 {
      let side = stream.within(-1...1)
      let reach = stream.unit() * (1 - abs(side) * 0.4)
      let x = side * width * (0.75 + 0.35 * age)
      let y = -reach * width * 0.8 * (0.5 + age)
      let size = width * 0.085 * (1 - reach * 0.8) * stream.within(0.6...1.3)
      ellipse(x, y, size, size * 0.85, foam, outlined: false)
    }
    for mound in 0..<9 {
      let side = Float(mound - 4) / 4
      ellipse(
        side * width * 0.9, 0, width * 0.2, width * 0.09 * (1.3 - abs(side)), foam, outlined: false)
    }
  }
}
