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
    /// How it holds itself; nil as its kind usually does.
    var pose: Pose?
    var seed: UInt64

    /// Whether it springs out of the water.
    var isLeaping: Bool { kind.swims && features.contains(.leap) }
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

  /// Whether waves run up a beach that is seen from the land.
  var hasSurf: Bool { place == .coast && features.contains(.waves) }

  var isDark: Bool { time == .night }
  var isLit: Bool {
    time == .night || time == .dusk || lights.contains(.neon) || moods.contains(.dark)
      || lights.contains(.candle) || weather == .rain || weather == .storm
  }

  /// The scene as the futuristic styles see it: the day turned down, so that what glows leads.
  func electrified() -> Scene {
    var scene = self
    if !lights.contains(.neon) {
      var stream = stream.split("electric")
      scene.glow = Colour(stream.pick([0x30_D8_FF, 0xFF_38_B8, 0x9C_58_FF, 0x38_FF_C8]))
      scene.lights.insert(.neon)
    }
    let dimmed: Float = isDark ? 0.9 : 0.5
    scene.palette.tint(scene.glow.mixed(Colour(0x30_40_A0), 0.6), 0.3)
    scene.palette.zenith *= Colour(repeating: dimmed * 0.55)
    scene.palette.horizon *= Colour(repeating: dimmed)
    scene.palette.sun *= Colour(repeating: dimmed)
    scene.palette.ambient *= Colour(repeating: dimmed)
    scene.palette.haze *= Colour(repeating: dimmed * 0.9)
    scene.palette.cloud *= Colour(repeating: dimmed)
    scene.palette.cloudShade *= Colour(repeating: dimmed * 0.6)
    return scene
  }
}
