/// A person: seven and a half heads high; a head is 0.133.
extension Figure {
  /// Clothing, from the prompt's words or at random.
  private enum Outfit { case dress, suit, casual }

  /// A person who stands, walks or sits and faces the viewer.
  mutating func drawPerson() {
    let skin = Surface(
      colour: Colour(stream.pick([0xF0_C8_A8, 0xDC_A8_80, 0xB4_7C_54, 0x84_54_3A, 0xF4_D2_B8])),
      round: 0.6)
    let hair = Surface(
      colour: features.contains(.elderly)
        ? Colour(0xC8_C6_C4)
        : Colour(stream.pick([0x26_1C_18, 0x4C_30_20, 0x74_4C_28, 0x8C_44_24, 0xC0_94_50])),
      texture: .fur)
    if features.contains(.spacesuit) { return drawAstronaut(skin: skin) }
    let isWoman =
      features.contains(.woman) || (stream.chance(0.5) && !features.contains(.man))
    let isFormal = stream.chance(0.35)
    let outfit: Outfit =
      features.contains(.dress)
      ? .dress
      : (features.contains(.suit)
        ? .suit
        : (isWoman && !features.contains(.armour) && stream.chance(0.6)
          ? .dress : (isFormal && !isWoman ? .suit : .casual)))
    let top = main(
      oneOf: [0xA8_3C_38, 0x3C_5C_84, 0x4C_74_5C, 0xC8_98_48, 0x6C_54_78, 0xC8_C0_B4, 0x3C_40_4C],
      .cloth)
    let sway = Elementary.sin(time * 1.5) * 0.004
    let body = PersonPosture(
      isWoman: isWoman, isSeated: pose == .sitting,
      walks: pose == .walking || pose == .running, sway: sway, clock: time)
    let size: Float = features.contains(.child) ? 1.42 : 1
    let denim = Surface(
      colour: Colour(stream.pick([0x34_48_68, 0x4C_48_44, 0x2C_30_38, 0x6C_60_4C])),
      texture: .cloth)
    if pose == .riding {
      return drawRider(
        RidingClothes(top: top, trousers: second(denim), hasSkirt: outfit == .dress), skin: skin,
        hair: hair, isWoman: isWoman, size: size)
    }
    let chin = Point(sway, -0.867 + body.drop)
    if isWoman { drawLongHair(chin, size, hair) }
    switch outfit {
    case .dress:
      drawLegs(body, skin, isBare: true)
      drawArms(body, sleeve: top, skin, isShort: true)
      drawDress(body, top)
    case .suit:
      drawLegs(body, second(top.darker(0.92)), isBare: false)
      drawArms(body, sleeve: top, skin, isShort: false)
      drawJacket(body, top)
    case .casual:
      drawLegs(body, second(denim), isBare: false)
      drawArms(body, sleeve: top, skin, isShort: features.contains(.child))
      drawJumper(body, top)
    }
    if features.contains(.armour) { drawArmour(body) }
    if features.contains(.umbrella) { drawUmbrella(body) }
    drawNeck(body, skin, isOpen: outfit == .dress)
    drawHead(chin, size, skin: skin, hair: hair, isWoman: isWoman)
  }

  private mutating func drawLegs(_ body: PersonPosture, _ cloth: Surface, isBare: Bool) {
    let shoes = Surface(
      colour: Colour(stream.pick([0x2C_22_1E, 0x4C_30_20, 0x1C_1C_22])), shine: 0.4)
    for side in [Float(-1), 1] {
      let leg = body.leg(side)
      let foot = leg.ankle
      let width: Float = isBare ? 0.7 : 1
      // The far leg of a walking person is in shade.
      let shade: Float = leg.isBehind ? 0.78 : 1
      smooth(
        [
          (foot.x - 0.02, foot.y - 0.012), (foot.x + 0.02, foot.y - 0.012),
          (foot.x + 0.024 + 0.018 * side, foot.y + 0.022),
          (foot.x + 0.02 + 0.02 * side, foot.y + 0.04),
          (foot.x - 0.02 + 0.02 * side, foot.y + 0.04),
          (foot.x - 0.024 + 0.018 * side, foot.y + 0.022),
        ], shoes.darker(shade))
      limb(
        [
          (leg.hip.x, leg.hip.y, 0.052 * width + 0.004), (leg.thigh.x, leg.thigh.y, 0.05 * width),
          (leg.knee.x, leg.knee.y, 0.035 * width), (leg.calf.x, leg.calf.y, 0.033 * width),
          (foot.x, foot.y, isBare ? 0.014 : 0.027),
        ], cloth.darker(shade))
      if !isBare {
        limb(
          [
            (leg.thigh.x + 0.012 * side, leg.thigh.y, 0.001),
            (leg.knee.x + 0.008 * side, leg.knee.y, 0.003),
            (foot.x + 0.004 * side, foot.y - 0.02, 0.001),
          ], cloth.darker(0.72 * shade), outlined: false)
      }
    }
  }

