/// Faces that look at the viewer, in the coordinates of a sitting animal.
extension Figure {
  /// A closed eye; `reach` is half its width.
  mutating func drawShutEye(_ x: Float, _ y: Float, _ reach: Float, _ surface: Surface) {
    limb(
      [
        (x - reach, y - reach * 0.1, 0.003), (x, y + reach * 0.4, 0.007),
        (x + reach, y - reach * 0.1, 0.003),
      ], surface, outlined: false)
  }

  mutating func drawCatFace(_ coat: Surface, _ light: Surface, asleep: Bool) {
    let dark = coat.darker(0.55)
    bothSides {
      $0.smooth(
        [
          (0.05 * $1, -0.85), (0.13 * $1, -0.93), (0.2 * $1, -1.0), (0.225 * $1, -0.9),
          (0.2 * $1, -0.75),
        ], coat)
      $0.smooth(
        [
          (0.1 * $1, -0.86), (0.15 * $1, -0.9), (0.187 * $1, -0.95), (0.2 * $1, -0.87),
          (0.18 * $1, -0.79),
        ], Surface(colour: Colour(0xD8_98_90), round: 0.2), outlined: false)
    }
    smooth(
      [
        (0, -0.9), (0.12, -0.88), (0.205, -0.79), (0.225, -0.69), (0.17, -0.585), (0, -0.54),
        (-0.17, -0.585), (-0.225, -0.69), (-0.205, -0.79), (-0.12, -0.88),
      ], coat)
    for stripe in -1...1 {
      let x = Float(stripe) * 0.05
      limb(
        [(x, -0.885, 0.008), (x * 0.8, -0.84, 0.013), (x * 0.7, -0.8, 0.004)], dark, outlined: false
      )
    }
    bothSides {
      $0.limb(
        [(0.17 * $1, -0.7, 0.006), (0.2 * $1, -0.69, 0.01), (0.222 * $1, -0.7, 0.004)], dark,
        outlined: false)
    }
    ellipse(0, -0.625, 0.095, 0.062, light, outlined: false)
    if asleep {
      bothSides { $0.drawShutEye(0.098 * $1, -0.72, 0.05, dark) }
    } else {
      let eyes = stream.pick([Colour(0x9C_C8_3C), Colour(0xE4_B4_34), Colour(0x58_A8_D8)])
      bothSides {
        $0.ellipse(
          0.098 * $1, -0.725, 0.052, 0.05, turn: -0.15 * $1,
          Surface(colour: Colour(0x22_1C_1A), round: 0), outlined: false)
        $0.ellipse(
          0.098 * $1, -0.724, 0.045, 0.044, turn: -0.15 * $1,
          Surface(colour: eyes, shine: 0.6, round: 0.5), outlined: false)
        $0.ellipse(0.098 * $1, -0.724, 0.015, 0.04, .flat(0x0C_0A_0C), outlined: false)
        $0.ellipse(
          0.098 * $1 + 0.016, -0.742, 0.011, 0.011, .glowing(Colour(0xFF_FF_FF), 0.7),
          outlined: false
        )
      }
    }
    polygon([(-0.026, -0.665), (0.026, -0.665), (0, -0.638)], .plain(0xC8_78_74), outlined: false)
    bothSides {
      $0.limb(
        [(0, -0.638, 0.004), (0.012 * $1, -0.616, 0.005), (0.045 * $1, -0.61, 0.003)], dark,
        outlined: false)
      for whisker in 0..<3 {
        let spread = Float(whisker) - 1
        $0.limb(
          [
            (0.07 * $1, -0.63 + spread * 0.014, 0.003), (0.19 * $1, -0.64 + spread * 0.03, 0.0025),
            (0.3 * $1, -0.615 + spread * 0.055, 0.0015),
          ], .plain(0xF4_F0_EA), outlined: false)
      }
    }
  }

