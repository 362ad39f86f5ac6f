extension ParsedPrompt {
  /// Adjusts the place and the subjects to each other. The order of the rules matters.
  mutating func applySceneRules() {
    combineFlowers()
    recogniseToyBalloon()
    placeTable()
    placeWaterAnimals()
    placeOnShore()
  }

  /// "A cup on a marble table" is a still life: the table becomes its ground. Subjects too large
  /// for that stand on or at a table in a room.
  private mutating func placeTable() {
    guard let index = mentions.firstIndex(where: { $0.subject == .table }) else { return }
    let isStillLife = mentions.allSatisfy { $0.subject == .table || $0.subject.isSmall }
    if place == nil { place = isStillLife ? .studio : .interior }
    guard place == .studio else { return }
    let table = mentions.remove(at: index)
    materials.append(table.material ?? .wood)
    placeColours += table.colours
  }

  /// Flowers go into a vase or bouquet that is named with them; a bouquet goes into its vase.
  private mutating func combineFlowers() {
    let isHeld = mentions(.vase) || mentions(.bouquet)
    guard isHeld else { return }
    if place == .meadow, features.contains(.wildflowers) { place = nil }
    var blooms: [NamedColour] = []
    if let flower = mentions.firstIndex(where: { $0.subject == .flower }) {
      blooms = mentions.remove(at: flower).colours
      // The lexicon gives roses red last; drop it when the prompt names a colour.
      if features.contains(.roses), blooms.count > 1 { blooms.removeLast() }
    }
    guard let bouquet = mentions.firstIndex(where: { $0.subject == .bouquet }) else {
      if let vase = mentions.firstIndex(where: { $0.subject == .vase }) {
        mentions[vase].blooms = blooms
      }
      return
    }
    mentions[bouquet].colours += blooms
    if let vase = mentions.firstIndex(where: { $0.subject == .vase }) {
      mentions[vase].blooms = mentions[bouquet].colours
      mentions[vase].relation = nil
      mentions.remove(at: bouquet)
    }
  }

  /// A balloon that somebody holds is a toy.
  private mutating func recogniseToyBalloon() {
    guard let balloon = mentions.firstIndex(where: { $0.subject == .balloon }), balloon > 0,
      mentions[balloon].relation == .with
    else { return }
    mentions[balloon].subject = .toyBalloon
  }

  /// Water animals alone are shown under water, unless they leap.
  private mutating func placeWaterAnimals() {
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

  /// A subject "by the sea" stands on the beach, not on the water; a lighthouse in the mountains
  /// stands on a cliff by the sea.
  private mutating func placeOnShore() {
    if place == .mountains, mentions(.lighthouse) { place = .coast }
    // A four-legged animal runs on the sand in front of the viewer, not on a bank beside the water.
    if place == .coast, mentions.contains(where: { $0.subject.build != nil }) {
      features.insert(.waves)
    }
    guard place == .sea else { return }
    let isDry = mentions.contains { mention in
      let kind = mention.subject
      return !kind.isAfloat && !kind.flies(mention.relation) && kind.canBeCarried
    }
    let hasBoat = mentions.contains { $0.subject == .boat && $0.relation == .within }
    if isDry, !hasBoat {
      place = .coast
      features.insert(.waves)
    }
  }
}
