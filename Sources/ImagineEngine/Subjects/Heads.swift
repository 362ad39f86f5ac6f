/// A person's head: face, hair, headgear. Coordinates start at the chin; at `size` 1 the head is
/// 0.133 high.
extension Figure {
  /// A soft patch of another tone that fades from its middle to its outline.
  mutating func shade(
    _ x: Float, _ y: Float, _ rx: Float, _ ry: Float, turn: Float = 0, _ surface: Surface,
    _ strength: Float
  ) {
    var patch = surface
    patch.round = 0
    patch.shine = 0
    patch.texture = .plain
    patch.isFeathered = true
    patch.clear = 1 - strength
    ellipse(x, y, rx, ry, turn: turn, patch, outlined: false)
  }

  mutating func drawLongHair(_ chin: Point, _ size: Float, _ hair: Surface) {
    func at(_ x: Float, _ y: Float) -> (Float, Float) { (chin.x + x * size, chin.y + y * size) }
    let wave = stream.within(0...0.012)
    smooth(
      [
        at(0, -0.138), at(0.046, -0.126), at(0.064, -0.08), at(0.064, -0.02),
        at(0.07 + wave, 0.03), at(0.062, 0.075), at(0.07, 0.108), at(0.03, 0.1), at(0, 0.07),
        at(-0.03, 0.1), at(-0.07, 0.108), at(-0.062, 0.075), at(-0.07 - wave, 0.03),
        at(-0.064, -0.02), at(-0.064, -0.08), at(-0.046, -0.126),
      ], hair.darker(0.72))
  }

  mutating func drawHead(
    _ chin: Point, _ size: Float, skin: Surface, hair: Surface, isWoman: Bool
  ) {
    func at(_ x: Float, _ y: Float) -> (Float, Float) { (chin.x + x * size, chin.y + y * size) }
    bothSides {
      $0.ellipse(
        chin.x + 0.0515 * $1 * size, chin.y - 0.056 * size, 0.008 * size, 0.015 * size,
        turn: 0.15 * $1, skin.darker(0.86))
    }
    var face = skin
    face.round = 0.42
    let jaw: Float = isWoman ? 0.9 : 1.04
    smooth(
      [
        at(0, -0.122), at(0.036, -0.112), at(0.051, -0.08), at(0.0505, -0.05),
        at(0.0455 * jaw, -0.026), at(0.031 * jaw, -0.007), at(0.012 * jaw, 0.001), at(0, 0.002),
        at(-0.012 * jaw, 0.001), at(-0.031 * jaw, -0.007), at(-0.0455 * jaw, -0.026),
        at(-0.0505, -0.05), at(-0.051, -0.08), at(-0.036, -0.112),
      ], face)
    drawFace(chin, size, skin: skin, hair: hair, isWoman: isWoman)
    if features.contains(.beard) { drawBeard(chin, size, hair) }
    drawHair(chin, size, hair, isWoman: isWoman)
    if features.contains(.hat) { drawHat(chin, size) }
    if features.contains(.pointedHat) { drawPointedHat(chin, size) }
    if features.contains(.crown) { drawCrown(chin, size) }
    if features.contains(.armour) { drawVisor(chin, size) }
  }

