/// Cactus, snowman, mushroom, windmill, bridge, waterfall.
extension Figure {
  mutating func drawCactus() {
    let skin = main(oneOf: [0x4C_7C_48, 0x5C_84_50, 0x44_74_58], .peel)
    func stem(_ joints: [(x: Float, y: Float, radius: Float)]) {
      limb(joints, skin)
      for rib in [-0.45, 0.1, 0.55] as [Float] {
        limb(
          joints.map { (x: $0.x + $0.radius * rib, y: $0.y, radius: $0.radius * 0.07) },
          skin.darker(rib > 0.3 ? 0.7 : 0.78), outlined: false)
      }
    }
    let high = stream.within(-0.06...0.06)
    stem(
      [
        (-0.08, -0.34 + high, 0.05), (-0.28, -0.36 + high, 0.062), (-0.33, -0.48 + high, 0.062),
        (-0.33, -0.72 + high, 0.052),
      ])
    stem(
      [
        (0.08, -0.48 - high, 0.048), (0.24, -0.5 - high, 0.056), (0.29, -0.6 - high, 0.056),
        (0.29, -0.82 - high, 0.046),
      ])
    stem([(0, 0.0, 0.09), (0, -0.4, 0.105), (0, -0.8, 0.1), (0, -0.92, 0.085)])
    for bloom in 0..<3 {
      let x = Float(bloom - 1) * 0.05
      ellipse(
        x, -1.0 - (bloom == 1 ? 0.01 : 0), 0.026, 0.026,
        second(Surface(colour: Colour(0xF0_80_98), round: 0.4)), outlined: false)
    }
  }

  mutating func drawSnowman() {
    let snow = main(Surface(colour: Colour(0xF0_F4_FA), texture: .grain, round: 1))
    let coal = Surface(colour: Colour(0x20_20_24), round: 0.8)
    let forest = Surface(colour: Colour(0x5C_40_28), texture: .bark)
    let scarf = second(Surface(colour: Colour(0xC0_30_30), texture: .cloth))
    bothSides {
      $0.limb([(0.16 * $1, -0.54, 0.013), (0.42 * $1, -0.68, 0.01)], forest)
      $0.limb([(0.36 * $1, -0.65, 0.008), (0.4 * $1, -0.76, 0.005)], forest)
      $0.limb([(0.38 * $1, -0.66, 0.008), (0.48 * $1, -0.64, 0.005)], forest)
    }
    ellipse(0, -0.2, 0.27, 0.215, snow)
    ellipse(0, -0.51, 0.2, 0.165, snow)
    ellipse(0, -0.76, 0.145, 0.135, snow)
    for button in 0..<3 { ellipse(0, -0.6 + Float(button) * 0.075, 0.015, 0.015, coal) }
    bothSides { $0.ellipse(0.05 * $1, -0.795, 0.015, 0.017, coal, outlined: false) }
    for stone in -2...2 {
      let x = Float(stone) * 0.026
      ellipse(x, -0.705 - abs(x) * 0.35, 0.009, 0.009, coal, outlined: false)
    }
    limb(
      [(0, -0.76, 0.021), (0.1, -0.745, 0.013), (0.17, -0.735, 0.003)],
      Surface(colour: Colour(0xF0_80_28)))
    limb([(-0.12, -0.665, 0.03), (0, -0.64, 0.034), (0.12, -0.665, 0.03)], scarf)
    limb([(0.07, -0.64, 0.028), (0.1, -0.52, 0.032), (0.09, -0.45, 0.03)], scarf.darker(0.85))
    ellipse(0, -0.865, 0.17, 0.026, coal)
    box(-0.1, -1.02, 0.1, -0.87, corner: 0.012, coal)
    box(-0.101, -0.905, 0.101, -0.88, scarf, outlined: false)
  }

