/// What the scene rules and the layout need to know of a subject.
extension SubjectKind {
  /// True when its size is compared with other subjects'; scenery and flying things stand too far
  /// away for that.
  var isActor: Bool {
    switch self {
    case .person, .robot, .snowman, .cat, .rabbit, .dog, .fox, .wolf, .horse, .zebra, .cow, .deer,
      .lion, .tiger, .leopard, .bear, .candle, .camel, .elephant, .car, .bouquet,
      .bicycle, .sofa, .bench, .table, .armchair, .bed, .rock, .bottle, .cup, .fruit, .vase:
      true
    default: false
    }
  }

  /// True when it belongs to the landscape more than it acts in it.
  var isScenery: Bool {
    switch self {
    case .tree, .conifer, .palm, .house, .castle, .lighthouse, .mountain, .windmill, .bridge,
      .waterfall, .cactus:
      true
    default: false
    }
  }

  var isSmall: Bool {
    switch self {
    case .bottle, .cup, .fruit, .flower, .bird, .fish, .vase, .butterfly, .mushroom, .pizza, .cake,
      .candle, .bouquet:
      true
    default: false
    }
  }

  var isFurniture: Bool {
    switch self {
    case .sofa, .armchair, .table, .bench, .bed: true
    default: false
    }
  }

  /// True when it lies in the water's surface.
  var isAfloat: Bool { self == .boat || swims }

  /// True when a person on it sits astride and is seen from the side.
  var isMount: Bool {
    switch self {
    case .horse, .zebra, .cow, .deer, .camel, .elephant: true
    default: false
    }
  }

  /// True when a person on it sits.
  var isSatOn: Bool {
    switch self {
    case .bicycle, .sofa, .armchair, .bench, .bed, .rock, .branch: true
    default: false
    }
  }

  /// True when it can sit or stand on something.
  var canBeCarried: Bool {
    switch self {
    case .person, .cat, .dog, .fox, .wolf, .bird, .robot, .lion, .tiger, .leopard, .bear, .rabbit,
      .butterfly, .turtle:
      true
    default: isSmall || self == .fruit
    }
  }

  func flies(_ relation: Relation?) -> Bool {
    switch self {
    case .bird, .balloon, .butterfly, .dragon: relation != .on
    case .rocket: true
    default: false
    }
  }

  /// True for animals that live in water.
  var swims: Bool {
    switch self {
    case .fish, .whale, .dolphin, .shark, .turtle, .jellyfish: true
    default: false
    }
  }

  /// The place where it is shown when the prompt names none, whatever stands beside it; nil for
  /// subjects that may be anywhere.
  var defaultPlace: Place? {
    switch self {
    case .boat, .lighthouse: .sea
    case .fish, .whale, .dolphin, .shark, .turtle, .jellyfish: .underwater
    case .car, .lamp: .street
    case .rocket: .space
    case .bottle, .cup, .fruit, .pizza, .cake, .vase, .candle, .bouquet: .studio
    case .palm: .coast
    case .conifer: .mountains
    case .cactus, .camel: .desert
    case .sofa, .armchair, .bed, .table: .interior
    default: nil
    }
  }
}
