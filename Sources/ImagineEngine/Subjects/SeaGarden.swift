/// Rocks, sea grass and corals of the sea floor.
extension Figure {
  mutating func drawSeaRock() {
    let stone = Surface(colour: Colour(0x68_70_70).lit(stream.within(0.7...1.1)), texture: .grain)
    for lump in 0..<3 {
      let x = Float(lump - 1) * 0.5 + stream.within(-0.1...0.1)
      let height = stream.within(0.3...0.6)
      add(
        Shape.blob(
          Point(x, -height * 0.35), Point(stream.within(0.36...0.55), height * 0.6),
          roughness: 0.13,
          &stream), stone.darker(stream.within(0.8...1.1)))
    }
  }

  /// Ribbons that sway with the water.
  mutating func drawSeaGrass() {
    let green = stream.pick([0x3C_84_4C, 0x58_8C_3C, 0x2C_70_58, 0x84_7C_38] as [UInt32])
    for blade in 0..<7 {
      let x = (Float(blade) - 3) * 0.11 + stream.within(-0.04...0.04)
      let height = stream.within(0.7...1.5)
      let phase = stream.unit() * 6
      func bend(_ part: Float) -> Float {
        Elementary.sin(time * 1.2 + phase + part * 2.6) * 0.13 * part
      }
      limb(
        [
          (x, 0.02, 0.03), (x + bend(0.35), -height * 0.35, 0.048),
          (x + bend(0.7), -height * 0.7, 0.036), (x + bend(1), -height, 0.006),
        ], Surface(colour: Colour(green).lit(stream.within(0.75...1.15)), round: 0.6))
    }
  }

  /// Coral that forks like a small tree.
  mutating func drawBranchCoral() {
    let skin = Surface(
      colour: Colour(
        stream.pick([0xE8_60_58, 0xF0_90_48, 0xE0_70_A8, 0xE8_C8_58, 0xA8_68_C0] as [UInt32])),
      texture: .grain, round: 0.9)
    fork(from: Point(0, 0.02), angle: -1.57, length: 0.42, radius: 0.075, depth: 3, skin)
  }

  private mutating func fork(
    from: Point, angle: Float, length: Float, radius: Float, depth: Int, _ skin: Surface
  ) {
    let end = from + Point(Elementary.cos(angle), Elementary.sin(angle)) * length
    limb([(from.x, from.y, radius), (end.x, end.y, radius * 0.72)], skin)
    if depth == 0 { return }
    for side in [-1, 1] as [Float] {
      fork(
        from: end, angle: angle + side * stream.within(0.3...0.65),
        length: length * stream.within(0.62...0.8), radius: radius * 0.7, depth: depth - 1,
        skin.darker(side < 0 ? 0.9 : 1))
    }
  }

  /// A round coral with grooves.
  mutating func drawFanCoral() {
    let colour = Colour(stream.pick([0xC8_58_90, 0xE0_A0_48, 0x58_A0_A8, 0xC8_70_50] as [UInt32]))
    let skin = Surface(colour: colour, texture: .grain, round: 1)
    for ring in 0..<3 {
      let size = 0.62 - Float(ring) * 0.15
      add(
        Shape.blob(
          Point(Float(ring) * 0.1 - 0.1, -0.3 - Float(ring) * 0.06),
          Point(size, size * 0.72), roughness: 0.09, &stream),
        skin.with(colour: colour.mixed(Colour(0xFF_EC_D8), Float(ring) * 0.16)))
    }
    for groove in -3...3 {
      let x = Float(groove) * 0.17
      limb(
        [(x, -0.06, 0.005), (x * 0.92, -0.34, 0.013), (x * 0.4, -0.64, 0.004)],
        skin.darker(0.66), outlined: false)
    }
  }
}
