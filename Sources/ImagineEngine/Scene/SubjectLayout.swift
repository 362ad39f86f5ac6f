/// Places the subjects of a parsed prompt in a scene.
struct SubjectLayout {
  let parsed: ParsedPrompt
  let aspect: Float
  let stream: RandomStream
  private let mentions: [ParsedPrompt.Mention]
  /// The height of each mention, before the place and the camera change it.
  private let heights: [Float]

  init(parsed: ParsedPrompt, aspect: Float, stream: RandomStream) {
    self.parsed = parsed
    self.aspect = aspect
    self.stream = stream
    mentions = Array(parsed.mentions.filter { $0.subject != .mountain }.prefix(5))
    heights = Self.heights(of: mentions)
  }

  func subjects(of scene: Scene) -> [Scene.Placement] {
    var chance = stream.split("staging")
    var groups: [[Scene.Placement]] = []
    for (index, mention) in mentions.enumerated() {
      let middle = groupMiddle(index, of: mentions.count, &chance)
      if mention.subject == .flower, mention.count >= 3, scene.place == .meadow {
        groups.append(field(mention, in: scene, &chance))
        continue
      }
      let count = min(mention.count, mention.subject.isScenery ? 9 : 7)
      groups.append(
        (0..<count).map { member in
          placement(index, member: member, of: count, middle: middle, in: scene, &chance)
        })
      RelationLayout(mentions: mentions, at: index, aspect: aspect).apply(&groups)
    }
    // NamedColour distant subjects first.
    return groups.joined().enumerated().sorted {
      ($0.element.distance, $1.offset) > ($1.element.distance, $0.offset)
    }.map(\.element)
  }

  /// Actors that stand together keep their relative heights, with small ones enlarged a little.
  /// ScaledPainting stands farther away and keeps its usual height.
  private static func heights(of mentions: [ParsedPrompt.Mention]) -> [Float] {
    var unit = Float.infinity
    for mention in mentions where mention.subject.isActor {
      unit = min(unit, mention.subject.usualHeight / mention.subject.relativeHeight)
    }
    return mentions.map { mention in
      let kind = mention.subject
      let isAmongOthers = mentions.count > 1 && kind.isActor
      return (isAmongOthers ? unit * kind.relativeHeight : kind.usualHeight) * mention.size
    }
  }

  /// Flowers all over a meadow, the near ones large.
  private func field(
    _ mention: ParsedPrompt.Mention, in scene: Scene, _ chance: inout RandomStream
  ) -> [Scene.Placement] {
    (0..<26).map { index in
      let near = (Float(index) + chance.unit()) / 26
      let depth = 0.07 + near * near * (0.96 - scene.horizon)
      return Scene.Placement(
        kind: .flower, foot: Point(chance.within(-0.54...0.54) * aspect, scene.horizon + depth),
        height: (0.04 + depth * 0.62) * mention.size * chance.within(0.85...1.15),
        colours: mention.colours.map(\.colour), material: mention.material,
        facing: chance.chance(0.5) ? 1 : -1, distance: 0.5 - 0.44 * near, standsOnGround: true,
        features: parsed.features, pose: nil, seed: chance.next())
    }
  }

  private var isPortrait: Bool {
    parsed.cameras.contains(.portrait) || parsed.cameras.contains(.close)
  }

  private func groupMiddle(_ index: Int, of groups: Int, _ chance: inout RandomStream) -> Float {
    if groups == 1 { return chance.within(-0.07...0.07) * aspect }
    let step = 0.62 * aspect / Float(groups)
    // The first subject named stands nearest to the middle.
    let slots: [Float] = [0, 1, -1, 2, -2]
    let shift = groups == 2 ? -0.5 : Float(0)
    return (slots[index] + shift) * step + chance.within(-0.03...0.03) * aspect
  }

  private func height(_ index: Int, of count: Int) -> Float {
    let kind = mentions[index].subject
    var height = heights[index] * min(1, aspect * 1.15)
    if mentions.count > 1 { height *= 0.9 }
    if count > 1 { height *= count > 3 ? 0.55 : 0.75 }
    if parsed.cameras.contains(.close) || parsed.cameras.contains(.macro) { height *= 1.4 }
    if parsed.cameras.contains(.wide) { height *= 0.6 }
    if kind == .person, parsed.features.contains(.child) { height *= 0.72 }
    return height
  }