  mutating func drawMushroom() {
    let stem = Surface(colour: Colour(0xF0_E6_D2), texture: .fur)
    let cap = main(Surface(colour: Colour(0xC8_30_24), shine: 0.5, round: 1))
    let spot = second(Surface(colour: Colour(0xFA_F4_EA), round: 0.6))
    smooth(
      [
        (-0.1, -0.6), (-0.13, -0.3), (-0.17, -0.06), (-0.1, 0), (0.1, 0), (0.17, -0.06),
        (0.13, -0.3), (0.1, -0.6),
      ], stem)
    smooth(
      [(-0.14, -0.5), (0, -0.53), (0.14, -0.5), (0.2, -0.38), (0, -0.35), (-0.2, -0.38)],
      stem.darker(0.88))
    ellipse(0, -0.56, 0.43, 0.07, stem.darker(0.62))
    smooth(
      [
        (0, -1.0), (0.22, -0.95), (0.4, -0.8), (0.48, -0.62), (0.42, -0.54), (0.2, -0.57),
        (0, -0.575), (-0.2, -0.57), (-0.42, -0.54), (-0.48, -0.62), (-0.4, -0.8), (-0.22, -0.95),
      ], cap)
    for (x, y, size) in [
      (0.02 as Float, -0.87 as Float, 0.06 as Float), (-0.2, -0.78, 0.055), (0.22, -0.8, 0.05),
      (-0.34, -0.64, 0.036), (0.05, -0.69, 0.055), (0.35, -0.65, 0.036), (-0.12, -0.62, 0.026),
    ] { ellipse(x, y, size, size * 0.78, spot, outlined: false) }
  }

  mutating func drawWindmill() {
    let wall = main(Surface(colour: Colour(0xE8_E0_D0), texture: .brick))
    let roof = second(Surface(colour: Colour(0x7C_40_30), texture: .bark))
    let forest = Surface(colour: Colour(0x5C_40_28), texture: .bark)
    polygon([(-0.2, 0), (-0.125, -0.58), (0.125, -0.58), (0.2, 0)], wall)
    smooth(
      [(-0.15, -0.57), (-0.12, -0.66), (0, -0.72), (0.12, -0.66), (0.15, -0.57), (0, -0.56)],
      roof)
    box(-0.05, -0.17, 0.05, 0, corner: 0.02, forest)
    for y in [-0.28, -0.44] as [Float] {
      box(-0.03, y - 0.04, 0.03, y + 0.03, .glowing(Colour(0xFF_DC_90), 0.5))
    }
    let hub = Point(0, -0.62)
    for sail in 0..<4 {
      let angle = Float(sail) * 1.5708 + 0.5 + time * 0.7
      let along = Point(Elementary.cos(angle), Elementary.sin(angle))
      let across = Point(-along.y, along.x)
      let tip = hub + along * 0.4
      limb([(hub.x, hub.y, 0.011), (tip.x, tip.y, 0.007)], forest)
      let near = hub + along * 0.1
      add(
        [near, tip, tip + across * 0.085, near + across * 0.07],
        Surface(colour: Colour(0xF0_E8_D8), texture: .cloth, round: 0.2))
    }
    ellipse(hub.x, hub.y, 0.025, 0.025, forest)
  }

  /// A stone bridge with three arches; its foot is at the water.
  mutating func drawBridge() {
    let stone = main(oneOf: [0xA0_90_7C, 0x90_88_80, 0xA8_78_60], .brick)
    func arch(_ x: Float, _ half: Float, _ top: Float) -> [(Float, Float)] {
      (0...10).map { step in
        let angle = Elementary.pi * (1 - Float(step) / 10)
        return (x + Elementary.cos(angle) * half, 0.1 - Elementary.sin(angle) * (0.1 - top))
      }
    }
    var outline: [(Float, Float)] = [
      (-2.6, -0.3), (-1.3, -0.62), (0, -0.76), (1.3, -0.62), (2.6, -0.3), (2.6, 0.1),
    ]
    for (x, half, top) in [
      (1.42 as Float, 0.5 as Float, -0.3 as Float), (0, 0.68, -0.48), (-1.42, 0.5, -0.3),
    ] {
      outline += arch(x, half, top).reversed()
    }
    outline.append((-2.6, 0.1))
    polygon(outline, stone)
    for (x, half, top) in [
      (-1.42 as Float, 0.5 as Float, -0.3 as Float), (0, 0.68, -0.48), (1.42, 0.5, -0.3),
    ] {
      let points = arch(x, half, top).map { Point($0.0, $0.1) }
      add(all: Shape.line(points, width: 0.07, closed: false), stone.darker(0.72), outlined: false)
    }
    let rail = [
      (-2.6 as Float, -0.42 as Float), (-1.3, -0.74), (0, -0.88), (1.3, -0.74), (2.6, -0.42),
    ]
    polygon(
      rail + [(2.6, -0.3), (1.3, -0.62), (0, -0.76), (-1.3, -0.62), (-2.6, -0.3)],
      stone.darker(0.86))
    add(
      all: Shape.line(rail.map { Point($0.0, $0.1) }, width: 0.05, closed: false),
      stone.darker(1.12))
  }

