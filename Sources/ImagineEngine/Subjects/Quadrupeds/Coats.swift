/// The markings of four-legged animals, painted onto their parts.
extension Figure {
  /// A light underside, up to the throat.
  mutating func drawBelly(of animal: Quadruped) {
    let build = animal.build
    let surface: Surface
    switch build.coat {
    case .zebra, .patches: return
    case .plain where build.head == .horse || build.head == .bear: return
    case .tiger, .spots, .fox: surface = animal.white
    case .plain, .tabby, .wolf: surface = animal.second ?? animal.light
    }
    let under = [
      Point(-build.half * 0.7, build.waist * 0.75), Point(0, build.waist * 0.72),
      Point(build.half * 0.7, build.chest * 0.5), Point(build.half + build.chest * 0.75, -0.02),
      Point(build.half + build.chest * 1.2, build.chest * 0.5),
      Point(build.half, build.chest * 1.3),
      Point(0, build.waist * 1.5),
    ]
    mark([Shape.smooth(animal.onTrunk(under))], surface)
  }

  /// The markings of the trunk and the neck.
  mutating func drawCoat(of animal: Quadruped) {
    let build = animal.build
    switch build.coat {
    case .plain, .fox: break
    case .tabby, .tiger, .zebra: if let stripes = animal.stripes { drawStripes(animal, stripes) }
    case .spots: drawSpots(animal)
    case .patches: drawPatches(animal)
    case .wolf:
      let saddle: [Point] = [
        Point(-build.half - 0.1, -build.rump * 1.3), Point(build.half + 0.1, -build.chest * 1.4),
        Point(build.half * 0.8, -build.chest * 0.45), Point(0, -build.waist * 0.1),
        Point(-build.half, -build.rump * 0.3),
      ]
      mark([Shape.smooth(animal.onTrunk(saddle))], animal.coat.darker(0.6))
    }
  }

  /// The markings of a leg.
  mutating func drawCoat(of animal: Quadruped, on leg: Quadruped.Leg, isFolded: Bool) {
    if animal.build.coat == .fox {
      let (knee, foot) = (leg.joints[2], leg.joints[3])
      let middle = (knee + foot) * 0.5
      mark(
        [
          Shape.limb([(knee.x, knee.y, 0.004), (middle.x, middle.y, 0.06), (foot.x, foot.y, 0.09)])
        ],
        .plain(0x2A_1C_18))
    }
    if animal.build.coat == .spots {
      mark(
        (0..<18).map { spot in
          let (row, column) = (Float(spot / 3), Float(spot % 3 - 1))
          let slip = Float(spot / 3 % 2) * 0.02
          if isFolded {
            return Shape.ellipse(
              leg.joints[0] + Point(column * 0.065 + slip, row * 0.045 - 0.06), Point(0.017, 0.014))
          }
          let t = row * 0.4
          let bone = Int(t)
          let at = leg.joints[bone] + (leg.joints[bone + 1] - leg.joints[bone]) * (t - Float(bone))
          let aside = column * (0.05 - t * 0.01) + slip
          return Shape.ellipse(at + Point(aside, 0), Point(0.017, 0.014))
        }, .plain(0x38_22_14))
    }
    guard let stripes = animal.stripes else { return }
    let width = stripes.width
    mark(
      (0..<3).map { ring in
        if isFolded {
          let x = leg.joints[0].x + (Float(ring) - 0.8) * 0.075
          let y = leg.joints[0].y - animal.build.rump
          return Shape.limb([(x - 0.02, y, width * 0.8), (x, y + 0.24, width * 0.15)])
        }
        let t = (0.42 + Float(ring) * 0.24) * 2.99
        let bone = Int(t)
        let along = leg.joints[bone + 1] - leg.joints[bone]
        let at = leg.joints[bone] + along * (t - Float(bone))
        let length = max((along * along).sum().squareRoot(), 0.01)
        let across = Point(-along.y, along.x) / length * animal.build.thigh
        let (a, b) = (at - across, at + across * 0.3)
        return Shape.limb([(a.x, a.y, width * 0.6), (b.x, b.y, width * 0.1)])
      }, stripes.surface)
  }

