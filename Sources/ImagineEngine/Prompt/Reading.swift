/// What the painter understood of a prompt.
struct Reading: Sendable, Equatable {
  /// A subject with the words that belong to it.
  struct Mention: Sendable, Equatable {
    var subject: SubjectKind
    var colours: [Paint] = []
    var material: Material?
    /// A factor on its usual size.
    var size: Float = 1
    var count = 1
    var relation: Relation?
    var pose: Pose?
    /// The colours of the flowers that a vase holds.
    var blooms: [Paint] = []
  }

  var place: Place?
  /// Colours that belong to the place: "a blue lake".
  var placeColours: [Paint] = []
  /// Colours that belong to no noun: "in red and gold".
  var looseColours: [Paint] = []
  var mentions: [Mention] = []
  var time: TimeOfDay?
  var weather: Weather?
  var season: Season?
  var moods: Set<Mood> = []
  var cameras: Set<Camera> = []
  var lights: Set<Light> = []
  var features: Set<Feature> = []
  /// Materials that belong to no subject: "on a marble table".
  var materials: [Material] = []
  /// Subjects that must not appear: "without people".
  var absent: Set<SubjectKind> = []
  /// A hash of all words in order, unknown ones included.
  var fingerprint: UInt64 = 0

  func mentions(_ subject: SubjectKind) -> Bool { mentions.contains { $0.subject == subject } }
}

/// Parses a prompt word by word: adjectives wait for the noun that follows; a negation applies to
/// the nouns up to the next preposition or comma.
struct PromptReader {
  private var reading = Reading()
  private var colours: [Paint] = []
  private var material: Material?
  private var size: Float = 1
  private var amount: Int?
  private var relation: Relation?
  /// A pose that waits for the next subject.
  private var pose: Pose?
  /// True when a pose belongs to the subject just named: "a cat that sleeps", but not "a cat and a
  /// sleeping dog".
  private var isAfterSubject = false
  private var isNegated = false

  static func read(_ prompt: String) -> Reading {
    var reader = PromptReader()
    return reader.read(words(of: prompt))
  }

  /// The words of a prompt in lower case; a punctuation mark that ends a phrase becomes the word
  /// ",".
  static func words(of prompt: String) -> [String] {
    var words: [String] = []
    var word = ""
    func isPart(_ character: Character) -> Bool {
      character.isLetter || character.isNumber || character == "-" || character == "'"
    }
    for character in prompt.lowercased() {
      if isPart(character) {
        word.append(character)
        continue
      }
      if !word.isEmpty { words.append(word) }
      word = ""
      if ",.;:!?".contains(character) { words.append(",") }
    }
    if !word.isEmpty { words.append(word) }
    return words
  }

  private mutating func read(_ words: [String]) -> Reading {
    reading.fingerprint = RandomStream.hash(words.joined(separator: " ").utf8)
    var index = 0
    while index < words.count {
      let word = words[index]
      if word == "," {
        endPhrase()
        index += 1
        continue
      }
      if index + 1 < words.count, let found = Lexicon.lookup(word + " " + words[index + 1]) {
        take(found.meanings, isPlural: found.isPlural)
        index += 2
        continue
      }
      if let found = Lexicon.lookup(word) {
        take(found.meanings, isPlural: found.isPlural)
      } else if word.count > 2 {
        dress()
      }
      if Self.articles.contains(word) { isAfterSubject = false }
      index += 1
    }
    endPhrase()
    return reading
  }

  private static let articles: Set = ["a", "an", "the", "his", "her", "their"]