  private mutating func drawFace(
    _ chin: Point, _ size: Float, skin: Surface, hair: Surface, isWoman: Bool
  ) {
    func joint(_ x: Float, _ y: Float, _ radius: Float) -> (x: Float, y: Float, radius: Float) {
      (chin.x + x * size, chin.y + y * size, radius * size)
    }
    func spot(
      _ x: Float, _ y: Float, _ rx: Float, _ ry: Float, _ surface: Surface, _ strength: Float
    ) {
      shade(chin.x + x * size, chin.y + y * size, rx * size, ry * size, surface, strength)
    }
    let deep = skin.with(colour: skin.colour * Colour(0.42, 0.3, 0.26, 1))
    let blush = skin.with(colour: skin.colour.mixed(Colour(0xC8_48_40), 0.55))
    let light = skin.with(colour: skin.colour.mixed(Colour(0xFF_E8_D0), 0.3))
    // The planes of the face: eye sockets, cheeks, the sides of the nose, the hollow of the chin.
    for side in [-1, 1] as [Float] {
      spot(0.0215 * side, -0.0625, 0.021, 0.015, deep, 0.42)
      spot(0.031 * side, -0.038, 0.018, 0.014, blush, isWoman ? 0.42 : 0.26)
      spot(0.047 * side, -0.03, 0.014, 0.036, deep, 0.34)
      spot(0.027 * side, -0.047, 0.013, 0.007, light, 0.4)
    }
    spot(0, -0.093, 0.034, 0.018, light, 0.36)
    spot(0.009, -0.047, 0.009, 0.02, deep, 0.4)
    spot(0, -0.049, 0.0045, 0.02, light, 0.5)
    spot(0, -0.0105, 0.014, 0.004, deep, 0.38)
    spot(0, -0.003, 0.012, 0.008, light, 0.3)
    drawEyes(chin, size, skin: skin, hair: hair, isWoman: isWoman)
    // The nose: its tip catches the light, the nostrils are in shade.
    spot(0, -0.0385, 0.0075, 0.0065, light, 0.45)
    spot(0, -0.0325, 0.011, 0.0045, deep, 0.65)
    for side in [-1, 1] as [Float] {
      ellipse(
        chin.x + 0.0048 * side * size, chin.y - 0.0335 * size, 0.0023 * size, 0.0013 * size,
        turn: -0.3 * side, deep.darker(0.5), outlined: false)
      limb(
        [
          joint(0.0096 * side, -0.0385, 0.0003), joint(0.0106 * side, -0.036, 0.0006),
          joint(0.0094 * side, -0.0338, 0.0003),
        ], deep.darker(1.5), outlined: false)
    }
    var lip = skin.with(colour: skin.colour.mixed(Colour(isWoman ? 0xB8_34_3C : 0x9C_50_48), 0.5))
    lip.round = 0.3
    let full: Float = isWoman ? 1.15 : 0.85
    func at(_ x: Float, _ y: Float) -> (Float, Float) { (chin.x + x * size, chin.y + y * size) }
    smooth(
      [
        at(-0.0185, -0.0205), at(-0.007, -0.0238 * 1.02), at(0, -0.0228), at(0.007, -0.0238 * 1.02),
        at(0.0185, -0.0205), at(0, -0.019),
      ], lip.darker(0.8), outlined: false)
    smooth(
      [
        at(-0.0175, -0.0203), at(0, -0.0196), at(0.0175, -0.0203),
        at(0.009, -0.0203 + 0.0052 * full),
        at(0, -0.0203 + 0.0066 * full), at(-0.009, -0.0203 + 0.0052 * full),
      ], lip, outlined: false)
    spot(0, -0.0168, 0.006, 0.0022, light, 0.4)
    limb(
      [
        joint(-0.0195, -0.0212, 0.0005), joint(-0.006, -0.0198, 0.0008),
        joint(0.006, -0.0198, 0.0008),
        joint(0.0195, -0.0212, 0.0005),
      ], lip.darker(0.28), outlined: false)
    if features.contains(.elderly) {
      for side in [-1, 1] as [Float] {
        limb(
          [
            joint(0.0125 * side, -0.036, 0.0004), joint(0.021 * side, -0.026, 0.0012),
            joint(0.0235 * side, -0.017, 0.0004),
          ], deep.darker(1.5), outlined: false)
        limb(
          [
            joint(0.014 * side, -0.051, 0.0004), joint(0.023 * side, -0.049, 0.0009),
            joint(0.031 * side, -0.0515, 0.0004),
          ], deep.darker(1.5), outlined: false)
      }
      for line in 0..<3 {
        let y = -0.088 - Float(line) * 0.008
        limb(
          [joint(-0.024, y, 0.0003), joint(0, y - 0.001, 0.0009), joint(0.024, y, 0.0003)],
          deep.darker(1.7), outlined: false)
      }
    }
  }