  private mutating func drawArms(
    _ body: PersonPosture, sleeve: Surface, _ skin: Surface, isShort: Bool
  ) {
    for side in [Float(-1), 1] {
      let arm = body.arm(side)
      let hand = arm.wrist
      // A hand: palm, joined fingers, thumb.
      limb(
        [
          (hand.x, hand.y, 0.0135), (hand.x + 0.004 * side, hand.y + 0.024, 0.017),
          (hand.x, hand.y + 0.052, 0.009),
        ], skin)
      limb(
        [
          (hand.x - 0.012 * side, hand.y + 0.01, 0.007),
          (hand.x - 0.018 * side, hand.y + 0.033, 0.005),
        ],
        skin.darker(0.92), outlined: false)
      if isShort {
        limb(
          [
            (arm.shoulder.x, arm.shoulder.y, 0.027), (arm.elbow.x, arm.elbow.y, 0.02),
            (hand.x, hand.y, 0.0135),
          ], skin)
        let end = arm.shoulder + (arm.elbow - arm.shoulder) * 0.55
        limb([(arm.shoulder.x, arm.shoulder.y, 0.033), (end.x, end.y, 0.029)], sleeve.darker(0.96))
      } else {
        limb(
          [
            (arm.shoulder.x, arm.shoulder.y, 0.033), (arm.elbow.x, arm.elbow.y, 0.027),
            (hand.x, hand.y - 0.004, 0.02),
          ], sleeve.darker(0.92))
        limb(
          [
            (arm.elbow.x - 0.02 * side, arm.elbow.y - 0.01, 0.001),
            (arm.elbow.x, arm.elbow.y + 0.004, 0.003),
            (arm.elbow.x + 0.016 * side, arm.elbow.y - 0.004, 0.001),
          ], sleeve.darker(0.66), outlined: false)
      }
    }
  }

  /// A torso from the shoulders to `hem`, with its waist.
  private mutating func drawTorso(
    _ body: PersonPosture, _ cloth: Surface, waist: Float, hem: Float, flare: Float
  ) {
    let d = body.drop
    let s = body.shoulder
    smooth(
      [
        (0, -0.848 + d), (0.036, -0.85 + d), (s * 0.62, -0.829 + d), (s * 0.94, -0.81 + d),
        (s + 0.008, -0.78 + d), (s, -0.735 + d), (s - 0.018, -0.69 + d), (waist, -0.6 + d),
        (flare, hem + d), (0, hem + 0.012 + d), (-flare, hem + d), (-waist, -0.6 + d),
        (-s + 0.018, -0.69 + d), (-s, -0.735 + d), (-s - 0.008, -0.78 + d), (-s * 0.94, -0.81 + d),
        (-s * 0.62, -0.829 + d), (-0.036, -0.85 + d),
      ], cloth)
    // Folds that run from the armpits, and where the arms lie in front of the chest.
    bothSides {
      $0.limb(
        [
          ((s - 0.012) * $1, -0.74 + d, 0.001), ((s - 0.03) * $1, -0.7 + d, 0.0035),
          (waist * 0.8 * $1, -0.62 + d, 0.001),
        ], cloth.darker(0.68), outlined: false)
      $0.limb(
        [
          (waist * 0.96 * $1, -0.6 + d, 0.001), (waist * 0.5 * $1, -0.585 + d, 0.003),
          (waist * 0.2 * $1, -0.59 + d, 0.001),
        ], cloth.darker(0.74), outlined: false)
    }
  }

