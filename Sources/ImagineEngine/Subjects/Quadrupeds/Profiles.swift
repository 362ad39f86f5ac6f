/// Heads; those seen from the side have their origin at the joint with the neck.
extension Figure {
  /// A head on its neck, or at `place`.
  mutating func drawHead(of animal: Quadruped, at place: Point? = nil) {
    let build = animal.build
    let asleep = animal.posture.sleeps
    let (coat, light) = (animal.coat, animal.second ?? animal.light)
    // Faces use the coordinates of a sitting animal; these are their middles there.
    let middle: Point
    switch build.head {
    case .cat: middle = Point(-0.03, -0.69)
    case .dog: middle = Point(0.04, -0.76)
    case .bigCat: middle = Point(-0.05, -0.66)
    case .bear: middle = Point(-0.05, -0.74)
    case .fox, .horse, .cow, .deer: middle = Point(0, 0)
    }
    var joint = place ?? animal.headJoint
    if place == nil, asleep || animal.posture.nod > 0.3 {
      // The chin must not sink into the ground.
      joint.y = min(joint.y, -build.nape - 0.05)
    }
    draw(at: joint, scale: build.headSize, turn: animal.posture.nod) {
      $0.draw(at: Point(-middle.x, -middle.y)) {
        switch build.head {
        case .cat: $0.drawCatFace(coat, light, asleep: asleep)
        case .dog: $0.drawDogFace(coat, light, asleep: asleep)
        case .bigCat: $0.drawBigCatFace(animal)
        case .bear: $0.drawBearFace(coat, light, asleep: asleep)
        case .fox: $0.drawFoxHead(animal)
        case .horse: $0.drawHorseHead(animal)
        case .cow: $0.drawCowHead(animal)
        case .deer: $0.drawDeerHead(animal)
        }
      }
    }
  }

  private mutating func drawProfileEye(
    _ x: Float, _ y: Float, _ size: Float, _ iris: UInt32, asleep: Bool
  ) {
    if asleep { return drawShutEye(x, y, size * 1.3, .flat(0x14_10_0E)) }
    ellipse(x, y, size * 1.25, size * 1.1, .flat(0x14_10_0E), outlined: false)
    ellipse(x, y, size, size * 0.9, .plain(iris), outlined: false)
    ellipse(x + size * 0.1, y, size * 0.5, size * 0.75, .flat(0x0C_0A_0A), outlined: false)
    ellipse(
      x + size * 0.35, y - size * 0.4, size * 0.25, size * 0.25,
      .glowing(Colour(0xFF_FF_FF), 0.7), outlined: false)
  }

  /// The pointed head of a fox, or the heavier head of a wolf.
  private mutating func drawFoxHead(_ animal: Quadruped) {
    let coat = animal.coat
    let isFox = animal.build.coat == .fox
    let ear: Float = isFox ? 0.27 : 0.19
    let deep: Float = isFox ? 1 : 1.35
    let tip = isFox ? Surface.plain(0x2A_1C_18) : animal.dark
    smooth([(-0.02, -0.09), (0.035, -0.12 - ear * 0.94), (0.1, -0.09)], coat.darker(0.7))
    smooth(
      [
        (-0.13, 0.06), (-0.12, -0.07), (-0.02, -0.145), (0.1, -0.115), (0.17, -0.045),
        (0.28, -0.005), (0.355, 0.03), (0.365, 0.06), (0.3, 0.075 * deep), (0.18, 0.095 * deep),
        (0.06, 0.15), (-0.06, 0.15),
      ], coat)
    mark(
      [
        Shape.smooth(
          [
            (-0.16, 0.1), (-0.06, 0.03), (0.06, 0.03), (0.16, 0.03), (0.38, 0.045), (0.36, 0.14),
            (0.05, 0.2), (-0.15, 0.18),
          ].map { Point($0.0, $0.1) })
      ], animal.white)
    // The ruff of the cheek.
    polygon(
      [
        (-0.1, 0.05), (0.06, 0.07), (0.04, 0.13), (-0.02, 0.14), (-0.06, 0.2), (-0.1, 0.15),
        (-0.17, 0.17),
      ],
      animal.white, outlined: false)
    ellipse(0.362, 0.032, 0.024, 0.021, Surface(colour: Colour(0x16_12_12), shine: 0.6))
    limb(
      [(0.35, 0.062, 0.004), (0.26, 0.07, 0.005), (0.2, 0.06, 0.003)], .flat(0x2A_1C_18),
      outlined: false)
    drawProfileEye(0.125, -0.035, 0.02, 0xD8_98_28, asleep: animal.posture.sleeps)
    smooth([(-0.12, -0.06), (-0.08, -0.11 - ear), (-0.06, -0.11 - ear), (0.035, -0.11)], coat)
    mark([Shape.ellipse(Point(-0.07, -0.12 - ear), Point(0.1, ear * 0.36))], tip)
    smooth(
      [(-0.085, -0.09), (-0.06, -0.06 - ear * 0.72), (0.005, -0.11)], animal.coat.darker(0.42),
      outlined: false)
  }

