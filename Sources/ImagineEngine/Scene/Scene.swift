/// The content of an image before it is painted: subjects, place and light.
///
/// Lengths are in image heights: x from the middle to the right, y from the top downwards. The same
/// scene can be painted at any size, in any style and at any moment of a video.
struct Scene: Sendable {
  /// A subject and its position.
  struct Placement: Sendable {
    var kind: SubjectKind
    /// The middle of its foot; for a thing in the air, its lowest point.
    var foot: Point
    var height: Float
    var colours: [Colour]
    var material: Material?
    /// Negative when it faces left.
    var facing: Float
    /// 0 at the camera … 1 at the horizon; sets how much haze covers it.
    var distance: Float
    /// True when it casts a shadow on something below it.
    var standsOnGround: Bool
    var features: Set<Feature>
    /// Its posture; nil for the usual one of its kind.
    var pose: Pose?
    var seed: UInt64

    /// True when it leaps out of the water.
    var isLeaping: Bool { kind.swims && features.contains(.leap) }
  }

  var place: Place
  var time: TimeOfDay
  var weather: Weather
  var season: Season
  var palette: Palette
  /// The position of the sun or moon in the image.
  var sun: Point
  /// Unit vector towards the sun: x right, y up, z away from the viewer.
  var sunDirection: SIMD3<Float>
  /// The y of the horizon.
  var horizon: Float
  /// The fraction of the sky that clouds cover.
  var cloudCover: Float
  /// How fast distance fades, about 0 … 1.
  var hazeDensity: Float
  var features: Set<Feature>
  var lights: Set<Light>
  var moods: Set<Mood>
  /// The colours that the prompt gives to the place; empty for none.
  var placeColours: [Colour]
  var materials: [Material]
  /// The colour of glowing lights, windows and signs.
  var glow: Colour
  var subjects: [Placement]
  /// Randomness for everything not decided above.
  var stream: RandomStream

  /// True when waves run up a beach that is seen from the land.
  var hasSurf: Bool { place == .coast && features.contains(.waves) }

  var isDark: Bool { time == .night }
  var isLit: Bool {
    time == .night || time == .dusk || lights.contains(.neon) || moods.contains(.dark)
      || lights.contains(.candle) || weather == .rain || weather == .storm
  }

  /// The scene for the futuristic styles: darker, so that glowing parts stand out.
  func darkenedForNeon() -> Scene {
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
