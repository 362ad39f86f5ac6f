/// The material of a part of a subject, as the light calculation needs it.
struct Surface: Sendable {
  /// The fine pattern on it.
  enum Texture: Sendable { case plain, fur, bark, leaves, brick, brushed, grain, cloth, peel }

  var colour: Colour
  var texture: Texture = .plain
  /// 0 dull … 1 mirror-like.
  var shine: Float = 0
  /// 0 flat … 1 as round as its outline allows.
  var round: Float = 0.7
  /// Its own light, as a factor on its colour.
  var glow: Float = 0
  /// How much of the background shows through.
  var clear: Float = 0
  /// True when it fades from its middle to its outline, which must be an ellipse.
  var isFeathered = false

  func with(colour: Colour) -> Surface {
    var copy = self
    copy.colour = colour
    return copy
  }

  func darker(_ amount: Float) -> Surface { with(colour: colour.lit(amount)) }

  static func plain(_ code: UInt32) -> Surface { Surface(colour: Colour(code)) }

  static func flat(_ code: UInt32) -> Surface { Surface(colour: Colour(code), round: 0) }

  /// A surface that glows: eyes, lamps, windows, flames.
  static func glowing(_ colour: Colour, _ strength: Float = 1.4) -> Surface {
    Surface(colour: colour, round: 0, glow: strength)
  }
}

extension Material {
  /// A surface of this material, in `colour` if given.
  func surface(_ colour: Colour?) -> Surface {
    func make(_ code: UInt32, _ texture: Surface.Texture, _ shine: Float, clear: Float = 0)
      -> Surface
    {
      Surface(colour: colour ?? Colour(code), texture: texture, shine: shine, clear: clear)
    }
    switch self {
    case .wood: return make(0x9C_6A_3C, .bark, 0.1)
    case .stone: return make(0x8C_88_80, .grain, 0.05)
    case .metal: return make(0xA8_B0_B8, .brushed, 0.9)
    case .gold: return make(0xE0_AC_38, .brushed, 1)
    case .glass: return make(0xB8_DC_E4, .plain, 1, clear: 0.45)
    case .marble: return make(0xEC_E8_E2, .grain, 0.5)
    case .neon:
      var surface = make(0x40_F0_E0, .plain, 0.6)
      surface.glow = 0.8
      return surface
    case .paper: return make(0xF0_EA_DC, .plain, 0)
    case .plastic: return make(0xE0_48_38, .plain, 0.7)
    case .fabric: return make(0xB0_70_68, .cloth, 0)
    case .crystal: return make(0xB0_D0_F4, .plain, 1, clear: 0.35)
    case .ice: return make(0xC4_E4_F4, .plain, 0.9, clear: 0.3)
    }
  }
}
