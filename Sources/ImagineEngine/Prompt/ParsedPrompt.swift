/// What the painter understood of a prompt.
struct ParsedPrompt: Sendable, Equatable {
  /// A subject with the words that belong to it.
  struct Mention: Sendable, Equatable {
    var subject: SubjectKind
    var colours: [NamedColour] = []
    var material: Material?
    /// A factor on its usual size.
    var size: Float = 1
    var count = 1
    var relation: Relation?
    var pose: Pose?
    /// The colours of the flowers that a vase holds.
    var blooms: [NamedColour] = []
  }

  var place: Place?
  /// Colours that belong to the place: "a blue lake".
  var placeColours: [NamedColour] = []
  /// Colours that belong to no noun: "in red and gold".
  var looseColours: [NamedColour] = []
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
