/// Furniture and other supports: sofa, armchair, table, bench, bed, rock, branch.
extension Figure {
  mutating func drawSofa() {
    let cloth = main(oneOf: [0x6C_84_94, 0xA8_5C_48, 0x7C_8C_60, 0xB8_98_70], .cloth)
    for x in [-0.98, 0.98] as [Float] {
      box(x - 0.035, -0.08, x + 0.035, 0, .plain(0x4C_34_20))
    }
    box(-0.98, -1.0, 0.98, -0.2, corner: 0.12, cloth.darker(0.8))
    box(-0.94, -0.94, -0.01, -0.4, corner: 0.1, cloth.darker(0.94))
    box(0.01, -0.94, 0.94, -0.4, corner: 0.1, cloth.darker(0.94))
    // The cushions are seen from slightly above: a lit top and a shaded front.
    box(-0.94, -0.54, -0.005, -0.3, corner: 0.06, cloth.darker(1.08))
    box(0.005, -0.54, 0.94, -0.3, corner: 0.06, cloth.darker(1.08))
    box(-0.94, -0.4, -0.005, -0.24, corner: 0.06, cloth.darker(0.92))
    box(0.005, -0.4, 0.94, -0.24, corner: 0.06, cloth.darker(0.92))
    box(-1.0, -0.27, 1.0, -0.06, corner: 0.05, cloth.darker(0.8))
    bothSides {
      let x = 1.0 * $1
      $0.box(x - 0.12, -0.66, x + 0.12, -0.06, corner: 0.1, cloth.darker(0.92))
    }
    smooth(
      [(-0.82, -0.78), (-0.55, -0.84), (-0.5, -0.5), (-0.8, -0.47)],
      second(Surface(colour: Colour(0xE0_B0_50), texture: .cloth)))
  }

  mutating func drawArmchair() {
    let cloth = main(oneOf: [0x5C_78_88, 0xA8_64_40, 0x6C_80_54, 0x8C_54_60], .cloth)
    bothSides {
      $0.box(0.28 * $1 - 0.03, -0.12, 0.28 * $1 + 0.03, 0, .plain(0x4C_34_20))
    }
    box(-0.36, -1.0, 0.36, -0.3, corner: 0.12, cloth.darker(0.84))
    box(-0.3, -0.54, 0.3, -0.34, corner: 0.06, cloth.darker(1.08))
    box(-0.3, -0.4, 0.3, -0.24, corner: 0.05, cloth.darker(0.92))
    box(-0.38, -0.28, 0.38, -0.1, corner: 0.05, cloth.darker(0.8))
    bothSides { $0.box(0.37 * $1 - 0.08, -0.64, 0.37 * $1 + 0.08, -0.1, corner: 0.07, cloth) }
  }

  mutating func drawTable() {
    let forest = main(Surface(colour: Colour(0x8C_60_38), texture: .bark, shine: 0.15))
    for (x, far) in [(-0.72 as Float, true), (0.72, true), (-0.84, false), (0.84, false)] {
      box(
        x - 0.04, -0.9, x + 0.04, far ? -0.06 : 0.02, corner: 0.015, forest.darker(far ? 0.5 : 0.8))
    }
    polygon([(-0.84, -1.02), (0.84, -1.02), (0.98, -0.9), (-0.98, -0.9)], forest.darker(1.08))
    box(-0.98, -0.905, 0.98, -0.84, corner: 0.01, forest.darker(0.82))
    box(-0.86, -0.84, 0.86, -0.74, forest.darker(0.6))
  }

  /// A park bench.
  mutating func drawBench() {
    let forest = main(Surface(colour: Colour(0x84_58_34), texture: .bark, shine: 0.1))
    let iron = Surface(colour: Colour(0x2A_2C_30), shine: 0.4)
    bothSides {
      let x = 0.82 * $1
      $0.limb([(x, -0.98, 0.025), (x + 0.01 * $1, -0.5, 0.028), (x, -0.02, 0.03)], iron)
      $0.limb([(x + 0.06 * $1, -0.44, 0.026), (x + 0.08 * $1, 0.02, 0.028)], iron)
    }
    for slat in 0..<3 {
      let y = -0.98 + Float(slat) * 0.14
      box(-0.95, y, 0.95, y + 0.105, corner: 0.02, forest.darker(0.95))
    }
    for slat in 0..<3 {
      let y = -0.54 + Float(slat) * 0.05
      let reach = 0.94 + Float(slat) * 0.02
      box(-reach, y, reach, y + 0.042, corner: 0.012, forest.darker(1.08 - Float(slat) * 0.08))
    }
    bothSides {
      $0.limb(
        [(0.9 * $1, -0.7, 0.026), (0.96 * $1, -0.68, 0.026), (0.96 * $1, -0.44, 0.024)], iron)
    }
  }

