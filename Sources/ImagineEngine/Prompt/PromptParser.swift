/// Parses a prompt word by word: adjectives wait for the noun that follows; a negation applies to
/// the nouns up to the next preposition or comma.
struct PromptParser {
  private var parsed = ParsedPrompt()
  private var colours: [NamedColour] = []
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

  static func parse(_ prompt: String) -> ParsedPrompt {
    var parser = PromptParser()
    return parser.parse(words(of: prompt))
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

  private mutating func parse(_ words: [String]) -> ParsedPrompt {
    parsed.fingerprint = RandomStream.hash(words.joined(separator: " ").utf8)
    var index = 0
    while index < words.count {
      let word = words[index]
      if word == "," {
        endPhrase()
        index += 1
        continue
      }
      if index + 1 < words.count, let found = Lexicon.lookup(word + " " + words[index + 1]) {
        apply(found.meanings, isPlural: found.isPlural)
        index += 2
        continue
      }
      if let found = Lexicon.lookup(word) {
        apply(found.meanings, isPlural: found.isPlural)
      } else if word.count > 2 {
        giveColoursToLastMention()
      }
      if Self.articles.contains(word) { isAfterSubject = false }
      index += 1
    }
    endPhrase()
    return parsed
  }

  private static let articles: Set = ["a", "an", "the", "his", "her", "their"]

  private mutating func apply(_ meanings: [Meaning], isPlural: Bool) {
    // A word that is both a place and a subject gives its adjectives to both.
    var isNoun = false
    defer { if isNoun { forgetAdjectives() } }
    for meaning in meanings {
      switch meaning {
      case .negation: isNegated = true
      case .relation(let value):
        if value != .with, value != .and { isNegated = false }
        relation = value
        assignPose()
        isAfterSubject = false
      case .pose(let value):
        if isNegated { break }
        pose = value
        if isAfterSubject { assignPose() }
      case .amount(let count): amount = count
      case .size(let factor): size = factor
      case .colour(let paint): colours.append(paint)
      case .material(let value): material = value
      case .subject(let subject):
        mention(subject, isPlural: isPlural)
        isNoun = true
        isAfterSubject = true
      case .place(let place):
        setPlace(relation == .below && place.isWater ? .underwater : place)
        isNoun = true
      case .feature(.suit) where !isNegated, .feature(.dress) where !isNegated:
        record(meaning)
        giveColoursToLastMention()
      default: if !isNegated { record(meaning) }
      }
    }
  }

  /// Records meanings that need no noun.
  private mutating func record(_ meaning: Meaning) {
    switch meaning {
    case .time(let value): parsed.time = value
    case .weather(let value): parsed.weather = value
    case .season(let value): parsed.season = value
    case .mood(let value): parsed.moods.insert(value)
    case .camera(let value): parsed.cameras.insert(value)
    case .light(let value): parsed.lights.insert(value)
    case .feature(let value): parsed.features.insert(value)
    default: break
    }
  }

  private mutating func mention(_ subject: SubjectKind, isPlural: Bool) {
    if isNegated {
      parsed.absent.insert(subject)
      parsed.mentions.removeAll { $0.subject == subject }
      return
    }
    let count = amount ?? (isPlural ? 3 : 1)
    if let known = parsed.mentions.firstIndex(where: { $0.subject == subject }) {
      // "a cat, a black cat": the later words add to the first mention.
      parsed.mentions[known].colours += colours
      if let material { parsed.mentions[known].material = material }
      if let pose { parsed.mentions[known].pose = pose }
      if subject == .person, relation == .and {
        // "A man and a woman" are two persons.
        parsed.mentions[known].count += count
      } else if amount != nil || isPlural {
        parsed.mentions[known].count = count
      }
      return
    }
    parsed.mentions.append(
      .init(
        subject: subject, colours: colours, material: material, size: size, count: count,
        relation: relation, pose: pose))
  }

  private mutating func setPlace(_ place: Place) {
    if isNegated { return }
    if let material { parsed.materials.append(material) }
    // "in a forest near the sea": the first place is the setting.
    if parsed.place == nil {
      parsed.place = place
      parsed.placeColours = colours
    } else if parsed.place == place {
      parsed.placeColours += colours
    } else if parsed.place == .skyline, place == .street {
      // "A city street" is a street.
      parsed.place = place
      parsed.placeColours += colours
    } else if parsed.place == .skyline || parsed.place == .interior || parsed.place == .studio {
      parsed.looseColours += colours
    } else if place == .lake || place == .snow || place == .coast, parsed.place == .mountains {
      // A lake among mountains is painted as a lake, with mountains around it.
      parsed.place = place
      parsed.placeColours += colours
    } else if parsed.place == .sea && place == .coast
      || parsed.place?.isWater == true && place == .underwater
    {
      // "Waves on a beach" are seen from the beach.
      parsed.place = place
      parsed.placeColours += colours
    } else {
      parsed.looseColours += colours
    }
  }

  /// Gives pending colours to the subject named last, for clothes and unknown nouns: "a woman in a
  /// red dress".
  private mutating func giveColoursToLastMention() {
    guard !colours.isEmpty, let last = parsed.mentions.indices.last else { return }
    parsed.mentions[last].colours += colours
    colours = []
  }

  /// Gives a pose that no noun followed to the subject named last.
  private mutating func assignPose() {
    guard let value = pose, let last = parsed.mentions.indices.last else { return }
    parsed.mentions[last].pose = value
    pose = nil
  }

  private mutating func endPhrase() {
    assignPose()
    isAfterSubject = false
    parsed.looseColours += colours
    if let material { parsed.materials.append(material) }
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