  private mutating func drawDress(_ body: PersonPosture, _ cloth: Surface) {
    let d = body.drop
    if body.isSeated {
      // The skirt lies over the knees.
      smooth(
        [
          (-0.075, -0.1), (0.075, -0.1), (0.125, 0.0), (0.13, 0.09), (0, 0.115), (-0.13, 0.09),
          (-0.125, 0.0),
        ], cloth.darker(0.92))
    } else {
      let swing = Elementary.sin(time * 1.5) * 0.006
      smooth(
        [
          (-0.062, -0.61 + d), (0.062, -0.61 + d), (0.096, -0.5 + d), (0.13 + swing, -0.36 + d),
          (0.155 + swing, -0.235 + d), (0.08, -0.222 + d), (0, -0.215 + d), (-0.08, -0.222 + d),
          (-0.155 + swing, -0.235 + d), (-0.13 + swing, -0.36 + d), (-0.096, -0.5 + d),
        ], cloth)
      for (x, foot) in [
        (-0.04 as Float, -0.115 as Float), (-0.015, -0.05), (0.012, 0.02), (0.04, 0.1),
      ] {
        limb(
          [
            (x, -0.58 + d, 0.001), ((x + foot) * 0.52, -0.42 + d, 0.004),
            (foot + swing, -0.24 + d, 0.0075),
          ], cloth.darker(0.72), outlined: false)
      }
    }
    drawTorso(body, cloth, waist: 0.062, hem: -0.58, flare: 0.064)
    box(-0.064, -0.612 + d, 0.064, -0.592 + d, corner: 0.006, cloth.darker(0.6), outlined: false)
  }

  private mutating func drawJacket(_ body: PersonPosture, _ cloth: Surface) {
    let d = body.drop
    drawTorso(body, cloth, waist: 0.086, hem: body.isSeated ? -0.46 : -0.44, flare: 0.1)
    polygon(
      [
        (-0.034, -0.856 + d), (0.034, -0.856 + d), (0.022, -0.76 + d), (0, -0.69 + d),
        (-0.022, -0.76 + d),
      ], .flat(0xF2_F0_EA), outlined: false)
    let tie = Surface(
      colour: Colour(stream.pick([0x8C_24_28, 0x24_34_5C, 0x3C_3C_40])), shine: 0.3)
    smooth(
      [
        (-0.009, -0.842 + d), (0.009, -0.842 + d), (0.007, -0.822 + d), (0.011, -0.74 + d),
        (0, -0.695 + d), (-0.011, -0.74 + d), (-0.007, -0.822 + d),
      ], tie, outlined: false)
    bothSides {
      $0.polygon(
        [
          (0.03 * $1, -0.862 + d), (0.05 * $1, -0.845 + d), (0.066 * $1, -0.79 + d),
          (0.05 * $1, -0.78 + d), (0.054 * $1, -0.768 + d), (0.001 * $1, -0.668 + d),
          (0.02 * $1, -0.76 + d),
        ], cloth.darker(0.78))
      $0.box(
        0.045 * $1 - 0.022, -0.545 + d, 0.045 * $1 + 0.022, -0.535 + d, cloth.darker(0.66),
        outlined: false)
    }
    limb([(0, -0.67 + d, 0.0018), (0.003, -0.45 + d, 0.0018)], cloth.darker(0.5), outlined: false)
    for button in 0..<2 {
      ellipse(
        0.009, -0.655 + d + Float(button) * 0.06, 0.0055, 0.0055, cloth.darker(0.4), outlined: false
      )
    }
  }

  private mutating func drawJumper(_ body: PersonPosture, _ cloth: Surface) {
    let d = body.drop
    drawTorso(body, cloth, waist: body.isWoman ? 0.07 : 0.085, hem: -0.485, flare: 0.09)
    box(-0.09, -0.502 + d, 0.09, -0.478 + d, corner: 0.008, cloth.darker(0.82), outlined: false)
    limb(
      [(-0.036, -0.85 + d, 0.006), (0, -0.83 + d, 0.007), (0.036, -0.85 + d, 0.006)],
      cloth.darker(0.78), outlined: false)
  }