  /// Stripes down the flanks and around the legs, each with its own bend.
  private mutating func drawStripes(_ animal: Quadruped, _ stripes: Quadruped.Stripes) {
    let build = animal.build
    let width = stripes.width
    var bars: [[Point]] = []
    let from = -build.half - build.rump * 0.7
    let span = build.half * 2 + build.rump * 0.7 + build.chest * 0.7
    for index in 0..<stripes.count {
      let x = from + span * (Float(index) + 0.3 + stream.unit() * 0.4) / Float(stripes.count)
      let bend = stream.within(-0.035...0.035)
      let deep = build.waist * stream.within(0.1...0.6)
      let top = -max(build.rump, build.chest) * 1.1
      func joint(_ dx: Float, _ y: Float, _ radius: Float) -> (x: Float, y: Float, radius: Float) {
        let point = animal.onTrunk(x + dx, y)
        return (point.x, point.y, radius)
      }
      bars.append(
        Shape.limb([
          joint(-bend, top, width), joint(bend, top * 0.4, width * 0.8),
          joint(-bend * 0.5, deep, width * 0.12),
        ]))
      if index % 2 == 1 {
        bars.append(
          Shape.limb([
            joint(width, build.waist * 1.3, width * 0.8),
            joint(width + bend, build.waist * 0.35, width * 0.1),
          ]))
      }
    }
    // Across the neck, from the nape down.
    let (low, high) = (animal.onTrunk(build.half, -build.chest * 0.4), animal.headJoint)
    let along = high - low
    let length = max((along * along).sum().squareRoot(), 0.01)
    let nape = Point(along.y, -along.x) / length * build.throat
    for ring in 0..<(build.coat == .zebra ? 4 : 2) {
      let at = low + along * (0.35 + 0.2 * Float(ring))
      let (a, b) = (at + nape * 1.1, at - nape * 0.35)
      bars.append(Shape.limb([(a.x, a.y, width * 0.8), (b.x, b.y, width * 0.12)]))
    }
    mark(bars, stripes.surface)
  }

  /// Bars around a tail.
  mutating func drawRings(_ animal: Quadruped, _ places: [Point], _ width: Float) {
    mark(
      places.map {
        Shape.limb([
          ($0.x - width * 1.5, $0.y - width, width * 0.5),
          ($0.x + width, $0.y + width, width * 0.5),
        ])
      }, .plain(0x1C_14_12))
  }

  private mutating func drawSpots(_ animal: Quadruped) {
    let build = animal.build
    var spots: [[Point]] = []
    for row in 0..<6 {
      for column in 0..<16 {
        let x = -build.half - build.rump + Float(column) * (build.half * 2 + 0.34) / 15
        let y = -build.chest + Float(row) * build.chest * 0.36
        let at = animal.onTrunk(
          x + (row % 2 == 0 ? 0 : 0.03) + stream.within(-0.01...0.01),
          y + stream.within(-0.012...0.012))
        spots.append(Shape.ellipse(at, Point(0.02, 0.016) * stream.within(0.75...1.2)))
      }
    }
    mark(spots, .plain(0x38_22_14))
  }

  /// The large patches of cattle, and the udder.
  private mutating func drawPatches(_ animal: Quadruped) {
    let build = animal.build
    var patches: [[Point]] = []
    for (x, y, width, height) in [
      (-0.46, -0.1, 0.2, 0.18), (-0.02, -0.16, 0.22, 0.15), (0.38, -0.02, 0.17, 0.2),
      (-0.2, 0.14, 0.09, 0.07), (0.13, 0.1, 0.07, 0.06),
    ] as [(Float, Float, Float, Float)] {
      let at = Point(x + stream.within(-0.05...0.05), y + stream.within(-0.03...0.03))
      patches.append(
        animal.onTrunk(
          Shape.blob(at, Point(width, height) * stream.within(0.85...1.1), roughness: 0.16, &stream)
        ))
    }
    mark(patches, animal.patch)
    if animal.posture.foldsHind { return }
    let pink = Surface(colour: Colour(0xE4_A8_A0), round: 1)
    let bag = animal.onTrunk(-build.half * 0.52, build.waist * 1.02)
    ellipse(bag.x, bag.y, 0.1, 0.068, pink)
    for x in [-0.045, 0.04] as [Float] {
      limb([(bag.x + x, bag.y + 0.05, 0.016), (bag.x + x, bag.y + 0.095, 0.011)], pink)
    }
  }

  /// The markings that show on a curled-up back.
  mutating func drawCurledCoat(_ animal: Quadruped) {
    switch animal.build.coat {
    case .tabby:
      mark(
        (0..<6).map { index in
          let x = -0.36 + Float(index) * 0.13
          return Shape.limb([
            (x, -0.48, 0.016), (x + 0.03, -0.34, 0.014), (x + 0.01, -0.24, 0.003),
          ])
        }, animal.coat.darker(0.55))
    case .wolf:
      mark([Shape.ellipse(Point(0, -0.46), Point(0.5, 0.16))], animal.coat.darker(0.6))
    default: break
    }
  }
}

extension Quadruped {
  /// The stripes of a coat: how many on a side, and half their width.
  struct Stripes: Sendable {
    var count: Int
    var width: Float
    var surface: Surface
  }

  var stripes: Stripes? {
    switch build.coat {
    case .tabby: Stripes(count: 7, width: 0.014, surface: coat.darker(0.55))
    case .tiger: Stripes(count: 11, width: 0.024, surface: second ?? .plain(0x1C_14_12))
    case .zebra: Stripes(count: 13, width: 0.03, surface: .plain(0x20_1C_1C))
    case .plain, .spots, .patches, .fox, .wolf: nil
    }
  }
}