  private mutating func drawEyes(
    _ chin: Point, _ size: Float, skin: Surface, hair: Surface, isWoman: Bool
  ) {
    func at(_ x: Float, _ y: Float) -> (Float, Float) { (chin.x + x * size, chin.y + y * size) }
    func joint(_ x: Float, _ y: Float, _ radius: Float) -> (x: Float, y: Float, radius: Float) {
      (chin.x + x * size, chin.y + y * size, radius * size)
    }
    let iris = Surface.flat(stream.pick([0x4C_30_1C, 0x48_68_84, 0x58_6C_44, 0x3C_24_18]))
    var white = Surface.plain(0xEA_E6_E0)
    white.round = 0
    let brow = hair.with(colour: hair.colour.mixed(Colour(0x30_20_18), 0.5))
    for side in [-1, 1] as [Float] {
      let x = 0.0218 * side
      smooth(
        [
          at(x - 0.0115, -0.0595), at(x - 0.005, -0.0637), at(x + 0.003, -0.0641),
          at(x + 0.0115, -0.0598), at(x + 0.004, -0.0568), at(x - 0.005, -0.0567),
        ], white,
        outlined: false)
      ellipse(
        chin.x + x * size, chin.y - 0.0604 * size, 0.0045 * size, 0.0042 * size, iris,
        outlined: false)
      ellipse(
        chin.x + x * size, chin.y - 0.0604 * size, 0.0021 * size, 0.0021 * size,
        .flat(0x0C_0A_0A), outlined: false)
      ellipse(
        chin.x + (x + 0.0016) * size, chin.y - 0.0622 * size, 0.001 * size, 0.001 * size,
        .glowing(Colour(0xFF_FF_FF), 0.9), outlined: false)
      let lash: Float = isWoman ? 1.5 : 1
      limb(
        [
          joint(x - 0.0118 * side, -0.0592, 0.0005),
          joint(x - 0.004 * side, -0.0641, 0.0009 * lash),
          joint(x + 0.004 * side, -0.0644, 0.0011 * lash),
          joint(x + 0.0128 * side, -0.0602, 0.0008 * lash),
        ], .flat(0x20_14_10), outlined: false)
      limb(
        [
          joint(x - 0.009 * side, -0.0662, 0.0003), joint(x, -0.0688, 0.0006),
          joint(x + 0.0125 * side, -0.0652, 0.0003),
        ], skin.darker(0.5), outlined: false)
      limb(
        [
          joint(x - 0.0118 * side, -0.0742, 0.0014), joint(x + 0.001 * side, -0.0785, 0.002),
          joint(x + 0.0145 * side, -0.0738, 0.0007),
        ], brow, outlined: false)
    }
  }

