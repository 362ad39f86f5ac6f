/// Bicycle, train, rowing boat.
extension Figure {
  mutating func drawBicycle() {
    let frame = main(oneOf: [0xC0_30_2C, 0x2C_60_A8, 0x30_80_5C, 0xE0_A0_30], .plain, shine: 0.8)
    let tyre = Surface(colour: Colour(0x1C_1C_20), round: 0.4)
    let chrome = Surface(colour: Colour(0xB0_B6_BE), shine: 0.9)
    let spin = time * 3
    for x in [-0.52, 0.52] as [Float] {
      let hub = Point(x, -0.34)
      for spoke in 0..<10 {
        let angle = Float(spoke) * 0.6283 + spin
        limb(
          [
            (x, -0.34, 0.005),
            (x + Elementary.cos(angle) * 0.31, -0.34 + Elementary.sin(angle) * 0.31, 0.004),
          ],
          chrome, outlined: false)
      }
      add(
        all: Shape.line(Shape.ellipse(hub, Point(0.325, 0.325)), width: 0.036, closed: true), tyre)
      add(
        all: Shape.line(Shape.ellipse(hub, Point(0.295, 0.295)), width: 0.012, closed: true),
        chrome, outlined: false)
      ellipse(x, -0.34, 0.03, 0.03, chrome)
    }
    func tube(_ x0: Float, _ y0: Float, _ x1: Float, _ y1: Float, _ radius: Float = 0.02) {
      limb([(x0, y0, radius), (x1, y1, radius)], frame)
    }
    tube(-0.52, -0.34, -0.06, -0.32, 0.015)
    tube(-0.52, -0.34, -0.18, -0.76, 0.014)
    tube(-0.06, -0.32, -0.2, -0.82)
    tube(-0.06, -0.32, 0.36, -0.76)
    tube(-0.18, -0.76, 0.35, -0.8)
    tube(0.52, -0.34, 0.34, -0.88, 0.018)
    limb(
      [(0.34, -0.88, 0.014), (0.32, -0.96, 0.014), (0.42, -1.0, 0.016), (0.47, -0.94, 0.018)],
      chrome)
    limb([(-0.2, -0.8, 0.012), (-0.22, -0.88, 0.012)], chrome)
    smooth(
      [(-0.36, -0.92), (-0.2, -0.93), (-0.06, -0.9), (-0.16, -0.87), (-0.32, -0.87)],
      Surface(colour: Colour(0x3C_28_1C), shine: 0.3))
    ellipse(-0.06, -0.32, 0.075, 0.075, chrome)
    limb([(-0.06, -0.32, 0.014), (0.02, -0.18, 0.012)], chrome)
    box(-0.02, -0.185, 0.09, -0.16, tyre)
  }

