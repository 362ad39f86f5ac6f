/// How large the subjects are, and how large a surface they offer to others.
extension SubjectKind {
  /// Height of a main subject, as a fraction of the image's height.
  var usualHeight: Float {
    switch self {
    case .person, .robot: 0.56
    case .cat: 0.40
    case .dog, .fox, .wolf: 0.42
    case .bird: 0.17
    case .tree, .waterfall: 0.62
    case .conifer, .palm: 0.60
    case .flower, .cactus, .camel, .horse, .zebra, .deer, .lion, .tiger, .leopard, .cow, .snowman,
      .toyBalloon:
      0.46
    case .house, .cup, .sofa, .table, .bicycle, .bridge: 0.34
    case .castle: 0.46
    case .car, .train: 0.21
    case .boat, .armchair, .rock, .mushroom: 0.38
    case .dolphin: 0.3
    case .rocket: 0.66
    case .bottle, .lighthouse, .lamp, .windmill, .vase: 0.56
    case .fruit, .bed, .bench, .rabbit: 0.32
    case .fish, .shark, .butterfly, .whale: 0.26
    case .balloon, .elephant, .dragon: 0.42
    case .pizza: 0.34
    case .cake: 0.5
    case .bouquet: 0.6
    case .bear, .candle: 0.44
    case .mountain, .jellyfish: 0.4
    case .turtle: 0.28
    case .branch: 0.5
    }
  }

  /// Width divided by height.
  var usualWidth: Float {
    switch self {
    case .train: 4
    case .whale, .shark: 2.6
    case .car, .sofa, .bed, .bridge, .dolphin: 2.2
    case .bench, .table, .turtle: 1.9
    case .bicycle, .branch, .fish, .dragon: 1.6
    case .pizza: 2.2
    case .tiger, .leopard, .cow: 1.8
    case .fox, .wolf, .horse, .zebra: 1.6
    case .bird, .deer, .castle, .camel, .elephant, .lion, .rock, .butterfly:
      1.3
    case .house, .cup, .boat, .dog: 1.1
    case .person, .robot, .bottle, .lighthouse, .candle, .lamp, .rocket, .vase, .toyBalloon: 0.45
    default: 0.8
    }
  }

  /// Width divided by height of an animal in a pose.
  func width(_ pose: Pose?) -> Float {
    guard let build, let pose, pose != .sitting else { return usualWidth }
    let side = build.usual == .sitting ? max(usualWidth, 1.5) : usualWidth
    return pose == .running || pose == .leaping ? side * 1.2 : side
  }

  /// Relative height beside other actors (person = 1.45); compressed so that small things stay
  /// visible.
  var relativeHeight: Float {
    switch self {
    case .person, .robot, .snowman: 1.45
    case .cat, .rabbit: 0.5
    case .dog, .wolf: 0.68
    case .fox: 0.6
    case .horse, .zebra: 1.65
    case .cow, .deer: 1.4
    case .lion, .tiger, .bear, .rock, .armchair, .bicycle: 1.05
    case .camel: 1.8
    case .elephant: 2.3
    case .car: 1.33
    case .sofa, .bench, .table: 0.85
    case .bed: 0.9
    case .bottle: 0.43
    case .cup, .fruit, .candle: 0.2
    case .vase, .bouquet: 0.5
    case .leopard: 0.9
    case .mushroom: 0.24
    case .house: 2.6
    case .boat: 2
    case .bird, .butterfly: 0.42
    case .branch: 1
    case .castle: 3.4
    default: 1.2
    }
  }

  /// Height of the surface on which others can stand, as a fraction of its height; nil for none.
  var supportHeight: Float? {
    switch self {
    case .car: 0.94
    case .house: 0.95
    case .boat: 0.2
    case .horse, .zebra: 0.68
    case .cow: 0.78
    case .deer: 0.64
    case .camel, .elephant: 0.8
    case .castle: 0.62
    case .sofa: 0.47
    case .armchair: 0.46
    case .bench: 0.5
    case .bed: 0.5
    case .table: 0.97
    case .rock: 0.88
    case .bicycle: 0.86
    case .branch: 0.06
    case .tree: 0.93
    default: nil
    }
  }

  /// The fraction of its width on which others can stand.
  var supportWidth: Float {
    switch self {
    case .house, .horse, .zebra, .cow, .deer, .camel, .tree, .armchair, .rock, .bicycle: 0.4
    default: 0.72
    }
  }
}
