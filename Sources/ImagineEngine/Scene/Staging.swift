/// Puts the subjects of a reading on the stage that its place is.
struct Staging {
  let reading: Reading
  let aspect: Float
  let stream: RandomStream

  func subjects(of scene: Scene) -> [Scene.Placement] {
    var chance = stream.split("staging")
    var placed: [Scene.Placement] = []
    let mentions = reading.mentions.filter { $0.subject != .mountain }.prefix(5)
    let groups = mentions.count
    for (index, mention) in mentions.enumerated() {
      let middle = groupMiddle(index, of: groups, &chance)
      let count = min(mention.count, mention.subject.isScenery ? 9 : 7)
      for member in 0..<count {
        placed.append(
          placement(
            mention, member: member, of: count, middle: middle, groups: groups, in: scene, &chance))
      }
      stack(mention, at: index, mentions: Array(mentions), &placed)
    }
    // What is farther away is painted first.
    return placed.enumerated().sorted {
      ($0.element.distance, $1.offset) > ($1.element.distance, $0.offset)
    }.map(\.element)
  }

  /// "A cat on a car": what was named before stands on top of what is named now.
  private func stack(
    _ mention: Reading.Mention, at index: Int, mentions: [Reading.Mention],
    _ placed: inout [Scene.Placement]
  ) {
    guard mention.relation == .on || mention.relation == .within, index > 0,
      let top = mention.subject.standingHeight,
      let support = placed.last, mentions[index - 1].subject.canStandOn(mention.subject)
    else { return }
    let rider = mentions[index - 1].subject
    for place in placed.indices where placed[place].kind == rider {
      placed[place].height = min(placed[place].height, support.height * 0.8)
      placed[place].foot = Point(
        support.foot.x + (Float(place) - 0.2) * 0.02, support.foot.y - support.height * top)
      placed[place].standsOnGround = false
      placed[place].distance = support.distance - 0.01
    }
  }

  private var isPortrait: Bool {
    reading.cameras.contains(.portrait) || reading.cameras.contains(.close)
  }

  private func groupMiddle(_ index: Int, of groups: Int, _ chance: inout RandomStream) -> Float {
    if groups == 1 { return chance.within(-0.07...0.07) * aspect }
    let step = 0.62 * aspect / Float(groups)
    // The first named stands nearest to the middle.
    let slots: [Float] = [0, 1, -1, 2, -2]
    let shift = groups == 2 ? -0.5 : Float(0)
    return (slots[index] + shift) * step + chance.within(-0.03...0.03) * aspect
  }

  private func placement(
    _ mention: Reading.Mention, member: Int, of count: Int, middle: Float, groups: Int,
    in scene: Scene, _ chance: inout RandomStream
  ) -> Scene.Placement {
    let kind = mention.subject
    var height = kind.usualHeight * mention.size * min(1, aspect * 1.15)
    if groups > 1 { height *= 0.82 }
    if count > 1 { height *= count > 3 ? 0.5 : 0.7 }
    if reading.cameras.contains(.close) || reading.cameras.contains(.macro) { height *= 1.4 }
    if reading.cameras.contains(.wide) { height *= 0.6 }
    if kind == .person, reading.features.contains(.child) { height *= 0.7 }
    var foot = Point(middle, 0)
    if count > 1 {
      let spread = Float(member) / Float(count - 1) - 0.5
      foot.x += spread * min(0.78 * aspect, Float(count) * height * kind.usualWidth * 1.25)
      foot.x += chance.within(-0.02...0.02)
      height *= chance.within(0.82...1.1)
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
    case .sea where kind == .boat || kind == .fish, .lake where kind == .boat || kind == .fish:
      let depth = chance.within(0.14...0.26) - (count > 1 ? chance.within(0...0.08) : 0)
      foot.y = scene.horizon + depth
      distance = 0.2
      isGrounded = false
    case .skyline:
      foot.y = chance.within(0.95...0.97)
    default:
      let depth = kind.isScenery ? chance.within(0.12...0.22) : chance.within(0.26...0.34)
      foot.y = min(0.94, scene.horizon + depth + (count > 1 ? chance.within(-0.05...0.03) : 0))
      distance = kind.isScenery ? 0.3 : 0.12
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
      // Head and shoulders: the rest lies below the picture's edge.
      height = 2.5 * min(1, aspect * 1.05)
      foot.y = 0.13 + height
      isGrounded = false
    }
    return Scene.Placement(
      kind: kind, foot: foot, height: height, colours: mention.colours.map(\.colour),
      material: mention.material, facing: chance.chance(0.5) ? 1 : -1, distance: distance,
      standsOnGround: isGrounded, features: reading.features, seed: chance.next())
  }
}

extension SubjectKind {
  /// Of a main subject, as a part of the picture's height.
  var usualHeight: Float {
    switch self {
    case .person, .robot: 0.52
    case .cat: 0.40
    case .dog: 0.42
    case .bird: 0.17
    case .tree: 0.62
    case .conifer, .palm: 0.60
    case .flower: 0.46
    case .house: 0.34
    case .castle: 0.46
    case .car: 0.21
    case .boat: 0.38
    case .rocket: 0.66
    case .bottle: 0.56
    case .cup: 0.34
    case .fruit: 0.32
    case .lighthouse: 0.56
    case .fish: 0.22
    case .horse: 0.46
    case .balloon: 0.42
    case .lamp: 0.56
    case .mountain: 0.4
    }
  }

  /// Width to height.
  var usualWidth: Float {
    switch self {
    case .car: 2.2
    case .bird, .fish, .horse, .castle: 1.3
    case .house, .cup, .boat, .dog: 1.1
    case .person, .robot, .bottle, .lighthouse, .lamp, .rocket: 0.45
    default: 0.8
    }
  }

  /// Whether it is part of a landscape more than an actor in it.
  var isScenery: Bool {
    switch self {
    case .tree, .conifer, .palm, .house, .castle, .lighthouse, .mountain: true
    default: false
    }
  }

  var isSmall: Bool {
    switch self {
    case .bottle, .cup, .fruit, .flower, .bird, .fish: true
    default: false
    }
  }

  /// How high its top lies on which something can stand, as a part of its height.
  var standingHeight: Float? {
    switch self {
    case .car: 0.94
    case .house: 0.97
    case .boat: 0.3
    case .horse: 0.6
    case .castle: 0.62
    default: nil
    }
  }

  func canStandOn(_ support: SubjectKind) -> Bool {
    switch self {
    case .person, .cat, .dog, .bird, .robot: true
    default: false
    }
  }

  func flies(_ relation: Relation?) -> Bool {
    switch self {
    case .bird, .balloon: relation != .on
    case .rocket: true
    default: false
    }
  }
}
