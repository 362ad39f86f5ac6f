/// What a word of a prompt can mean to the painter.
enum Meaning: Sendable, Hashable {
  case place(Place)
  case time(TimeOfDay)
  case weather(Weather)
  case season(Season)
  case subject(SubjectKind)
  case material(Material)
  case colour(NamedColour)
  case mood(Mood)
  case camera(Camera)
  case light(Light)
  /// Something in the image that is no subject: stars, a rainbow, mist, …
  case feature(Feature)
  /// The posture of a person or an animal.
  case pose(Pose)
  case amount(Int)
  /// A factor on a subject's usual size.
  case size(Float)
  /// The following nouns must not appear.
  case negation
  case relation(Relation)
}

enum Place: String, CaseIterable, Sendable {
  case skyline, street, forest, mountains, sea, coast, lake, desert, meadow, snow, nightSky, space
  case interior, studio, underwater

  var isWater: Bool { self == .sea || self == .lake || self == .coast }
}

enum TimeOfDay: String, CaseIterable, Sendable { case dawn, day, dusk, night }

enum Weather: String, CaseIterable, Sendable {
  case clear, cloudy, overcast, fog, rain, storm, snow, wind
}

enum Season: String, CaseIterable, Sendable { case spring, summer, autumn, winter }

enum SubjectKind: String, CaseIterable, Sendable {
  case person, cat, dog, bird, tree, conifer, palm, flower, house, castle, car, boat, rocket, bottle
  case cup, fruit, robot, lighthouse, fish, horse, balloon, lamp, mountain
  case sofa, armchair, table, bench, bed, rock, branch
  case whale, dolphin, shark, turtle, jellyfish
  case vase, cactus, camel, lion, elephant, rabbit, butterfly, toyBalloon
  case tiger, leopard, fox, wolf, cow, deer, zebra, bouquet
  case bear, candle, dragon, pizza, cake, snowman, mushroom, bicycle, train, windmill, bridge,
    waterfall
}

enum Material: String, CaseIterable, Sendable {
  case wood, stone, metal, gold, glass, marble, neon, paper, plastic, fabric, crystal, ice
}

enum Mood: String, CaseIterable, Sendable {
  case calm, dark, bright, dramatic, dreamy, epic, cosy, eerie
}

enum Camera: String, CaseIterable, Sendable { case close, wide, low, high, portrait, macro }

enum Light: String, CaseIterable, Sendable { case soft, hard, backlit, neon, golden, candle, moon }

enum Feature: String, CaseIterable, Sendable {
  case stars, moon, rainbow, mist, aurora, lightning, reflection, waves, fireworks
  case petals, spacesuit, hat, planet, woman, man, child
  case roses, tulips, wildflowers, horn
  case umbrella, books, beard, elderly, crown, pointedHat, armour, leap, coral,
    bowl, afloat, suit,
    dress
}

/// The posture of a person or an animal. There is no `riding`: a person on a mount rides.
enum Pose: String, CaseIterable, Sendable {
  case standing, grazing, walking, running, leaping, sitting, lying, sleeping, riding
}

/// How a subject relates to the one named before it, or to the place.
enum Relation: String, CaseIterable, Sendable {
  case on, within, above, beside, before, behind, below, with, and
}

/// A colour that a prompt can name.
enum NamedColour: String, CaseIterable, Sendable {
  case red, orange, yellow, green, teal, blue, purple, pink, brown, white, black, grey, gold, silver
  case cream, navy, lime

  var colour: Colour {
    switch self {
    case .red: Colour(0xC8_2A_24)
    case .orange: Colour(0xE8_7A_24)
    case .yellow: Colour(0xF0_C8_34)
    case .green: Colour(0x3C_8C_44)
    case .teal: Colour(0x2A_98_96)
    case .blue: Colour(0x2C_5C_C0)
    case .purple: Colour(0x7A_44_B0)
    case .pink: Colour(0xE8_80_A8)
    case .brown: Colour(0x7A_50_30)
    case .white: Colour(0xF0_EE_EA)
    case .black: Colour(0x20_20_24)
    case .grey: Colour(0x88_8C_90)
    case .gold: Colour(0xD8_A8_38)
    case .silver: Colour(0xB8_C0_C8)
    case .cream: Colour(0xF2_E2_C0)
    case .navy: Colour(0x1C_2C_60)
    case .lime: Colour(0x96_C8_34)
    }
  }
}
