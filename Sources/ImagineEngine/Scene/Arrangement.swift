/// How what was just placed stands to what was named before it: "a cat on a sofa", "a dog in a
/// boat", "a knight in front of a castle".
struct Arrangement {
  private let relation: Relation
  private let lower: SubjectKind
  private let upper: SubjectKind
  private let index: Int
  private let aspect: Float
  private let isAlone: Bool

  /// The arrangement of a mention and the one before it; does nothing where none is named.
  init(mentions: [Reading.Mention], at index: Int, aspect: Float) {
    relation = mentions[index].relation ?? .with
    lower = mentions[index].subject
    upper = mentions[max(index - 1, 0)].subject
    self.index = index
    self.aspect = aspect
    isAlone = mentions.count == 2
  }

  func apply(_ groups: inout [[Scene.Placement]], in scene: Scene) {
    guard index > 0, let support = groups[index].first else { return }
    switch relation {
    case .on:
      if let seat = lower.standingHeight, upper.canBeCarried { stack(&groups, support, seat) }
    case .within:
      if lower == .boat || lower == .car, upper.canBeCarried { board(&groups, support, scene) }
    case .below: gather(&groups, support, aside: 0.1)
    case .before: gather(&groups, support, aside: 0.28)
    case .with: if lower == .toyBalloon { hand(&groups) }
    case .behind, .above, .beside: break
    }
  }

  /// Sets the upper ones side by side on top of their support.
  private func stack(
    _ groups: inout [[Scene.Placement]], _ support: Scene.Placement, _ seat: Float
  ) {
    var support = support
    if isAlone {
      support.foot.x = min(max(support.foot.x, -0.06), 0.06) * aspect
      let widest = 0.9 * aspect / lower.usualWidth
      let growth: Float = lower.isFurniture ? 1.35 : (lower.isScenery ? 1.6 : 1)
      support.height = min(widest, support.height * growth, support.foot.y * 0.8)
    }
    let count = groups[index - 1].count
    // A cat on a roof would be a dot.
    let ratio = max(upper.stature / lower.stature, 0.28)
    for member in groups[index - 1].indices {
      let spread = count > 1 ? Float(member) / Float(count - 1) - 0.5 : 0
      let room = support.height * lower.usualWidth * lower.roomAcross
      groups[index - 1][member].height = min(
        support.height * ratio, groups[index - 1][member].height * 1.3,
        count > 1 ? room / Float(count) / upper.usualWidth * 1.3 : .infinity)
      groups[index - 1][member].foot = Point(
        support.foot.x + spread * room * (1 - 1 / Float(count + 1)),
        support.foot.y - support.height * seat)
      groups[index - 1][member].standsOnGround = false
      groups[index - 1][member].distance = support.distance - 0.01
      if upper == .bird || upper == .butterfly {
        groups[index - 1][member].features.insert(.sitting)
      }
      if upper == .person, lower.isSatOn {
        groups[index - 1][member].features.insert(.sitting)
      }
    }
    groups[index][0] = support
  }

  /// Sets them into a boat or a car: its side hides their feet.
  private func board(
    _ groups: inout [[Scene.Placement]], _ support: Scene.Placement, _ scene: Scene
  ) {
    var support = support
    let isBoat = lower == .boat
    support.height *= isBoat ? 1.15 : 1.4
    if isBoat { support.features.insert(.sitting) }
    let count = groups[index - 1].count
    for member in groups[index - 1].indices {
      let spread = count > 1 ? Float(member) / Float(count - 1) - 0.5 : 0
      groups[index - 1][member].height =
        support.height * (isBoat ? 0.62 : 0.8) * (upper == .person ? 1.25 : 1)
        * (count > 2 ? 0.7 : 1)
      groups[index - 1][member].foot = Point(
        support.foot.x + spread * support.height * 0.7,
        support.foot.y - support.height * (isBoat ? 0.02 : 0.3)
          + (upper == .person ? support.height * 0.2 : 0))
      groups[index - 1][member].standsOnGround = false
      groups[index - 1][member].distance = support.distance + 0.01
      if isBoat {
        groups[index - 1][member].features.insert(.afloat)
        groups[index - 1][member].facing = support.facing
      }
    }
    groups[index][0] = support
  }

  /// Moves them in front of the thing, a little to its side.
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
    // A tree over somebody is higher than he is.
    if relation == .below, let tallest = groups[index - 1].map(\.height).max() {
      thing.height = max(thing.height, min(tallest * 1.7, thing.foot.y * 0.92))
    }
    groups[index][0] = thing
  }

  /// Gives a toy into the hand of who was named before.
  private func hand(_ groups: inout [[Scene.Placement]]) {
    guard let holder = groups[index - 1].first else { return }
    for member in groups[index].indices {
      let spread = Float(member) - Float(groups[index].count - 1) * 0.5
      groups[index][member].height = holder.height * 0.95
      groups[index][member].foot = Point(
        holder.foot.x + holder.facing * holder.height * 0.14 + spread * 0.01,
        holder.foot.y - holder.height * 0.5)
      groups[index][member].distance = holder.distance - 0.01
      groups[index][member].standsOnGround = false
      groups[index][member].facing = spread < 0 ? -holder.facing : holder.facing
    }
  }
}
