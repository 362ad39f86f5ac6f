/// Flowers: one on its stem, a bunch in a vase, a bouquet in paper.
extension Figure {
  private enum Bloom: CaseIterable { case daisy, rose, tulip }

  /// The kind of flower that the prompt names; nil for none.
  private var namedBloom: Bloom? {
    if features.contains(.roses) { return .rose }
    if features.contains(.tulips) { return .tulip }
    return features.contains(.wildflowers) ? .daisy : nil
  }

  private static let petals: [UInt32] = [
    0xD8_48_58, 0xF0_B8_48, 0xF4_E8_EC, 0xB0_78_C8, 0xF0_98_A8, 0xE8_70_3C, 0x70_88_D8,
  ]

  mutating func drawFlower() {
    let petal = main(oneOf: [0xD8_34_48, 0xF0_B8_30, 0xE8_70_A0, 0x9C_58_C8, 0xF4_F0_EC], .plain)
    let stem = Surface(colour: Colour(0x44_80_38))
    let sway = Elementary.sin(time * 1.4) * 0.02
    limb([(0, 0, 0.016), (-0.025, -0.3, 0.014), (sway, -0.68, 0.012)], stem)
    smooth(
      [(-0.01, -0.2), (-0.14, -0.34), (-0.26, -0.36), (-0.2, -0.24), (-0.08, -0.15)],
      stem.darker(0.9))
    smooth([(-0.01, -0.3), (0.12, -0.46), (0.24, -0.47), (0.18, -0.35), (0.06, -0.26)], stem)
    let bloom = namedBloom ?? .daisy
    draw(at: Point(sway, -0.74), scale: bloom == .daisy ? 0.26 : 0.22) {
      $0.drawBloom(bloom, petal, heart: $0.second(.plain(0xC8_8C_24)))
    }
  }

  /// A bloom around the origin; its radius is 1.
  private mutating func drawBloom(_ bloom: Bloom, _ petal: Surface, heart: Surface) {
    switch bloom {
    case .daisy:
      for (reach, length, shade) in [(0.6, 0.4, 0.78), (0.4, 0.33, 1)] as [(Float, Float, Float)] {
        for index in 0..<9 {
          let angle = (Float(index) + shade * 2) * 0.698
          ellipse(
            Elementary.cos(angle) * reach, Elementary.sin(angle) * reach, length, 0.21, turn: angle,
            petal.darker(shade))
        }
      }
      var middle = heart
      middle.texture = .grain
      middle.round = 1
      ellipse(0, 0, 0.3, 0.3, middle)
    case .rose:
      for (count, reach, size, shade) in [
        (5, 0.46, 0.52, 0.72), (5, 0.3, 0.42, 0.88), (4, 0.16, 0.32, 1.02),
      ] as [(Int, Float, Float, Float)] {
        for index in 0..<count {
          let angle = (Float(index) + shade * 3) * 6.2832 / Float(count)
          ellipse(
            Elementary.cos(angle) * reach, Elementary.sin(angle) * reach, size * 0.8, size,
            turn: angle, petal.darker(shade))
        }
      }
      // The heart is still rolled up.
      ellipse(0, -0.02, 0.22, 0.21, petal.darker(0.8))
      limb(
        [(-0.14, 0.02, 0.02), (-0.02, -0.13, 0.035), (0.12, -0.02, 0.03), (0, 0.08, 0.02)],
        petal.darker(0.5), outlined: false)
    case .tulip:
      smooth([(-0.2, 0.6), (-0.5, 0), (-0.3, -0.75), (0, -0.35), (0.05, 0.4)], petal.darker(0.78))
      smooth([(0.2, 0.6), (0.5, 0), (0.3, -0.75), (0, -0.35), (-0.05, 0.4)], petal.darker(0.78))
      smooth(
        [
          (0, -0.9), (0.24, -0.3), (0.34, 0.2), (0.2, 0.68), (-0.2, 0.68), (-0.34, 0.2),
          (-0.24, -0.3),
        ],
        petal)
      limb([(0, -0.6, 0.012), (0, 0.3, 0.025)], petal.darker(0.8), outlined: false)
    }
  }