  /// A waterfall over a cliff into a pool.
  mutating func drawWaterfall() {
    let stone = Surface(colour: Colour(0x62_60_5A), texture: .grain, round: 0.9)
    let deep = Surface(colour: Colour(0x3C_7C_88), shine: 0.4, round: 0.1)
    let white = Surface(colour: Colour(0xF4_FA_FF), round: 0)
    // The cliff, from back to front; its middle is wet and dark.
    for index in 0..<26 {
      let level = Float(index) / 26
      let x = stream.within(-1.7...1.7)
      add(
        Shape.blob(
          Point(x, -0.95 + level * 0.85),
          Point(stream.within(0.24...0.42), stream.within(0.16...0.3)),
          roughness: 0.12, &stream),
        stone.darker(stream.within(0.6...1.1) * (abs(x) < 0.35 ? 0.5 : 1)))
    }
    smooth(
      [
        (-0.28, -1.0), (0, -1.03), (0.27, -1.0), (0.3, -0.7), (0.27, -0.4), (0.36, -0.05),
        (-0.36, -0.05), (-0.27, -0.4), (-0.31, -0.7),
      ],
      Surface(colour: Colour(0xA8_CC_DA), round: 0.25))
    for _ in 0..<46 {
      let x = stream.within(-0.26...0.26)
      let start = Elementary.fraction(stream.unit() + time * 0.7)
      let top = -1.02 + start * 0.85
      let end = min(top + stream.within(0.12...0.34), -0.05)
      let lean = x * (0.1 + (top + 1) * 0.12)
      limb(
        [
          (x + lean * 0.3, top, 0.003),
          (x + lean * 0.7, (top + end) * 0.5, stream.within(0.006...0.015)),
          (x + lean, end, 0.004),
        ],
        stream.chance(0.3)
          ? Surface(colour: Colour(0x78_A4_B8), round: 0, clear: 0.3)
          : Surface(colour: white.colour, round: 0, clear: 0.2), outlined: false)
    }
    for (x, y, w, h) in [
      (-0.5 as Float, -0.7 as Float, 0.2 as Float, 0.22 as Float), (0.5, -0.78, 0.2, 0.2),
      (-0.46, -0.3, 0.2, 0.2), (0.5, -0.32, 0.22, 0.22),
    ] {
      add(Shape.blob(Point(x, y), Point(w, h), roughness: 0.12, &stream), stone.darker(0.85))
    }
    smooth(
      [
        (-1.6, 0.0), (-0.8, -0.08), (0, -0.1), (0.8, -0.08), (1.6, 0.0), (1.2, 0.12), (0, 0.17),
        (-1.2, 0.12),
      ], deep)
    for ring in 0..<5 {
      let reach = 0.4 + Elementary.fraction(Float(ring) / 5 + time * 0.2) * 0.7
      limb(
        [
          (-reach, 0.0, 0.002), (-reach * 0.5, 0.03 * reach + 0.02, 0.006),
          (reach * 0.5, 0.03 * reach + 0.02, 0.006), (reach, 0.0, 0.002),
        ],
        Surface(colour: white.colour, round: 0, clear: 0.45 + reach * 0.35), outlined: false)
    }
    for puff in 0..<20 {
      let x = stream.within(-0.5...0.5)
      let lift = Elementary.sin(time * 3 + Float(puff)) * 0.014
      shade(x, -0.07 - (0.5 - abs(x)) * 0.08 + lift, stream.within(0.1...0.2), 0.09, white, 0.6)
    }
    for (x, y, w) in [
      (-1.2 as Float, 0.06 as Float, 0.34 as Float), (-0.75, 0.14, 0.18), (1.15, 0.08, 0.36),
      (0.7, 0.15, 0.15),
    ] {
      add(Shape.blob(Point(x, y), Point(w, w * 0.55), roughness: 0.12, &stream), stone)
    }
    for (x, y) in [(-0.7 as Float, -0.98 as Float), (0.75, -0.95), (-1.3, -0.6), (1.35, -0.62)] {
      add(
        Shape.blob(Point(x, y), Point(0.4, 0.14), roughness: 0.18, &stream),
        Surface(colour: Colour(0x4C_78_38).lit(stream.within(0.7...1.05)), texture: .leaves))
    }
  }
}
