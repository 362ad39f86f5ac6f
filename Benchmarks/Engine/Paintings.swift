import ImagineAPI

/// Painting as a request runs it: from a prompt to a PNG of 1024².
enum Paintings {
  static let places = [
    "a city skyline at night", "a street in the rain", "a forest", "an autumn forest",
    "mountains at dawn", "the sea in a storm", "a beach with palms", "a red boat on a blue lake",
    "a desert at sunset", "a meadow in spring", "a snowfield", "stars over hills", "a galaxy",
    "a cosy living room", "a bottle on a marble table",
  ]

  static func rows() throws -> [Row] {
    try byPlace() + byStyle()
  }

  /// Every place in the quick style.
  private static func byPlace() throws -> [Row] {
    try places.map { place in
      try row("\(ImageStyle.imagineTurbo.rawValue): \(place)", [place], .imagineTurbo)
    }
  }

  /// Every style over all places; a row is the mean of an image.
  private static func byStyle() throws -> [Row] {
    try ImageStyle.allCases.map { style in
      try row("\(style.rawValue): mean of \(places.count) places", places, style, rounds: 3)
    }
  }

  private static func row(
    _ name: String, _ prompts: [String], _ style: ImageStyle, rounds: Int = 7
  ) throws -> Row {
    var row = try Row.measured(
      name, target: style == .imagineTurbo ? "≤ 150 ms" : "≤ 600 ms", rounds: rounds
    ) {
      for prompt in prompts { try paint(prompt, style) }
    }
    row.ours.seconds /= Double(prompts.count)
    row.ours.processorSeconds /= Double(prompts.count)
    return row
  }

  static func paint(_ prompt: String, _ style: ImageStyle) throws {
    _ = try Images.engine.paint(prompt: prompt, style: style, aspectRatio: .square, seed: 7)
  }
}