  private func placement(
    _ index: Int, member: Int, of count: Int, middle: Float, in scene: Scene,
    _ chance: inout RandomStream
  ) -> Scene.Placement {
    let mention = mentions[index]
    let kind = mention.subject
    var height = height(index, of: count)
    var foot = Point(middle, 0)
    if count > 1 {
      let spread = Float(member) / Float(count - 1) - 0.5
      let width = kind.width(mention.pose)
      func most() -> Float { max(0.1, 0.92 * aspect - height * width) }
      let step = height * width * 1.15
      if Float(count - 1) * step > most(), !kind.flies(mention.relation) {
        height *= max(0.6, most() / (Float(count - 1) * step))
      }
      foot.x = middle * 0.5 + spread * min(most(), Float(count - 1) * step)
      foot.x += chance.within(-0.02...0.02)
      height *= chance.within(0.86...1.1)
    }
    var distance: Float = 0.12
    var isGrounded = true
    switch scene.place {
    case .studio:
      height *= kind.isSmall ? 1.1 : 0.95
      foot.y = 0.82 + chance.within(-0.01...0.03)
      distance = 0
    case .interior:
      foot.y = 0.88 + chance.within(-0.02...0.02)
      distance = 0.05
    case .space:
      foot.y = 0.5 + height * 0.5
      isGrounded = false
      distance = 0
    case .underwater:
      isGrounded = !kind.swims && kind != .person && kind != .boat
      foot.y =
        isGrounded
        ? scene.horizon + chance.within(0.1...0.18)
        : 0.46 + height * 0.5 + chance.within(-0.06...0.06)
      if count > 1, !isGrounded { foot.y += chance.within(-0.2...0.16) }
      distance = kind.isScenery ? 0.4 : 0.1
    case .sea where kind.isAfloat, .lake where kind.isAfloat, .coast where kind.isAfloat:
      let depth = chance.within(0.14...0.22) - (count > 1 ? chance.within(0...0.08) : 0)
      foot.y = scene.horizon + depth
      distance = 0.2
      isGrounded = false
    case .skyline:
      foot.y = chance.within(0.95...0.97)
    case .coast where scene.hasSurf:
      foot.y = chance.within(0.9...0.94)
    default:
      let depth = kind.isScenery ? chance.within(0.12...0.22) : chance.within(0.26...0.34)
      foot.y = min(0.94, scene.horizon + depth + (count > 1 ? chance.within(-0.05...0.03) : 0))
      distance = kind.isScenery ? 0.3 : 0.12
    }
    if scene.place == .coast, !scene.hasSurf, isGrounded, !kind.isScenery {
      // Keep to the dry side of the shore.
      foot.x = foot.x * 0.85 + (scene.sunDirection.x > 0 ? -0.24 : 0.24) * aspect
      foot.y = max(foot.y, 0.84)
    }
    if kind == .branch {
      foot = Point(0, 0.6)
      isGrounded = false
    }
    if kind.flies(mention.relation), scene.place != .studio, scene.place != .space {
      foot.y = scene.horizon * chance.within(0.42...0.8)
      if count > 1 { foot.y = scene.horizon * chance.within(0.3...0.9) }
      isGrounded = false
      distance = 0.2
    }
    let limit = scene.place == .studio ? 0.8 : foot.y - 0.03
    height = min(height, max(limit, 0.2))
    if kind == .person || kind == .robot, isPortrait, count == 1 {
      // Head and shoulders: the rest lies below the image's edge.
      height = 2.5 * min(1, aspect * 1.05)
      foot.y = 0.13 + height
      isGrounded = false
    }
    if kind.build != nil {
      // Keep the whole animal, from nose to tail, in the image.
      let width = kind.width(mention.pose)
      height = min(height, 0.94 * aspect / width)
      let most = max(0, 0.5 * aspect - height * width * 0.5)
      foot.x = min(max(foot.x, -most), most)
    }
    var colours = mention.colours.map(\.colour)
    if !mention.blooms.isEmpty {
      colours = [colours.first ?? NamedColour.white.colour] + mention.blooms.map(\.colour)
    }
    var features = parsed.features
    if count > 1, features.contains(.woman), features.contains(.man) {
      // "A man and a woman": make one of each.
      features.remove(member % 2 == 0 ? .woman : .man)
    }
    return Scene.Placement(
      kind: kind, foot: foot, height: height, colours: colours,
      material: mention.material, facing: chance.chance(0.5) ? 1 : -1, distance: distance,
      standsOnGround: isGrounded, features: features, pose: mention.pose, seed: chance.next())
  }
}