  private mutating func drawArmour(_ body: PersonPosture) {
    let d = body.drop
    let steel = Surface(
      colour: colours.first ?? Colour(0xB0_B6_C0), texture: .brushed, shine: 1, round: 1)
    for side in [Float(-1), 1] {
      let arm = body.arm(side)
      let leg = body.leg(side)
      limb(
        [(arm.elbow.x, arm.elbow.y, 0.032), (arm.wrist.x, arm.wrist.y, 0.025)], steel.darker(0.9))
      limb([(leg.knee.x, leg.knee.y, 0.042), (leg.ankle.x, leg.ankle.y, 0.034)], steel.darker(0.9))
      limb([(leg.hip.x, leg.hip.y + 0.04, 0.055), (leg.knee.x, leg.knee.y - 0.02, 0.042)], steel)
      ellipse(leg.knee.x, leg.knee.y, 0.036, 0.036, steel)
    }
    smooth(
      [
        (0, -0.838 + d), (0.08, -0.82 + d), (0.108, -0.74 + d), (0.085, -0.6 + d),
        (0.105, -0.48 + d), (0, -0.46 + d), (-0.105, -0.48 + d), (-0.085, -0.6 + d),
        (-0.108, -0.74 + d), (-0.08, -0.82 + d),
      ], steel)
    limb([(0, -0.82 + d, 0.003), (0, -0.6 + d, 0.005)], steel.darker(0.5), outlined: false)
    box(-0.092, -0.61 + d, 0.092, -0.585 + d, corner: 0.006, .plain(0x5C_3C_24))
    bothSides { $0.ellipse(0.112 * $1, -0.79 + d, 0.045, 0.042, steel.darker(1.05)) }
  }

  /// An umbrella above the head, held in the hanging hand.
  private mutating func drawUmbrella(_ body: PersonPosture) {
    let hand = body.arm(1).wrist
    let cloth = Surface(
      colour: Colour(stream.pick([0xC0_30_34, 0x2C_48_80, 0xE0_A8_30, 0x30_34_3C])), texture: .cloth
    )
    let top = Point(hand.x - 0.06, -1.2 + body.drop)
    limb(
      [(hand.x + 0.006, hand.y + 0.03, 0.007), (hand.x, hand.y, 0.006), (top.x, top.y, 0.005)],
      .plain(0x38_30_2C))
    for gore in [(0.26, 1), (0.15, 0.86), (0.05, 1.05)] as [(Float, Float)] {
      smooth(
        [
          (top.x, top.y - 0.012), (top.x + gore.0 * 0.7, top.y + 0.04),
          (top.x + gore.0, top.y + 0.125), (top.x + gore.0 * 0.5, top.y + 0.105),
          (top.x, top.y + 0.115), (top.x - gore.0 * 0.5, top.y + 0.105),
          (top.x - gore.0, top.y + 0.125), (top.x - gore.0 * 0.7, top.y + 0.04),
        ], cloth.darker(gore.1))
    }
  }

  private mutating func drawNeck(_ body: PersonPosture, _ skin: Surface, isOpen: Bool) {
    let d = body.drop
    let half: Float = body.isWoman ? 0.022 : 0.029
    if isOpen {
      smooth(
        [
          (-half, -0.865 + d), (half, -0.865 + d), (half + 0.006, -0.846 + d), (0.055, -0.828 + d),
          (0.034, -0.79 + d), (0, -0.768 + d), (-0.034, -0.79 + d), (-0.055, -0.828 + d),
          (-half - 0.006, -0.846 + d),
        ], skin, outlined: false)
      bothSides {
        $0.shade(0.027 * $1, -0.825 + d, 0.024, 0.0045, turn: -0.12 * $1, skin.darker(0.5), 0.4)
      }
    }
    smooth(
      [
        (-half, -0.89 + d), (half, -0.89 + d), (half, -0.862 + d), (half + 0.005, -0.845 + d),
        (0, -0.832 + d), (-half - 0.005, -0.845 + d), (-half, -0.862 + d),
      ], skin.darker(0.9), outlined: false)
    // The shadow of the chin.
    shade(0, -0.864 + d, half * 1.25, 0.022, skin.darker(0.35), 0.75)
  }
}
