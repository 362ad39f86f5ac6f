/// Moves the subjects just placed to fit a relation between them: "a cat on a sofa", "a dog in a
/// boat", "a knight in front of a castle".
struct RelationLayout {
  private let mentions: [ParsedPrompt.Mention]
  private let index: Int
  private let aspect: Float
  private let lower: SubjectKind
  private let relation: Relation
  /// The mentions that this relation moves: the one before it, and those joined to that by "and".
  private let riders: Range<Int>
  private let isAlone: Bool

  /// The relation between a mention and those before it; `apply` does nothing when the prompt names
  /// none.
  init(mentions: [ParsedPrompt.Mention], at index: Int, aspect: Float) {
    self.mentions = mentions
    self.index = index
    self.aspect = aspect
    lower = mentions[index].subject
    relation = mentions[index].relation ?? .with
    // "A dog and a cat on a sofa": both sit on it.
    var first = max(index - 1, 0)
    while first > 0, mentions[first].relation == .and, mentions[first - 1].subject.canBeCarried {
      first -= 1
    }
    riders = first..<index
    isAlone = mentions.count == riders.count + 1
  }

  func apply(_ groups: inout [[Scene.Placement]]) {
    guard index > 0, let support = groups[index].first else { return }
    let upper = mentions[index - 1].subject
    switch relation {
    case .on:
      if let seat = lower.supportHeight, upper.canBeCarried { stack(&groups, support, seat) }
    case .within:
      if lower == .boat || lower == .car, upper.canBeCarried { board(&groups, support) }
    case .below: gather(&groups, support, aside: 0.1)
    case .before: gather(&groups, support, aside: 0.28)
    case .with:
      if lower == .toyBalloon { hand(&groups, height: 0.95, lift: 0.5) }
      if lower == .bouquet, upper == .person { hand(&groups, height: 0.34, lift: 0.42) }
    case .behind, .above, .beside, .and: break
    }
  }

  /// Changes each rider; `spread` is its position from one side (-0.5) to the other (0.5).
  private func eachRider(
    _ groups: inout [[Scene.Placement]],
    _ change: (inout Scene.Placement, _ spread: Float, _ count: Int) -> Void
  ) {
    let count = riders.reduce(0) { $0 + groups[$1].count }
    var position = 0
    for group in riders {
      for member in groups[group].indices {
        change(
          &groups[group][member], count > 1 ? Float(position) / Float(count - 1) - 0.5 : 0, count)
        groups[group][member].standsOnGround = false
        position += 1
      }
    }
  }

  /// Places the riders side by side on top of their support.
  private func stack(
    _ groups: inout [[Scene.Placement]], _ given: Scene.Placement, _ seat: Float
  ) {
    var support = given
    if isAlone {
      support.foot.x = min(max(support.foot.x, -0.06), 0.06) * aspect
      let widest = 0.9 * aspect / lower.usualWidth
      let growth: Float = lower.isFurniture ? 1.35 : (lower.isScenery ? 1.6 : 1)
      support.height = min(widest, support.height * growth, support.foot.y * 0.8)
    }
    groups[index][0] = support
    let room = support.height * lower.usualWidth * lower.supportWidth
    eachRider(&groups) { rider, spread, count in
      // At its true size a cat on a roof would be a dot.
      let ratio = max(rider.kind.relativeHeight / lower.relativeHeight, 0.28)
      rider.height = min(
        support.height * ratio, rider.height * 1.3,
        count > 1 ? room / Float(count) / rider.kind.usualWidth * 1.3 : .infinity)
      rider.foot = Point(
        support.foot.x + spread * room * (1 - 1 / Float(count + 1)),
        support.foot.y - support.height * seat)
      rider.distance = support.distance - 0.01
      let perches = rider.kind == .bird || rider.kind == .butterfly
      if perches || rider.kind == .person && lower.isSatOn { rider.pose = .sitting }
      if rider.kind == .person, lower.isMount {
        rider.pose = .riding
        rider.facing = support.facing
      }
    }
  }

  /// Places the riders in a boat or a car, whose side hides their feet.
  private func board(_ groups: inout [[Scene.Placement]], _ given: Scene.Placement) {
    var support = given
    let isBoat = lower == .boat
    support.height *= isBoat ? 1.15 : 1.4
    if isBoat { support.pose = .sitting }
    groups[index][0] = support
    eachRider(&groups) { rider, spread, count in
      let isPerson = rider.kind == .person
      rider.height =
        support.height * (isBoat ? 0.62 : 0.8) * (isPerson ? 1.25 : 1) * (count > 2 ? 0.7 : 1)
      rider.foot = Point(
        support.foot.x + spread * support.height * 0.7,
        support.foot.y - support.height * ((isBoat ? 0.02 : 0.3) + (isPerson ? 0.16 : 0)))
      rider.distance = support.distance + 0.01
      if isPerson { rider.pose = .sitting }
      if isBoat {
        rider.features.insert(.afloat)
        rider.facing = support.facing
      }
    }
  }

  /// Moves the riders in front of the support, a little to its side.
  private func gather(
    _ groups: inout [[Scene.Placement]], _ thing: Scene.Placement, aside: Float
  ) {
    guard thing.standsOnGround, groups[index - 1].allSatisfy(\.standsOnGround) else { return }
    var thing = thing
    if isAlone { thing.foot.x *= 0.3 }
    let middle =
      groups[index - 1].reduce(0) { $0 + $1.foot.x } / Float(max(groups[index - 1].count, 1))
    let shift = thing.foot.x + aside * thing.height * thing.facing - middle
    for member in groups[index - 1].indices { groups[index - 1][member].foot.x += shift }
    // A tree above somebody must be taller than that person.
    if relation == .below, let tallest = groups[index - 1].map(\.height).max() {
      thing.height = max(thing.height, min(tallest * 1.7, thing.foot.y * 0.92))
    }
    groups[index][0] = thing
  }

  /// Puts a thing into the hand of the person named before it; `height` and `lift` are fractions of
  /// the holder's height.
  private func hand(_ groups: inout [[Scene.Placement]], height: Float, lift: Float) {
    guard let holder = groups[index - 1].first else { return }
    for member in groups[index].indices {
      let spread = Float(member) - Float(groups[index].count - 1) * 0.5
      groups[index][member].height = holder.height * height
      groups[index][member].foot = Point(
        holder.foot.x + holder.facing * holder.height * 0.14 + spread * 0.01,
        holder.foot.y - holder.height * lift)
      groups[index][member].distance = holder.distance - 0.01
      groups[index][member].standsOnGround = false
      groups[index][member].facing = spread < 0 ? -holder.facing : holder.facing
    }
  }
}