  private mutating func drawHair(
    _ chin: Point, _ size: Float, _ hair: Surface, isWoman: Bool
  ) {
    func at(_ x: Float, _ y: Float) -> (Float, Float) { (chin.x + x * size, chin.y + y * size) }
    func joint(_ x: Float, _ y: Float, _ radius: Float) -> (x: Float, y: Float, radius: Float) {
      (chin.x + x * size, chin.y + y * size, radius * size)
    }
    let part: Float = stream.chance(0.5) ? 1 : -1
    if isWoman {
      // Parted hair that falls on both sides of the face.
      let p = part * 0.014
      for side in [-part, part] {
        smooth(
          [
            at(p, -0.137), at(p + 0.032 * side, -0.131), at(0.059 * side, -0.1),
            at(0.0655 * side, -0.055), at(0.066 * side, 0.0), at(0.07 * side, 0.05),
            at(0.056 * side, 0.072), at(0.052 * side, 0.02), at(0.0525 * side, -0.03),
            at(0.046 * side, -0.078), at(p + 0.016 * side, -0.112),
          ], hair.darker(side == part ? 1 : 0.9))
        for strand in 0..<4 {
          let t = Float(strand) * 0.011
          limb(
            [
              joint(p + (0.012 + t * 0.5) * side, -0.13 + t * 0.9, 0.0004),
              joint((0.05 + t * 0.3) * side, -0.088 + t, 0.0012),
              joint((0.055 + t * 0.32) * side, -0.02, 0.0011),
              joint((0.056 + t * 0.3) * side, 0.045, 0.0004),
            ],
            hair.darker(strand % 2 == 0 ? 0.68 : 1.3), outlined: false)
        }
      }
      return
    }
    if features.contains(.elderly), features.contains(.beard) {
      // A bald crown with hair at the sides.
      bothSides {
        $0.smooth(
          [
            at(0.046 * $1, -0.1), at(0.06 * $1, -0.085), at(0.062 * $1, -0.05),
            at(0.053 * $1, -0.036), at(0.051 * $1, -0.07),
          ], hair)
      }
      return
    }
    smooth(
      [
        at(-0.053, -0.046), at(-0.0585, -0.088), at(-0.046, -0.124), at(-0.012, -0.139),
        at(0.022, -0.138), at(0.049, -0.12), at(0.0585, -0.086), at(0.053, -0.046),
        at(0.05, -0.078), at(0.042, -0.1), at(0.016 * part, -0.108), at(-0.02 * part, -0.104),
        at(-0.042, -0.097), at(-0.05, -0.078),
      ], hair)
    for strand in 0..<7 {
      let x = Float(strand - 3) * 0.0125
      limb(
        [
          joint(x - 0.01 * part, -0.133 + x * x * 8, 0.0004), joint(x, -0.12, 0.0013),
          joint(x + 0.008 * part, -0.105, 0.0004),
        ],
        hair.darker(strand % 2 == 0 ? 0.68 : 1.3), outlined: false)
    }
  }

  private mutating func drawBeard(_ chin: Point, _ size: Float, _ hair: Surface) {
    func at(_ x: Float, _ y: Float) -> (Float, Float) { (chin.x + x * size, chin.y + y * size) }
    let long: Float = features.contains(.pointedHat) ? 0.09 : 0.022
    let beard = hair.darker(0.94)
    smooth(
      [
        at(-0.0515, -0.055), at(-0.045, -0.034), at(-0.026, -0.026), at(-0.0215, -0.013),
        at(0, -0.009), at(0.0215, -0.013), at(0.026, -0.026), at(0.045, -0.034),
        at(0.0515, -0.055), at(0.051, -0.02), at(0.034, 0.006), at(0.014, long), at(-0.014, long),
        at(-0.034, 0.006), at(-0.051, -0.02),
      ], beard)
    smooth(
      [
        at(0, -0.0295), at(0.012, -0.0285), at(0.027, -0.02), at(0.024, -0.012), at(0.014, -0.0205),
        at(0, -0.0235), at(-0.014, -0.0205), at(-0.024, -0.012), at(-0.027, -0.02),
        at(-0.012, -0.0285),
      ], beard.darker(0.9))
    for strand in 0..<9 {
      let x = Float(strand - 4) * 0.0095
      let foot = long - abs(x) * (long * 10 + 0.4)
      limb(
        [
          (chin.x + x * size, chin.y - 0.008 * size, 0.0004 * size),
          (chin.x + x * 0.9 * size, chin.y + (foot * 0.4) * size, 0.0012 * size),
          (chin.x + x * 0.7 * size, chin.y + max(foot - 0.006, -0.004) * size, 0.0004 * size),
        ],
        beard.darker(strand % 2 == 0 ? 0.66 : 1.25), outlined: false)
    }
  }
}
