/// A picture before it is painted: what is where, in which light.
///
/// Lengths are in heights of the picture: x from the middle to the right, y from the top
/// downwards. The same scene is painted at any size, in any style, at any moment of a film.
struct Scene: Sendable {
  /// A subject and where it stands.
  struct Placement: Sendable {
    var kind: SubjectKind
    /// The middle of its foot; of a thing in the air, of its lowest point.
    var foot: Point
    var height: Float
    var colours: [Colour]
    var material: Material?
    /// Looks to the left where negative.
    var facing: Float
    /// 0 at the camera … 1 at the horizon: how much air lies before it.
    var distance: Float
    /// Whether something lies under it that takes its shadow.
    var standsOnGround: Bool
    var features: Set<Feature>
    var seed: UInt64
  }

  var place: Place
  var time: TimeOfDay
  var weather: Weather
  var season: Season
  var palette: Palette
  /// Where the sun or moon stands in the picture.
  var sun: Point
  /// Towards the sun: x right, y up, z away from the viewer; of length 1.
  var sunDirection: SIMD3<Float>
  /// How high the horizon lies.
  var horizon: Float
  /// How much of the sky clouds cover, 0 … 1.
  var cloudCover: Float
  /// How fast distance fades, about 0 … 1.
  var hazeDensity: Float
  var features: Set<Feature>
  var lights: Set<Light>
  var moods: Set<Mood>
  /// The colours that the prompt gives to the place, else empty.
  var placeColours: [Colour]
  var materials: [Material]
  /// The colour in which lamps, windows and signs glow.
  var glow: Colour
  var subjects: [Placement]
  /// Chance for everything that is not decided above.
  var stream: RandomStream

  var isDark: Bool { time == .night }
  var isLit: Bool {
    time == .night || time == .dusk || lights.contains(.neon) || moods.contains(.dark)
  }
}
