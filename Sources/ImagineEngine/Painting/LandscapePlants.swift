/// Plants of a landscape: trees by place and season, painted behind the subjects, and grass and
/// flowers along the lower edge, painted in front of them.
extension Painter {
  func paintForeground(_ canvas: Canvas) {
    switch scene.place {
    case .meadow where scene.season != .winter: paintGrass(canvas)
    default: break
    }
  }

  /// Trees of the landscape, painted before (behind) its subjects.
  func paintScenery(_ canvas: Canvas) {
    var stream = scene.stream.split("scenery")
    let half = Float(canvas.width) / Float(canvas.height) * 0.5
    let kind: SubjectKind
    let count: Int
    switch scene.place {
    case .mountains: (kind, count) = (scene.season == .autumn ? .tree : .conifer, 9)
    case .lake: (kind, count) = (scene.season == .autumn ? .tree : .conifer, 16)
    case .snow: (kind, count) = (.conifer, 11)
    case .meadow: (kind, count) = (.tree, 5)
    case .coast: (kind, count) = (.palm, 5)
    case .desert:
      let isBare = scene.subjects.contains { $0.kind == .camel || $0.kind == .cactus }
      (kind, count) = (!isBare && stream.chance(0.6) ? .cactus : .rock, 6)
    default: return
    }
    let land = Land(self)
    var trees: [Scene.Placement] = []
    for _ in 0..<count {
      var depth = stream.unit()
      depth *= depth
      let side: Float = stream.chance(0.5) ? 1 : -1
      let x = side * half * stream.within(0.42...1.02)
      let near = 1 - depth
      if scene.place == .coast { depth = stream.within(0...0.3) }
      let tallest: Float =
        kind == .palm ? 0.5 : (kind == .cactus ? 0.3 : (kind == .rock ? 0.09 : 0.4))
      let height =
        Elementary.mix(tallest * 0.2, tallest, near * near) * stream.within(0.8...1.15)
      let colours =
        scene.season == .autumn && kind == .tree
        ? [Colour(stream.pick([0xC8_78_28, 0xB8_50_28, 0xD0_A0_38]))]
        : (scene.season == .winter || scene.place == .snow
          ? [Colour(0x6C_84_84)]
          : (scene.features.contains(.petals) && kind == .tree ? [Colour(0xF0_A8_C0)] : []))
      let seed = stream.next()
      guard let foot = land.footing(Point(x, scene.horizon + 0.05 + near * near * 0.26)),
        foot.y > scene.horizon
      else { continue }
      trees.append(
        Scene.Placement(
          kind: kind, foot: foot, height: height,
          colours: colours, material: nil, facing: side, distance: depth * 0.7 + 0.1,
          standsOnGround: true, features: [], seed: seed))
    }
    for tree in trees.sorted(by: { $0.distance > $1.distance }) { paint(tree, canvas) }
  }

  /// Blades of grass and flowers along the lower edge.
  private func paintGrass(_ canvas: Canvas) {
    var stream = scene.stream.split("grass")
    let half = Float(canvas.width) / Float(canvas.height) * 0.5
    let blades = rendering.octaves > 5 ? 520 : 220
    let petals: [UInt32] =
      scene.placeColours.isEmpty || scene.placeColours.first == NamedColour.green.colour
      ? [0xF4_F0_E8, 0xE8_B8_38, 0xD8_58_70, 0x8C_70_C8] : []
    let green: [UInt32] =
      scene.season == .autumn ? [0x8C_70_30, 0xA8_84_38] : [0x3C_70_2C, 0x54_88_38, 0x6C_9C_40]
    var figure = Figure(.scenery(1), time: time)
    for index in 0..<blades {
      let x = stream.within(-half - 0.03...half + 0.03)
      let near = Float(index) / Float(blades)
      let foot = Elementary.mix(0.93, 1.03, near)
      let height = stream.within(0.03...0.085) * (0.5 + near)
      let bend = stream.within(-0.03...0.03) + Elementary.sin(time * 1.7 + x * 9) * 0.006
      let width = 0.0016 + near * 0.0016
      figure.polygon(
        [
          (x - width, foot), (x + bend * 0.4, foot - height * 0.6), (x + bend, foot - height),
          (x + bend * 0.4 + width, foot - height * 0.55), (x + width, foot),
        ],
        Surface(colour: Colour(stream.pick(green)).lit(stream.within(0.55...1.05)), round: 0),
        outlined: false)
      if index % 7 == 0 {
        let colour =
          petals.isEmpty
          ? (scene.placeColours.first ?? Colour(0xFF_FF_FF)) : Colour(stream.pick(petals))
        let size = 0.006 + near * 0.006
        for petal in 0..<5 {
          let angle = Float(petal) * 1.2566
          figure.ellipse(
            x + bend + Elementary.cos(angle) * size,
            foot - height + Elementary.sin(angle) * size * 0.7, size * 0.75, size * 0.55,
            Surface(colour: colour, round: 0.2), outlined: false)
        }
        figure.ellipse(
          x + bend, foot - height, size * 0.5, size * 0.45, .flat(0xE8_B0_30), outlined: false)
      }
    }
    FigureDrawing(
      figure, origin: canvas.pixel(Point(0, 0), 1), scale: canvas.pixels(1, 1), facing: 1,
      painter: self, distance: 0.02
    ).paint(on: canvas)
  }
}

extension Scene.Placement {
  /// A placement for scenery that is drawn as a figure of its own.
  static func scenery(_ seed: UInt64) -> Scene.Placement {
    Scene.Placement(
      kind: .tree, foot: Point(0, 0), height: 1, colours: [], material: nil, facing: 1, distance: 0,
      standsOnGround: false, features: [], seed: seed)
  }
}
