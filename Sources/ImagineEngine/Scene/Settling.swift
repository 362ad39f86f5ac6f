extension Reading {
  /// Decides what the place of a picture makes of what was named.
  mutating func settle() {
    settleVase()
    settleBalloon()
    settleTable()
    settleSwimmers()
  }

  /// "A cup on a marble table" is a still life: the table is its stage. What is too large for
  /// that stands on or at a table in a room.
  private mutating func settleTable() {
    guard let index = mentions.firstIndex(where: { $0.subject == .table }) else { return }
    let isStillLife = mentions.allSatisfy { $0.subject == .table || $0.subject.isSmall }
    if place == nil { place = isStillLife ? .studio : .interior }
    guard place == .studio else { return }
    let table = mentions.remove(at: index)
    materials.append(table.material ?? .wood)
    placeColours += table.colours
  }

  /// Flowers are in the vase that is named with them.
  private mutating func settleVase() {
    guard let vase = mentions.firstIndex(where: { $0.subject == .vase }),
      let flower = mentions.firstIndex(where: { $0.subject == .flower })
    else { return }
    mentions[vase].bloom = mentions[flower].colours.first
    mentions.remove(at: flower)
  }

  /// A balloon that somebody holds is a toy.
  private mutating func settleBalloon() {
    guard let balloon = mentions.firstIndex(where: { $0.subject == .balloon }), balloon > 0,
      mentions[balloon].relation == .with
    else { return }
    mentions[balloon].subject = .toyBalloon
  }

  /// What swims alone is seen under water, unless it leaps.
  private mutating func settleSwimmers() {
    guard let first = mentions.first, first.subject.swims else { return }
    let areAllSwimmers = mentions.allSatisfy { $0.subject.swims }
    if place == nil { place = features.contains(.leap) ? .sea : .underwater }
    guard place?.isWater == true else { return }
    if areAllSwimmers, !features.contains(.leap), first.subject != .dolphin, place != .lake {
      place = .underwater
    } else {
      features.insert(.leap)
    }
  }
}

extension SubjectKind {
  /// Whether it lives in water.
  var swims: Bool {
    switch self {
    case .fish, .whale, .dolphin, .shark, .turtle, .jellyfish: true
    default: false
    }
  }

  /// Where it is seen when nothing else is said, whatever stands beside it; nil for what may be
  /// anywhere.
  var ownPlace: Place? {
    switch self {
    case .boat, .lighthouse: .sea
    case .fish, .whale, .dolphin, .shark, .turtle, .jellyfish: .underwater
    case .car, .lamp: .street
    case .rocket: .space
    case .bottle, .cup, .fruit, .pizza, .cake, .vase: .studio
    case .palm: .coast
    case .conifer: .mountains
    case .cactus, .camel: .desert
    case .sofa, .armchair, .bed, .table: .interior
    default: nil
    }
  }
}