  mutating func drawBed() {
    let forest = Surface(colour: Colour(0x7C_54_34), texture: .bark)
    let cover = main(oneOf: [0x5C_7C_9C, 0xB0_68_58, 0x84_98_78, 0xC0_A8_C0], .cloth)
    let linen = Surface(colour: Colour(0xF2_EE_E8), texture: .cloth)
    box(-0.95, -1.0, 0.95, -0.2, corner: 0.06, forest)
    bothSides { $0.box(0.46 * $1 - 0.34, -0.78, 0.46 * $1 + 0.34, -0.5, corner: 0.1, linen) }
    smooth(
      [
        (-0.94, -0.55), (0, -0.58), (0.94, -0.55), (1.06, -0.2), (1.04, -0.1), (-1.04, -0.1),
        (-1.06, -0.2),
      ], cover)
    box(-0.96, -0.6, 0.96, -0.5, corner: 0.04, linen.darker(0.94))
    box(-1.05, -0.16, 1.05, -0.04, corner: 0.03, forest.darker(0.8))
    bothSides { $0.box(0.96 * $1 - 0.04, -0.06, 0.96 * $1 + 0.04, 0, forest.darker(0.7)) }
  }

  mutating func drawRock() {
    let stone = main(oneOf: [0x84_80_78, 0x70_6C_6C, 0x90_80_6C], .grain)
    // Edges instead of curves: broken stone, not turned.
    polygon(
      [
        (-0.7, 0), (-0.76, -0.22), (-0.52, -0.62 + stream.within(-0.1...0.06)), (-0.22, -0.88),
        (0.16, -0.9), (0.44, -0.74 + stream.within(-0.08...0.1)), (0.62, -0.4), (0.78, -0.14),
        (0.72, 0),
      ], stone)
    smooth(
      [(-0.3, -0.8), (0.02, -0.66), (0.14, -0.3), (-0.06, 0), (-0.5, 0), (-0.6, -0.4)],
      stone.darker(0.82), outlined: false)
    smooth(
      [(0.14, -0.84), (0.4, -0.72), (0.5, -0.46), (0.3, -0.52)], stone.darker(1.14),
      outlined: false)
    limb(
      [(0.2, -0.8, 0.006), (0.14, -0.5, 0.012), (0.24, -0.24, 0.006)], stone.darker(0.5),
      outlined: false)
    // Stones that have fallen off it.
    for _ in 0..<3 {
      let size = stream.within(0.07...0.2)
      add(
        Shape.blob(
          Point(stream.within(-0.9...0.9), -size * 0.3), Point(size, size * 0.6), roughness: 0.14,
          &stream), stone.darker(stream.within(0.8...1.05)))
    }
  }

  /// A branch that enters from the left of the image.
  mutating func drawBranch() {
    let bark = main(Surface(colour: Colour(0x6C_4C_34), texture: .bark))
    let green = Surface(colour: Colour(0x50_84_38), texture: .leaves)
    limb(
      [
        (-2.4, 0.26, 0.1), (-1.1, 0.1, 0.075), (0, 0.0, 0.055), (0.9, -0.1, 0.034),
        (1.5, -0.26, 0.012),
      ], bark)
    limb([(-0.8, 0.06, 0.04), (-0.5, -0.3, 0.024), (-0.42, -0.62, 0.008)], bark)
    limb([(0.6, -0.06, 0.026), (0.9, 0.14, 0.018), (1.2, 0.24, 0.006)], bark)
    for (x, y, reach) in [
      (-0.42 as Float, -0.6 as Float, 0.16 as Float), (-0.5, -0.36, 0.14), (1.45, -0.26, 0.15),
      (1.15, 0.22, 0.14), (0.95, 0.1, 0.12), (-1.4, 0.02, 0.16), (1.1, -0.2, 0.13),
      (-1.7, 0.24, 0.16),
    ] {
      for leaf in 0..<4 {
        let angle = Float(leaf) * 1.5 + stream.within(0...1.4)
        let lean = Elementary.sin(time * 1.6 + x * 3) * 0.06
        let tip = Point(Elementary.cos(angle + lean), Elementary.sin(angle + lean)) * reach
        limb(
          [
            (x, y, 0.006), (x + tip.x * 0.5, y + tip.y * 0.5, 0.042), (x + tip.x, y + tip.y, 0.003),
          ],
          green.darker(stream.within(0.7...1.15)))
      }
    }
  }
}
