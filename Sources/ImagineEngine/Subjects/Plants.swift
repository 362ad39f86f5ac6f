/// Tree, conifer, palm.
extension Figure {
  mutating func drawTree() {
    let bark = Surface(colour: Colour(0x5C_44_30), texture: .bark, round: 0.8)
    let leaf = main(oneOf: [0x4C_84_38, 0x3C_74_34, 0x68_94_3C], .leaves)
    limb([(0, 0.0, 0.06), (0.01, -0.1, 0.042), (-0.012, -0.3, 0.036), (0.01, -0.55, 0.02)], bark)
    limb([(0, -0.28, 0.024), (0.1, -0.42, 0.018), (0.18, -0.55, 0.01)], bark)
    limb([(0, -0.32, 0.022), (-0.1, -0.44, 0.016), (-0.2, -0.56, 0.009)], bark)
    limb([(-0.05, -0.02, 0.02), (-0.09, 0.005, 0.012)], bark)
    limb([(0.05, -0.02, 0.02), (0.1, 0.005, 0.012)], bark)
    let sway = Elementary.sin(time * 1.2 + stream.unit() * 6) * 0.008
    // Tufts, from the shade below and behind to the light above and in front.
    for layer in 0..<3 {
      let lift = Float(layer)
      let count = 9 - layer
      for _ in 0..<count {
        let angle = stream.within(0...6.283)
        let reach = stream.unit().squareRoot() * (0.27 - lift * 0.045)
        let x = Elementary.cos(angle) * reach * 1.15 + sway * (1 + lift) + (lift * 0.012)
        let y = -0.64 - lift * 0.055 + Elementary.sin(angle) * reach * 0.78
        let size = stream.within(0.085...0.135) * (1 - lift * 0.12)
        let shade = 0.5 + lift * 0.24 + stream.within(-0.07...0.07)
        var tuft = leaf.darker(shade)
        tuft.round = 0.9
        add(
          Shape.blob(Point(x, y), Point(size, size * 0.85), roughness: 0.16, &stream), tuft,
          outlined: layer < 2)
      }
    }
  }

  mutating func drawConifer() {
    let bark = Surface(colour: Colour(0x50_3A_2A), texture: .bark)
    let needle = main(oneOf: [0x2C_54_38, 0x34_5C_34, 0x28_4C_40], .leaves)
    box(-0.025, -0.14, 0.025, 0, bark)
    let tiers = 11
    for tier in 0..<tiers {
      let t = Float(tier) / Float(tiers)
      let top = -0.26 - t * 0.64 - 0.1
      let bottom = -0.06 - t * 0.82
      let half = 0.26 * (1 - t) + 0.03 + stream.within(-0.018...0.018)
      // Boughs hang: their tips lie lower than the hollows between them.
      var edge: [(Float, Float)] = [(stream.within(-0.008...0.008), top)]
      let teeth = 10
      for tooth in 0...teeth {
        let u = Float(tooth) / Float(teeth) * 2 - 1
        let drop = (1 - u * u) * 0.05 + (tooth % 2 == 0 ? 0.016 : -0.014) * (1.2 - t)
        edge.append(
          (
            -u * half * (tooth % 2 == 0 ? 1.04 : 0.94),
            bottom + drop + stream.within(-0.008...0.008)
          ))
      }
      var surface = needle.darker(0.6 + 0.45 * t)
      surface.round = 0.6
      polygon(edge, surface)
    }
  }

  mutating func drawPalm() {
    let bark = Surface(colour: Colour(0x8C_70_50), texture: .bark, round: 0.8)
    let leaf = main(oneOf: [0x3C_80_38, 0x50_8C_3C], .leaves)
    let sway = Elementary.sin(time * 1.3) * 0.015
    limb(
      [(0, 0, 0.036), (0.03, -0.25, 0.026), (0.08, -0.5, 0.022), (0.1 + sway, -0.78, 0.019)], bark)
    let crown = Point(0.1 + sway, -0.79)
    for index in 0..<11 {
      let angle = -2.9 + Float(index) * 0.265 + stream.within(-0.08...0.08)
      let length = stream.within(0.3...0.4)
      let dx = Elementary.cos(angle)
      let dy = Elementary.sin(angle)
      let middle = crown + Point(dx * length * 0.55, dy * length * 0.55 - 0.03)
      let tip = crown + Point(dx * length, dy * length * 0.5 + 0.16 + abs(dx) * 0.06 + sway)
      limb(
        [(crown.x, crown.y, 0.01), (middle.x, middle.y, 0.03), (tip.x, tip.y, 0.003)],
        leaf.darker(0.7 + 0.05 * Float(index % 5)))
    }
    for index in 0..<3 {
      ellipse(
        crown.x - 0.025 + Float(index) * 0.025, crown.y + 0.025, 0.02, 0.022, .plain(0x6C_48_2C))
    }
  }
}