  /// Many blooms on stems that spread from the origin up to a dome of half-width 1, distant ones
  /// first. `hues` are the petals' colours, if named.
  private mutating func drawBunch(hues: [Colour], size: Float) {
    let leaf = Surface(colour: Colour(0x48_7C_3C), round: 0.5)
    for index in 0..<11 {
      let lean = (Float(index) - 5) * 0.2
      limb(
        [
          (lean * 0.1, -0.1, 0.03), (lean * 0.6, -0.62 + abs(lean) * 0.2, 0.11),
          (lean * 1.3, -1.5 + abs(lean) * 0.66 - stream.within(0...0.24), 0.01),
        ], leaf.darker(stream.within(0.7...1.1)))
    }
    let rows: [(count: Int, height: Float, width: Float)] = [
      (4, -1.5, 0.5), (5, -1.24, 0.78), (6, -0.95, 0.9), (5, -0.68, 0.68),
    ]
    for (row, line) in rows.enumerated() {
      for index in 0..<line.count {
        let across = Float(index) / Float(line.count - 1) * 2 - 1
        let sway = Elementary.sin(time * 1.2 + Float(index + row)) * 0.015
        let at = Point(
          across * line.width + sway + stream.within(-0.05...0.05),
          line.height + across * across * 0.24 + stream.within(-0.05...0.05))
        limb([(at.x * 0.4, at.y * 0.4, 0.022), (at.x, at.y, 0.016)], leaf)
        if (row + index) % 2 == 0 {
          ellipse(at.x + size * 0.8, at.y + size * 0.5, 0.16, 0.06, turn: 0.5, leaf.darker(0.9))
        }
        let kind = namedBloom ?? stream.pick(Bloom.allCases)
        let colour = hues.isEmpty ? Colour(stream.pick(Self.petals)) : stream.pick(hues)
        let petal = Surface(colour: colour.lit(stream.within(0.88...1.08)), round: 0.8)
        let turn = across * 0.5
        draw(at: at, scale: size * stream.within(0.88...1.14), turn: turn) {
          $0.drawBloom(kind, petal, heart: .plain(0xE0_A8_30))
        }
      }
    }
  }

  /// A bouquet in paper, tied with a ribbon.
  mutating func drawBouquet() {
    let paper = Surface(
      colour: Colour(stream.pick([0xE8_D8_C0, 0xD8_C4_A8, 0xF0_E4_E8])), round: 0.9)
    let ribbon = Surface(
      colour: Colour(stream.pick([0xB8_34_48, 0x6C_88_A8, 0xC8_98_48])), shine: 0.4)
    for stem in -3...3 {
      let x = Float(stem) * 0.028
      limb([(x * 0.5, -0.26, 0.012), (x * 1.5, 0, 0.011)], .plain(0x50_80_40))
    }
    smooth(
      [
        (0, -0.24), (-0.16, -0.42), (-0.4, -0.66), (-0.3, -0.72), (0, -0.76), (0.3, -0.72),
        (0.4, -0.66), (0.16, -0.42),
      ], paper.darker(0.82))
    draw(at: Point(0, -0.3), scale: 0.42) { $0.drawBunch(hues: $0.colours, size: 0.3) }
    polygon(
      [
        (-0.065, -0.14), (-0.06, -0.26), (-0.4, -0.66), (-0.25, -0.55), (-0.1, -0.5), (0.08, -0.4),
        (0.03, -0.14),
      ],
      paper)
    polygon(
      [
        (0.07, -0.14), (0.06, -0.26), (0.4, -0.66), (0.2, -0.52), (0.02, -0.44), (-0.04, -0.3),
        (-0.01, -0.14),
      ],
      paper.darker(0.93))
    box(-0.075, -0.27, 0.075, -0.215, corner: 0.02, ribbon)
    bothSides {
      $0.smooth([(0, -0.245), (0.07 * $1, -0.3), (0.16 * $1, -0.27), (0.12 * $1, -0.22)], ribbon)
      $0.limb(
        [(0, -0.24, 0.014), (0.06 * $1, -0.14, 0.017), (0.05 * $1, -0.06, 0.012)],
        ribbon.darker(0.85))
    }
    ellipse(0, -0.245, 0.026, 0.026, ribbon.darker(0.8))
  }

  /// A vase with a bunch of flowers.
  mutating func drawVase() {
    let clay = main(oneOf: [0x3C_6C_9C, 0xE8_E0_D4, 0xB8_5C_40, 0x4C_84_74], .plain, shine: 0.7)
    draw(at: Point(0, -0.42), scale: 0.36) {
      $0.drawBunch(hues: Array($0.colours.dropFirst()), size: 0.28)
    }
    smooth(
      [
        (-0.075, -0.46), (-0.06, -0.4), (-0.13, -0.3), (-0.155, -0.18), (-0.12, -0.05), (-0.07, 0),
        (0.07, 0), (0.12, -0.05), (0.155, -0.18), (0.13, -0.3), (0.06, -0.4), (0.075, -0.46),
      ], clay)
    ellipse(0, -0.46, 0.078, 0.018, clay.darker(0.5))
    limb(
      [(-0.13, -0.28, 0.007), (0, -0.265, 0.008), (0.13, -0.28, 0.007)], clay.darker(0.62),
      outlined: false)
  }
}
