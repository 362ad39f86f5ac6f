/// Animals that sit and face the viewer.
extension Figure {
  /// Draws a sitting animal; returns false when its kind sits in side view.
  mutating func drawSitting(_ animal: Quadruped) -> Bool {
    let (coat, light) = (animal.coat, animal.second ?? animal.light)
    switch animal.build.head {
    case .cat:
      drawSittingCat(coat, light)
      if features.contains(.spacesuit) { drawSuit(width: 0.27, top: -0.6) }
      drawCatFace(coat, light, asleep: false)
      if features.contains(.spacesuit) { drawHelmet(0, -0.73, 0.3) }
    case .dog:
      drawSittingDog(coat, light)
      drawDogFace(coat, light, asleep: false)
      if features.contains(.spacesuit) { drawHelmet(0.09, -0.8, 0.33) }
    case .bigCat:
      drawSittingBigCat(animal, coat, light)
      drawBigCatFace(animal)
    case .bear:
      drawSittingBear(coat, light)
      drawBearFace(coat, light, asleep: false)
    case .fox, .horse, .cow, .deer: return false
    }
    return true
  }

  private mutating func drawSittingCat(_ coat: Surface, _ light: Surface) {
    let swing = Elementary.sin(time * 1.6) * 0.05
    limb(
      [
        (0.2, -0.06, 0.05), (0.38, -0.08, 0.048), (0.45 + swing, -0.22, 0.044),
        (0.41 + swing * 2, -0.38, 0.036), (0.45 + swing * 3, -0.45, 0.026),
      ], coat)
    smooth(
      [
        (0, -0.62), (0.15, -0.55), (0.23, -0.34), (0.28, -0.14), (0.24, -0.01), (0, 0.0),
        (-0.24, -0.01), (-0.28, -0.14), (-0.23, -0.34), (-0.15, -0.55),
      ], coat)
    bothSides { $0.ellipse(0.2 * $1, -0.1, 0.11, 0.12, coat) }
    smooth(
      [(0, -0.54), (0.09, -0.44), (0.1, -0.26), (0, -0.16), (-0.1, -0.26), (-0.09, -0.44)], light,
      outlined: false)
    bothSides {
      $0.limb(
        [(0.075 * $1, -0.34, 0.056), (0.078 * $1, -0.16, 0.05), (0.08 * $1, -0.04, 0.052)], coat)
      $0.ellipse(0.084 * $1, -0.03, 0.066, 0.036, light)
    }
  }

  private mutating func drawSittingDog(_ coat: Surface, _ light: Surface) {
    let wag = Elementary.sin(time * 7) * 0.05
    limb(
      [
        (-0.24, -0.1, 0.042), (-0.38, -0.16, 0.04), (-0.46 - wag * 0.3, -0.3 + wag, 0.03),
        (-0.45, -0.4 + wag * 2, 0.016),
      ], coat)
    smooth(
      [
        (0.06, -0.66), (0.2, -0.6), (0.22, -0.4), (0.17, -0.2), (0.12, -0.02), (-0.1, 0),
        (-0.3, -0.01), (-0.33, -0.16), (-0.25, -0.34), (-0.12, -0.52),
      ], coat)
    ellipse(-0.2, -0.15, 0.135, 0.15, turn: 0.3, coat)
    limb([(-0.2, -0.05, 0.045), (-0.08, -0.035, 0.042), (-0.02, -0.03, 0.036)], light)
    smooth(
      [(0.16, -0.6), (0.235, -0.5), (0.21, -0.32), (0.13, -0.26), (0.1, -0.44)], light,
      outlined: false)
    limb([(0.07, -0.42, 0.062), (0.05, -0.2, 0.046), (0.055, -0.05, 0.044)], coat.darker(0.8))
    ellipse(0.075, -0.03, 0.062, 0.034, light.darker(0.85))
    limb([(0.16, -0.42, 0.064), (0.165, -0.2, 0.05), (0.165, -0.05, 0.046)], coat)
    ellipse(0.19, -0.03, 0.066, 0.036, light)
    box(
      -0.02, -0.635, 0.21, -0.595, corner: 0.02, Surface(colour: Colour(0xB8_30_2C), shine: 0.3),
      outlined: true)
    ellipse(0.17, -0.575, 0.024, 0.026, Surface(colour: Colour(0xE4_B8_40), shine: 0.8))
  }

  private mutating func drawSittingBigCat(_ animal: Quadruped, _ coat: Surface, _ light: Surface) {
    let swing = Elementary.sin(time * 1.6) * 0.05
    limb(
      [(0.3, -0.06, 0.04), (0.52, -0.1, 0.034), (0.62 + swing, -0.26, 0.028)], coat)
    if animal.kind == .lion { ellipse(0.62 + swing, -0.3, 0.06, 0.075, animal.mane) }
    smooth(
      [
        (0, -0.66), (0.2, -0.56), (0.3, -0.34), (0.34, -0.12), (0.28, -0.01), (0, 0),
        (-0.28, -0.01), (-0.34, -0.12), (-0.3, -0.34), (-0.2, -0.56),
      ], coat)
    drawChestCoat(animal, reach: 0.34)
    bothSides {
      $0.ellipse(0.25 * $1, -0.11, 0.13, 0.12, coat)
      $0.limb(
        [(0.1 * $1, -0.38, 0.075), (0.105 * $1, -0.16, 0.062), (0.11 * $1, -0.05, 0.066)], coat)
      $0.drawChestCoat(animal, reach: 0.19)
      $0.ellipse(0.115 * $1, -0.035, 0.085, 0.042, light)
    }
  }

  /// A big cat's markings from the front: stripes or spots, from both sides.
  private mutating func drawChestCoat(_ animal: Quadruped, reach: Float) {
    var marks: [[Point]] = []
    for side in [-1, 1] as [Float] {
      for row in 0..<6 {
        let y = -0.52 + Float(row) * 0.085
        switch animal.build.coat {
        case .tiger:
          marks.append(
            Shape.limb([(reach * side, y, 0.016), (reach * 0.55 * side, y + 0.03, 0.003)]))
        case .spots:
          marks += [0.35, 0.7, 0.95].map {
            Shape.ellipse(Point(reach * side * $0, y + $0 * 0.03), Point(0.018, 0.015))
          }
        default: return
        }
      }
    }
    mark(marks, .plain(0x20_18_14))
  }

  private mutating func drawSittingBear(_ coat: Surface, _ light: Surface) {
    let breath = Elementary.sin(time * 1.6) * 0.008
    bothSides {
      $0.ellipse(0.27 * $1, -0.1, 0.16, 0.12, coat.darker(0.92))
      $0.ellipse(0.3 * $1, -0.06, 0.085, 0.07, light.darker(0.9))
    }
    smooth(
      [
        (0, -0.68), (0.19, -0.6), (0.31 + breath, -0.36), (0.29 + breath, -0.12), (0.18, -0.01),
        (0, 0), (-0.18, -0.01), (-0.29 - breath, -0.12), (-0.31 - breath, -0.36), (-0.19, -0.6),
      ], coat)
    ellipse(0, -0.28, 0.17, 0.2, light.darker(0.92), outlined: false)
    bothSides {
      $0.limb(
        [(0.22 * $1, -0.54, 0.085), (0.3 * $1, -0.36, 0.075), (0.24 * $1, -0.2, 0.07)], coat)
    }
  }
}