  /// A steam train with two carriages, facing right.
  mutating func drawTrain() {
    let body = main(oneOf: [0x2C_5C_44, 0x9C_30_2C, 0x2C_44_74], .plain, shine: 0.5)
    let carriage = second(Surface(colour: Colour(0x9C_40_34), shine: 0.3))
    let black = Surface(colour: Colour(0x24_24_28), shine: 0.4, round: 0.9)
    let brass = Surface(colour: Colour(0xD8_A8_48), texture: .brushed, shine: 0.9)
    let window = Surface.glowing(Colour(0xFF_E8_B0), 0.8)
    box(-2.6, -0.02, 2.6, 0.03, .plain(0x50_48_44))
    for sleeper in 0..<26 {
      let x = -2.5 + Float(sleeper) * 0.2
      box(x - 0.05, 0.02, x + 0.05, 0.07, .plain(0x5C_44_30), outlined: false)
    }
    for x in [-1.75, -0.62] as [Float] {
      box(x - 0.53, -0.62, x + 0.53, -0.14, corner: 0.03, carriage)
      box(x - 0.56, -0.68, x + 0.56, -0.6, corner: 0.03, black)
      for pane in 0..<4 {
        let left = x - 0.44 + Float(pane) * 0.23
        box(left, -0.54, left + 0.17, -0.36, corner: 0.015, window)
      }
      box(x - 0.53, -0.3, x + 0.53, -0.27, brass, outlined: false)
      for wheel in [-0.34, 0.34] as [Float] { drawRailWheel(x + wheel, 0.1, black, brass) }
    }
    for puff in 0..<7 {
      let age = Elementary.fraction(Float(puff) / 7 + time * 0.25)
      ellipse(
        1.62 - age * 1.7, -0.98 - age * 0.5, 0.08 + age * 0.22, 0.07 + age * 0.14,
        Surface(colour: Colour(0xF0_F0_F2), round: 0.6, clear: 0.25 + age * 0.6), outlined: false)
    }
    box(-0.02, -0.86, 0.52, -0.14, corner: 0.02, body)
    box(-0.08, -0.92, 0.58, -0.85, corner: 0.025, black)
    box(0.1, -0.76, 0.4, -0.52, corner: 0.02, window)
    box(0.5, -0.6, 1.75, -0.24, corner: 0.1, body)
    for band in [0.78, 1.14, 1.5] as [Float] { box(band, -0.605, band + 0.04, -0.24, brass) }
    ellipse(1.76, -0.42, 0.06, 0.19, black)
    polygon([(1.5, -0.6), (1.46, -0.94), (1.74, -0.94), (1.68, -0.6)], black)
    ellipse(1.0, -0.62, 0.1, 0.1, brass)
    ellipse(1.84, -0.5, 0.05, 0.06, .glowing(Colour(0xFF_F4_C8), 1.4))
    polygon([(1.7, -0.2), (2.02, -0.02), (1.7, -0.02)], black)
    box(0, -0.2, 1.8, -0.13, black)
    for x in [0.24, 0.68, 1.12] as [Float] { drawRailWheel(x, 0.15, body.darker(0.6), brass) }
    drawRailWheel(1.52, 0.1, black, brass)
    limb([(0.24, -0.11, 0.02), (1.12, -0.11, 0.02)], brass)
  }

  private mutating func drawRailWheel(_ x: Float, _ radius: Float, _ rim: Surface, _ hub: Surface) {
    ellipse(x, -radius, radius, radius, rim)
    ellipse(x, -radius, radius * 0.3, radius * 0.3, hub, outlined: false)
  }

  /// An open boat without a mast, for passengers who sit in it.
  mutating func drawRowingBoat() {
    let hull = main(oneOf: [0x8C_5C_34, 0xA8_40_34, 0x34_64_8C], .bark, shine: 0.2)
    let forest = Surface(colour: Colour(0xB0_84_54), texture: .bark)
    smooth(
      [
        (-0.92, -0.32), (-0.5, -0.2), (0, -0.17), (0.5, -0.2), (0.92, -0.34), (0.78, -0.08),
        (0.56, 0.04), (-0.56, 0.04), (-0.8, -0.08),
      ], hull)
    limb(
      [
        (-0.92, -0.31, 0.025), (-0.5, -0.19, 0.028), (0, -0.165, 0.028), (0.5, -0.19, 0.028),
        (0.92, -0.33, 0.025),
      ], forest)
    for plank in 0..<2 {
      let y = -0.1 + Float(plank) * 0.07
      limb(
        [(-0.78, y - 0.06, 0.004), (0, y, 0.006), (0.78, y - 0.06, 0.004)], hull.darker(0.6),
        outlined: false)
    }
    let sweep = Elementary.sin(time * 1.8) * 0.06
    limb([(0.1, -0.34, 0.014), (0.5 + sweep, -0.02, 0.014)], forest)
    smooth(
      [(0.46 + sweep, -0.08), (0.56 + sweep, 0.0), (0.7 + sweep, 0.12), (0.52 + sweep, 0.06)],
      forest)
  }
}
