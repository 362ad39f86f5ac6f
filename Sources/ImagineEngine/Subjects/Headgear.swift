/// Hats, helmets and crowns. Coordinates start at the chin, as for heads.
extension Figure {
  mutating func drawHat(_ chin: Point, _ size: Float) {
    let hat = Surface(
      colour: Colour(stream.pick([0x54_3C_2C, 0x38_38_40, 0xB8_9C_68])), texture: .cloth)
    func at(_ x: Float, _ y: Float) -> (Float, Float) { (chin.x + x * size, chin.y + y * size) }
    smooth(
      [
        at(-0.058, -0.1), at(-0.053, -0.15), at(-0.025, -0.168), at(0, -0.16), at(0.025, -0.168),
        at(0.053, -0.15), at(0.058, -0.1), at(0, -0.09),
      ], hat)
    smooth(
      [
        at(-0.1, -0.106), at(-0.05, -0.1), at(0.05, -0.1), at(0.1, -0.106), at(0.06, -0.09),
        at(0, -0.085), at(-0.06, -0.09),
      ], hat.darker(0.9))
    limb(
      [
        (chin.x - 0.056 * size, chin.y - 0.111 * size, 0.0065 * size),
        (chin.x, chin.y - 0.104 * size, 0.0065 * size),
        (chin.x + 0.056 * size, chin.y - 0.111 * size, 0.0065 * size),
      ], hat.darker(0.45), outlined: false)
  }

  mutating func drawPointedHat(_ chin: Point, _ size: Float) {
    let cloth = Surface(colour: colours.first ?? Colour(0x3C_34_6C), texture: .cloth)
    func at(_ x: Float, _ y: Float) -> (Float, Float) { (chin.x + x * size, chin.y + y * size) }
    smooth(
      [
        at(-0.06, -0.1), at(-0.036, -0.17), at(-0.006, -0.245), at(0.035, -0.3), at(0.02, -0.235),
        at(0.034, -0.17), at(0.06, -0.1), at(0, -0.09),
      ], cloth)
    smooth(
      [
        at(-0.115, -0.1), at(-0.05, -0.108), at(0.05, -0.108), at(0.115, -0.1), at(0.06, -0.085),
        at(0, -0.08), at(-0.06, -0.085),
      ], cloth.darker(0.85))
    box(
      chin.x - 0.052 * size, chin.y - 0.123 * size, chin.x + 0.052 * size, chin.y - 0.107 * size,
      Surface(colour: Colour(0xD8_A8_40), shine: 0.5), outlined: false)
  }

  mutating func drawCrown(_ chin: Point, _ size: Float) {
    let gold = Surface(colour: Colour(0xE4_B4_40), texture: .brushed, shine: 1)
    func at(_ x: Float, _ y: Float) -> (Float, Float) { (chin.x + x * size, chin.y + y * size) }
    polygon(
      [
        at(-0.052, -0.112), at(-0.06, -0.162), at(-0.034, -0.138), at(-0.022, -0.17),
        at(0, -0.142), at(0.022, -0.17), at(0.034, -0.138), at(0.06, -0.162), at(0.052, -0.112),
        at(0, -0.106),
      ], gold)
    for (x, colour) in [
      (-0.03 as Float, 0xC8_30_34 as UInt32), (0, 0x30_60_C8), (0.03, 0xC8_30_34),
    ] {
      ellipse(
        chin.x + x * size, chin.y - 0.12 * size, 0.006 * size, 0.006 * size,
        Surface(colour: Colour(colour), shine: 0.9))
    }
  }

  mutating func drawVisor(_ chin: Point, _ size: Float) {
    let steel = Surface(
      colour: colours.first ?? Colour(0xA8_B0_BA), texture: .brushed, shine: 1, round: 1)
    func at(_ x: Float, _ y: Float) -> (Float, Float) { (chin.x + x * size, chin.y + y * size) }
    smooth(
      [
        at(0, -0.148), at(0.048, -0.13), at(0.064, -0.085), at(0.06, -0.03), at(0.04, 0.012),
        at(0, 0.022), at(-0.04, 0.012), at(-0.06, -0.03), at(-0.064, -0.085), at(-0.048, -0.13),
      ],
      steel)
    polygon(
      [
        at(-0.05, -0.076), at(0, -0.068), at(0.05, -0.076), at(0.048, -0.058), at(0, -0.05),
        at(-0.048, -0.058),
      ], .flat(0x10_12_16), outlined: false)
    limb(
      [
        (chin.x, chin.y - 0.146 * size, 0.004 * size),
        (chin.x, chin.y + 0.014 * size, 0.003 * size),
      ],
      steel.darker(0.6), outlined: false)
    smooth(
      [at(0, -0.15), at(0.02, -0.2), at(0.07, -0.19), at(0.05, -0.15), at(0.02, -0.14)],
      .plain(0xB8_2C_2C))
  }
}