  private mutating func take(_ meanings: [Meaning], isPlural: Bool) {
    // A word that is both a place and a subject gives its adjectives to both.
    var isNoun = false
    defer { if isNoun { forgetAdjectives() } }
    for meaning in meanings {
      switch meaning {
      case .negation: isNegated = true
      case .relation(let value):
        if value != .with, value != .and { isNegated = false }
        relation = value
        settlePose()
        isAfterSubject = false
      case .pose(let value):
        if isNegated { break }
        pose = value
        if isAfterSubject { settlePose() }
      case .amount(let count): amount = count
      case .size(let factor): size = factor
      case .colour(let paint): colours.append(paint)
      case .material(let value): material = value
      case .subject(let subject):
        name(subject, isPlural: isPlural)
        isNoun = true
        isAfterSubject = true
      case .place(let place):
        name(relation == .below && place.isWater ? .underwater : place)
        isNoun = true
      case .feature(.suit) where !isNegated, .feature(.dress) where !isNegated:
        describe(meaning)
        dress()
      default: if !isNegated { describe(meaning) }
      }
    }
  }

  /// Records meanings that need no noun.
  private mutating func describe(_ meaning: Meaning) {
    switch meaning {
    case .time(let value): reading.time = value
    case .weather(let value): reading.weather = value
    case .season(let value): reading.season = value
    case .mood(let value): reading.moods.insert(value)
    case .camera(let value): reading.cameras.insert(value)
    case .light(let value): reading.lights.insert(value)
    case .feature(let value): reading.features.insert(value)
    default: break
    }
  }

  private mutating func name(_ subject: SubjectKind, isPlural: Bool) {
    if isNegated {
      reading.absent.insert(subject)
      reading.mentions.removeAll { $0.subject == subject }
      return
    }
    let count = amount ?? (isPlural ? 3 : 1)
    if let known = reading.mentions.firstIndex(where: { $0.subject == subject }) {
      // "a cat, a black cat": the later words add to the first mention.
      reading.mentions[known].colours += colours
      if let material { reading.mentions[known].material = material }
      if let pose { reading.mentions[known].pose = pose }
      if subject == .person, relation == .and {
        // "A man and a woman" are two persons.
        reading.mentions[known].count += count
      } else if amount != nil || isPlural {
        reading.mentions[known].count = count
      }
      return
    }
    reading.mentions.append(
      .init(
        subject: subject, colours: colours, material: material, size: size, count: count,
        relation: relation, pose: pose))
  }

  private mutating func name(_ place: Place) {
    if isNegated { return }
    if let material { reading.materials.append(material) }
    // "in a forest near the sea": the first place is the setting.
    if reading.place == nil {
      reading.place = place
      reading.placeColours = colours
    } else if reading.place == place {
      reading.placeColours += colours
    } else if reading.place == .skyline, place == .street {
      // "A city street" is a street.
      reading.place = place
      reading.placeColours += colours
    } else if reading.place == .skyline || reading.place == .interior || reading.place == .studio {
      reading.looseColours += colours
    } else if place == .lake || place == .snow || place == .coast, reading.place == .mountains {
      // A lake among mountains is painted as a lake, with mountains around it.
      reading.place = place
      reading.placeColours += colours
    } else if reading.place == .sea && place == .coast
      || reading.place?.isWater == true && place == .underwater
    {
      // "Waves on a beach" are seen from the beach.
      reading.place = place
      reading.placeColours += colours
    } else {
      reading.looseColours += colours
    }
  }

  /// Gives pending colours to the subject named last, for clothes and unknown nouns: "a woman in a
  /// red dress".
  private mutating func dress() {
    guard !colours.isEmpty, let last = reading.mentions.indices.last else { return }
    reading.mentions[last].colours += colours
    colours = []
  }

  /// Gives a pose that no noun followed to the subject named last.
  private mutating func settlePose() {
    guard let value = pose, let last = reading.mentions.indices.last else { return }
    reading.mentions[last].pose = value
    pose = nil
  }

  private mutating func endPhrase() {
    settlePose()
    isAfterSubject = false
    reading.looseColours += colours
    if let material { reading.materials.append(material) }
    forgetAdjectives()
    isNegated = false
    relation = nil
  }

  private mutating func forgetAdjectives() {
    colours = []
    material = nil
    pose = nil
    size = 1
    amount = nil
  }
}