  mutating func drawDogFace(_ coat: Surface, _ light: Surface, asleep: Bool) {
    let dark = coat.darker(0.5)
    smooth(
      [
        (-0.06, -0.93), (-0.15, -0.86), (-0.2, -0.7), (-0.16, -0.6), (-0.09, -0.66), (-0.03, -0.78),
      ], dark)
    smooth(
      [
        (0.08, -0.985), (0.2, -0.95), (0.265, -0.85), (0.25, -0.72), (0.16, -0.63), (0.04, -0.62),
        (-0.06, -0.7), (-0.09, -0.84), (-0.03, -0.95),
      ], coat)
    smooth(
      [(0.2, -0.84), (0.33, -0.81), (0.38, -0.745), (0.34, -0.675), (0.22, -0.645), (0.14, -0.7)],
      light)
    smooth(
      [(0.16, -0.68), (0.25, -0.665), (0.33, -0.675), (0.27, -0.635), (0.2, -0.63)], dark,
      outlined: false)
    smooth(
      [(0.235, -0.66), (0.275, -0.66), (0.275, -0.6), (0.255, -0.575), (0.233, -0.6)],
      .plain(0xE0_7C_80), outlined: false)
    ellipse(0.365, -0.785, 0.036, 0.029, Surface(colour: Colour(0x18_14_16), shine: 0.8))
    smooth(
      [
        (0.0, -0.95), (-0.08, -0.95), (-0.14, -0.82), (-0.11, -0.64), (-0.03, -0.63), (0.01, -0.78),
      ], dark)
    if asleep {
      for x in [0.13, 0.235] as [Float] { drawShutEye(x, -0.825, 0.036, dark.darker(0.6)) }
    } else {
      for x in [Float(0.135), 0.235] {
        ellipse(x, -0.835, 0.028, 0.031, .flat(0x16_10_0E), outlined: false)
        ellipse(
          x + 0.003, -0.834, 0.021, 0.024, Surface(colour: Colour(0x5C_34_1C), shine: 0.7),
          outlined: false)
        ellipse(x + 0.01, -0.844, 0.008, 0.008, .glowing(Colour(0xFF_FF_FF), 0.7), outlined: false)
      }
    }
  }

  private mutating func drawLionMane(_ animal: Quadruped) {
    // Two rings of tufts.
    for ring in 0..<2 {
      for tuft in 0..<18 {
        let angle = Float(tuft) * 0.349 + Float(ring) * 0.17
        let reach = ring == 0 ? Float(0.33) : 0.26
        let x = Elementary.cos(angle) * reach
        let y = -0.68 + Elementary.sin(angle) * reach * 0.95
        ellipse(
          x, y, 0.1, 0.062, turn: angle,
          animal.mane.darker((ring == 0 ? 0.75 : 1) * stream.within(0.88...1.1)),
          outlined: ring == 0
        )
      }
    }
    ellipse(0, -0.68, 0.27, 0.26, animal.mane.darker(1.08), outlined: false)
  }

  /// The broad face of a lion, a tiger or a leopard.
  mutating func drawBigCatFace(_ animal: Quadruped) {
    let coat = animal.coat
    let light = animal.kind == .lion ? animal.light : animal.white
    let dark = Surface.flat(0x2A_1A_10)
    let asleep = animal.posture.sleeps
    let rim = animal.kind == .lion ? coat : Surface(colour: Colour(0x24_1C_1A), texture: .fur)
    if animal.kind == .lion { drawLionMane(animal) }
    bothSides {
      $0.ellipse(0.17 * $1, -0.885, 0.066, 0.062, rim)
      $0.ellipse(0.17 * $1, -0.88, 0.04, 0.038, animal.light, outlined: false)
    }
    smooth(
      [
        (0, -0.9), (0.13, -0.87), (0.19, -0.76), (0.17, -0.64), (0.11, -0.54), (0, -0.5),
        (-0.11, -0.54), (-0.17, -0.64), (-0.19, -0.76), (-0.13, -0.87),
      ], coat)
    drawFaceCoat(animal)
    smooth(
      [(0, -0.68), (0.1, -0.62), (0.09, -0.54), (0, -0.505), (-0.09, -0.54), (-0.1, -0.62)], light,
      outlined: false)
    smooth(
      [(-0.05, -0.68), (0.05, -0.68), (0.035, -0.64), (0, -0.62), (-0.035, -0.64)], dark,
      outlined: false)
    bothSides {
      $0.limb(
        [(0, -0.625, 0.004), (0.02 * $1, -0.575, 0.006), (0.07 * $1, -0.575, 0.003)], dark,
        outlined: false)
      if asleep {
        $0.drawShutEye(0.085 * $1, -0.75, 0.036, dark)
      } else {
        $0.ellipse(0.085 * $1, -0.755, 0.034, 0.026, dark, outlined: false)
        $0.ellipse(0.085 * $1, -0.754, 0.026, 0.02, .plain(0xD8_A0_38), outlined: false)
        $0.ellipse(0.085 * $1, -0.754, 0.011, 0.013, dark, outlined: false)
      }
      $0.limb(
        [(0.045 * $1, -0.8, 0.006), (0.125 * $1, -0.79, 0.008)], coat.darker(0.6),
        outlined: false)
    }
  }