  /// A horse's head with its mane; a zebra's is the same, with stripes.
  private mutating func drawHorseHead(_ animal: Quadruped) {
    let coat = animal.coat
    let isZebra = animal.build.coat == .zebra
    let rise = animal.build.rise + animal.posture.neck + animal.posture.nod
    // The mane follows the neck, which comes from behind.
    let down = Point(-Elementary.cos(rise), Elementary.sin(rise)) * (animal.build.neck * 1.02)
    let back = Point(-Elementary.sin(rise), -Elementary.cos(rise))
    func along(_ part: Float, _ out: Float) -> (Float, Float) {
      let point = down * part + back * out
      return (point.x, point.y)
    }
    let fall: Float = isZebra ? 0.035 : -0.015
    smooth(
      [
        (0.05, -0.13), (-0.03, -0.14), along(0.25, 0.13), along(0.6, 0.14), along(0.95, 0.15),
        along(1.08, 0.09), along(0.85, fall), along(0.5, fall), along(0.15, 0.0), (0.02, -0.05),
      ], animal.mane)
    polygon([(-0.03, -0.055), (-0.015, -0.175), (0.04, -0.07)], coat.darker(0.75))
    var head = coat
    head.round = 0.9
    add(
      all: [
        Shape.limb([
          (-0.015, 0, 0.082), (0.06, 0.05, 0.08), (0.15, 0.125, 0.056), (0.21, 0.18, 0.052),
        ]),
        Shape.ellipse(Point(0.0, 0.05), Point(0.075, 0.075)),
      ], head)
    mark(
      [Shape.ellipse(Point(0.24, 0.2), Point(0.075, 0.06), turn: 0.7)],
      coat.darker(isZebra ? 0.2 : 0.55))
    if isZebra {
      mark(
        (0..<4).map { bar in
          let x = Float(bar) * 0.045
          return Shape.limb([(x + 0.04, x * 0.7 - 0.09, 0.012), (x - 0.03, x * 0.7 + 0.05, 0.003)])
        }, .plain(0x20_1C_1C))
    }
    polygon([(-0.065, -0.05), (-0.045, -0.19), (0.01, -0.065)], coat)
    if features.contains(.horn) {
      polygon(
        [(0.02, -0.085), (0.075, -0.055), (0.2, -0.32)],
        Surface(colour: Colour(0xF0_D8_88), texture: .brushed, shine: 0.8))
    }
    drawProfileEye(0.055, 0.0, 0.013, 0x3C_24_14, asleep: animal.posture.sleeps)
    ellipse(0.225, 0.17, 0.011, 0.009, .flat(0x10_0C_0A), outlined: false)
    limb(
      [(0.235, 0.215, 0.004), (0.19, 0.205, 0.004)], .flat(0x18_10_0E), outlined: false)
    smooth(
      [(-0.01, -0.12), (0.06, -0.06), (0.08, -0.01), (0.03, -0.04)], animal.mane, outlined: false)
  }

