/// The colours of a scene's air and light.
struct Palette: Sendable {
  var zenith: Colour
  var horizon: Colour
  /// Light of the sun or moon on surfaces that face it.
  var sun: Colour
  /// Light from the whole sky.
  var ambient: Colour
  /// The colour that distant things fade into.
  var haze: Colour
  var cloud: Colour
  var cloudShade: Colour

  /// The colours of a time of day in clear weather.
  init(_ time: TimeOfDay) {
    switch time {
    case .dawn:
      zenith = Colour(0x5A_7A_B4)
      horizon = Colour(0xFA_CC_A0)
      sun = Colour(0xFF_D0_98) * 1.15
      ambient = Colour(0x8A_90_B4)
      haze = Colour(0xE8_C8_BA)
      cloud = Colour(0xFF_E2_CC)
      cloudShade = Colour(0xA8_90_AC)
    case .day:
      zenith = Colour(0x2C_68_BE)
      horizon = Colour(0xBC_DA_F0)
      sun = Colour(0xFF_F2_DC) * 1.25
      ambient = Colour(0x9C_B4_D4)
      haze = Colour(0xBA_D0_E4)
      cloud = Colour(0xFC_FC_FF)
      cloudShade = Colour(0xA0_B0_C8)
    case .dusk:
      zenith = Colour(0x38_3C_7A)
      horizon = Colour(0xFF_A0_5C)
      sun = Colour(0xFF_98_50) * 1.2
      ambient = Colour(0x78_6C_98)
      haze = Colour(0xE0_92_78)
      cloud = Colour(0xFF_B0_78)
      cloudShade = Colour(0x6C_50_80)
    case .night:
      zenith = Colour(0x08_0E_26)
      horizon = Colour(0x22_36_60)
      sun = Colour(0x8C_A4_D8) * 0.6
      ambient = Colour(0x34_44_70)
      haze = Colour(0x1E_2E_54)
      cloud = Colour(0x48_5A_84)
      cloudShade = Colour(0x18_22_42)
    }
  }

  /// Dims the light and evens out the colours, as clouds do.
  mutating func cover(_ amount: Float, darkness: Float) {
    let level = horizon.luminance * (1 - darkness) * 0.8
    let grey = Colour(level * 0.94, level * 0.98, level * 1.05, 1)
    zenith = zenith.mixed(grey * Colour(0.75, 0.78, 0.84, 1), amount)
    horizon = horizon.mixed(grey, amount)
    haze = haze.mixed(grey, amount)
    cloud = cloud.mixed(grey * Colour(1.05, 1.05, 1.05, 1), amount)
    cloudShade = cloudShade.mixed(grey * Colour(0.45, 0.47, 0.52, 1), amount)
    sun = sun.mixed(grey, amount) * Colour(repeating: 1 - amount * 0.75)
    ambient = ambient.mixed(grey, amount) * Colour(repeating: 1 - darkness * 0.35)
  }

  /// The colours under water, at a time of day when light reaches down.
  mutating func sink(looking colour: Colour?) {
    let level = 0.25 + min(1, ambient.luminance * 1.9)
    let water = (colour ?? Colour(0x1C_7C_A8)) * Colour(repeating: level)
    zenith = water.mixed(Colour(0x8C_E0_E8) * Colour(repeating: level), 0.5)
    horizon = water
    haze = water
    cloud = water
    cloudShade = water * Colour(repeating: 0.5)
    sun = sun.mixed(Colour(0xC0_F0_E8) * Colour(repeating: 1.1 * level), 0.7)
    ambient = ambient.mixed(Colour(0x70_B4_CC) * Colour(repeating: level), 0.7)
  }

  /// Scales the sun's light and the sky's.
  mutating func light(sun sunScale: Float, ambient ambientScale: Float) {
    sun *= Colour(repeating: sunScale)
    ambient *= Colour(repeating: ambientScale)
  }

  /// Moves every colour towards `tint` and keeps its brightness.
  mutating func tint(_ tint: Colour, _ amount: Float) {
    func tinted(_ colour: Colour) -> Colour {
      let scale = (colour.luminance + 0.01) / (tint.luminance + 0.01)
      return colour.mixed(tint * Colour(repeating: min(scale, 4)), amount)
    }
    zenith = tinted(zenith)
    horizon = tinted(horizon)
    sun = tinted(sun)
    ambient = tinted(ambient)
    haze = tinted(haze)
    cloud = tinted(cloud)
    cloudShade = tinted(cloudShade)
  }
}