  /// The cheeks, brows and stripes or spots of a big cat's face.
  private mutating func drawFaceCoat(_ animal: Quadruped) {
    let black = Surface.plain(0x1E_16_14)
    var marks: [[Point]] = []
    func bar(_ x: Float, _ y: Float, _ endX: Float, _ endY: Float, _ width: Float) {
      marks.append(Shape.limb([(x, y, width), (endX, endY, width * 0.25)]))
    }
    switch animal.build.coat {
    case .tiger:
      mark(
        [-1, 1].flatMap { (side: Float) in
          [
            Shape.ellipse(Point(0.17 * side, -0.6), Point(0.09, 0.12)),
            Shape.ellipse(Point(0.085 * side, -0.8), Point(0.042, 0.026)),
          ]
        }, animal.white)
      for side in [-1, 1] as [Float] {
        bar(0.03 * side, -0.9, 0.05 * side, -0.82, 0.012)
        bar(0.1 * side, -0.9, 0.1 * side, -0.83, 0.012)
        for (y, reach) in [(-0.76, 0.06), (-0.69, 0.075), (-0.62, 0.07), (-0.56, 0.05)]
          as [(Float, Float)]
        {
          bar(0.21 * side, y, (0.205 - reach) * side, y + 0.012, 0.013)
        }
      }
      bar(0, -0.91, 0, -0.82, 0.012)
    case .spots:
      for side in [-1, 1] as [Float] {
        for (x, y) in [(0.03, -0.86), (0.09, -0.85), (0.06, -0.81), (0.15, -0.7), (0.14, -0.63)]
          as [(Float, Float)]
        {
          marks.append(Shape.ellipse(Point(x * side, y), Point(0.013, 0.011)))
        }
        bar(0.055 * side, -0.73, 0.05 * side, -0.63, 0.008)
      }
    default: return
    }
    mark(marks, black)
  }

  mutating func drawBearFace(_ coat: Surface, _ light: Surface, asleep: Bool) {
    let dark = Surface.flat(0x18_12_10)
    bothSides {
      $0.ellipse(0.155 * $1, -0.93, 0.07, 0.068, coat)
      $0.ellipse(0.155 * $1, -0.925, 0.04, 0.038, light, outlined: false)
    }
    smooth(
      [
        (0, -0.97), (0.13, -0.94), (0.21, -0.82), (0.2, -0.7), (0.12, -0.61), (0, -0.58),
        (-0.12, -0.61), (-0.2, -0.7), (-0.21, -0.82), (-0.13, -0.94),
      ], coat)
    ellipse(0, -0.7, 0.1, 0.085, light)
    smooth([(-0.045, -0.76), (0.045, -0.76), (0.03, -0.72), (0, -0.705), (-0.03, -0.72)], dark)
    bothSides {
      $0.limb(
        [(0, -0.705, 0.004), (0.02 * $1, -0.665, 0.006), (0.055 * $1, -0.665, 0.003)], dark,
        outlined: false)
      if asleep {
        $0.drawShutEye(0.085 * $1, -0.81, 0.03, dark)
      } else {
        $0.ellipse(0.085 * $1, -0.815, 0.022, 0.024, dark, outlined: false)
        $0.ellipse(
          0.085 * $1 + 0.007, -0.823, 0.007, 0.007, .glowing(Colour(0xFF_FF_FF), 0.7),
          outlined: false)
      }
    }
  }
}