  private mutating func drawCowHead(_ animal: Quadruped) {
    let coat = animal.coat
    let horn = Surface(colour: Colour(0xE8_DC_C0), shine: 0.3)
    limb(
      [(0.03, -0.1, 0.034), (0.1, -0.16, 0.028), (0.14, -0.24, 0.018), (0.12, -0.31, 0.005)],
      horn.darker(0.75))
    var head = coat
    head.round = 1
    smooth(
      [
        (-0.1, -0.08), (-0.03, -0.13), (0.08, -0.12), (0.16, -0.03), (0.235, 0.09), (0.28, 0.17),
        (0.25, 0.245), (0.15, 0.25), (0.06, 0.18), (-0.04, 0.12), (-0.1, 0.04),
      ], head)
    // A light face has a dark mask and dark ears.
    let mask = coat.colour.y > 0.5 ? animal.patch : coat.darker(0.8)
    mark([Shape.ellipse(Point(-0.01, 0.02), Point(0.13, 0.12))], mask)
    smooth(
      [
        (0.16, 0.12), (0.245, 0.1), (0.295, 0.17), (0.28, 0.24), (0.2, 0.275), (0.13, 0.245),
        (0.13, 0.18),
      ], Surface(colour: Colour(0xE0_A8_9C), round: 1))
    ellipse(0.25, 0.16, 0.016, 0.011, turn: 0.6, .flat(0x50_2C_28), outlined: false)
    limb(
      [(0.28, 0.22, 0.004), (0.2, 0.235, 0.005), (0.16, 0.22, 0.003)], .flat(0x6C_3C_38),
      outlined: false)
    drawProfileEye(0.07, -0.005, 0.019, 0x3C_24_14, asleep: animal.posture.sleeps)
    limb(
      [(-0.05, -0.1, 0.036), (-0.02, -0.18, 0.032), (0.04, -0.25, 0.022), (0.11, -0.28, 0.006)],
      horn)
    smooth(
      [(-0.05, -0.06), (-0.13, -0.1), (-0.23, -0.07), (-0.22, 0.0), (-0.12, 0.02)],
      mask)
  }

  private mutating func drawDeerHead(_ animal: Quadruped) {
    let coat = animal.coat
    let antler = Surface(colour: Colour(0xB0_98_74), texture: .bark)
    for (side, shade) in [(0.06, 0.7), (0, 1)] as [(Float, Float)] {
      let root = Point(0.02 + side, -0.09)
      func tine(_ points: [(Float, Float)]) {
        limb(
          points.enumerated().map { index, point in
            (
              root.x + point.0 - side * 0.2, root.y + point.1,
              0.018 * (1 - 0.7 * Float(index) / Float(points.count - 1))
            )
          }, antler.darker(shade))
      }
      tine([(0, 0), (-0.1, -0.13), (-0.13, -0.28), (-0.05, -0.42)])
      tine([(-0.04, -0.05), (0.06, -0.13), (0.09, -0.2)])
      tine([(-0.11, -0.17), (0.0, -0.24), (0.03, -0.32)])
      tine([(-0.13, -0.28), (-0.2, -0.36), (-0.19, -0.42)])
    }
    add(
      all: [
        Shape.limb([(0, 0, 0.088), (0.08, 0.04, 0.07), (0.16, 0.09, 0.048), (0.215, 0.125, 0.04)])
      ], coat)
    ellipse(0.238, 0.115, 0.022, 0.022, .plain(0x20_18_16))
    mark([Shape.ellipse(Point(0.12, 0.15), Point(0.12, 0.05), turn: 0.5)], animal.light)
    drawProfileEye(0.06, -0.005, 0.018, 0x2C_1C_12, asleep: animal.posture.sleeps)
    smooth([(-0.04, -0.05), (-0.1, -0.13), (-0.22, -0.15), (-0.18, -0.06), (-0.08, -0.01)], coat)
    smooth(
      [(-0.07, -0.05), (-0.12, -0.105), (-0.185, -0.12), (-0.15, -0.065)], animal.light,
      outlined: false)
  }
}
