/// A rider astride an animal, seen from the side; the foot is at the saddle.
extension Figure {
  /// What a rider wears: cloth or steel.
  struct RidingClothes: Sendable {
    var top: Surface
    var trousers: Surface
    var hasSkirt: Bool
  }

  mutating func drawRider(
    _ clothes: RidingClothes, skin: Surface, hair: Surface, isWoman: Bool, size: Float
  ) {
    let bob = Elementary.sin(time * 6) * 0.008
    let isArmoured = features.contains(.armour)
    let steel = Surface(
      colour: colours.first ?? Colour(0xB0_B6_C0), texture: .brushed, shine: 1, round: 1)
    let top = isArmoured ? steel : clothes.top
    let leather = Surface(colour: Colour(0x5C_38_22), shine: 0.3)
    smooth(
      [
        (-0.16, -0.06), (-0.1, -0.02), (0.06, -0.02), (0.14, -0.06), (0.15, 0.02), (0.1, 0.12),
        (-0.08, 0.14), (-0.15, 0.04),
      ], leather)
    draw(at: Point(0, bob)) {
      let chin = Point(0.012, -0.405)
      if isArmoured { $0.drawCape() }
      if isWoman { $0.drawLongHair(chin, size, hair) }
      $0.limb([(-0.01, -0.33, 0.03), (0.09, -0.2, 0.025), (0.2, -0.13, 0.018)], top.darker(0.6))
      $0.smooth(
        [
          (-0.06, -0.345), (0, -0.375), (0.052, -0.35), (0.078, -0.26), (0.058, -0.13),
          (0.075, 0), (-0.075, 0.01), (-0.08, -0.08), (-0.066, -0.2),
        ], top)
      $0.drawRiderLeg(
        clothes, isArmoured ? steel : clothes.trousers, boots: isArmoured ? steel : leather)
      $0.box(-0.07, -0.035, 0.068, -0.008, corner: 0.008, leather.darker(0.8), outlined: false)
      $0.limb(
        [(0.0, -0.365, 0.026), (0.008, -0.4, 0.024)], skin.darker(0.85), outlined: false)
      $0.drawHead(chin, size, skin: skin, hair: hair, isWoman: isWoman)
      $0.limb(
        [(0.2, -0.13, 0.005), (0.36, -0.06, 0.004), (0.5, -0.1, 0.004)], leather.darker(0.6),
        outlined: false)
      $0.ellipse(0.195, -0.135, 0.022, 0.019, isArmoured ? steel.darker(0.8) : skin)
      $0.limb(
        [(-0.012, -0.318, 0.038), (0.025, -0.19, 0.03), (0.17, -0.14, 0.02)], top.darker(0.94))
      if isArmoured { $0.ellipse(-0.014, -0.325, 0.052, 0.045, steel.darker(1.05)) }
    }
  }

  private mutating func drawRiderLeg(_ clothes: RidingClothes, _ cloth: Surface, boots: Surface) {
    limb(
      [(-0.01, -0.02, 0.06), (0.15, 0.09, 0.044), (0.1, 0.2, 0.034), (0.085, 0.3, 0.026)], cloth)
    if clothes.hasSkirt {
      smooth(
        [
          (-0.07, -0.06), (0.06, -0.06), (0.17, 0.04), (0.21, 0.12), (0.12, 0.17), (-0.02, 0.14),
          (-0.14, 0.08),
        ], clothes.top.darker(0.92))
    }
    limb([(0.108, 0.2, 0.037), (0.086, 0.31, 0.028)], boots)
    limb([(0.078, 0.325, 0.022), (0.15, 0.335, 0.015)], boots)
    limb([(0.06, 0.352, 0.007), (0.14, 0.355, 0.007)], .plain(0x9C_9C_A0), outlined: false)
  }

  /// A cloak that streams behind.
  private mutating func drawCape() {
    let swing = Elementary.sin(time * 5) * 0.02
    smooth(
      [
        (0.02, -0.37), (-0.08, -0.34), (-0.22, -0.16 + swing), (-0.4, 0.02 + swing),
        (-0.3, 0.09), (-0.16, 0.07), (-0.06, 0.03),
      ], Surface(colour: Colour(stream.pick([0xA8_28_2C, 0x28_40_80])), texture: .cloth))
  }
}
