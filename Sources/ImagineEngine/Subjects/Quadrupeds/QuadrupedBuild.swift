/// The body proportions of a four-legged animal, seen from its right side.
///
/// Lengths are in heights of the standing animal, x forwards, y downwards; those of the trunk start
/// at its middle.
struct QuadrupedBuild: Sendable {
  enum Head: Sendable { case cat, dog, bigCat, bear, fox, horse, cow, deer }
  enum Coat: Sendable { case plain, tabby, tiger, spots, zebra, patches, fox, wolf }
  enum Tail: Sendable { case thin, bushy, hair, tassel, stump, none }

  /// From the hips to the middle, and from there to the shoulders.
  var half: Float
  /// The distance of back and belly from the line through hips and shoulders: behind, in the
  /// middle, in front.
  var rump: Float
  var waist: Float
  var chest: Float
  /// The height of the trunk's middle above the ground.
  var height: Float
  var neck: Float
  /// Its angle above the horizontal.
  var rise: Float
  var throat: Float
  var nape: Float
  /// Half the width of a leg at its top, knee and ankle.
  var thigh: Float
  var knee: Float
  var ankle: Float
  var head: Head
  /// A factor on the usual size of its head.
  var headSize: Float
  var tail: Tail
  var coat: Coat
  var hooves = false
  /// 0 … 1 for square corners, as cattle have.
  var blockiness: Float = 0
  /// Its pose when the prompt names none.
  var usual: Pose = .standing
  /// True when it curls up to sleep.
  var curlsUp = false
  var hues: [UInt32]

  /// The outline of the trunk.
  var outline: [(Float, Float)] {
    let k = blockiness
    return [
      (-half - rump * 0.85, -rump * (0.05 + 0.2 * k)),
      (-half - rump * (0.55 + 0.25 * k), -rump * (0.72 + 0.2 * k)), (-half + rump * 0.1, -rump),
      (-half * 0.2, -waist), (half * 0.5, -chest * 0.96),
      (half + chest * 0.3, -chest * (0.8 + 0.1 * k)), (half + chest * 0.8, -chest * 0.1),
      (half + chest * (0.6 + 0.2 * k), chest * 0.62), (half * 0.72, chest), (0, waist * 1.08),
      (-half * 0.6, waist * (0.86 + 0.2 * k)), (-half - rump * 0.3, rump * 0.8),
    ]
  }
}

extension SubjectKind {
  /// Nil for subjects that are no four-legged animals of this family.
  var build: QuadrupedBuild? {
    switch self {
    case .cat:
      QuadrupedBuild(
        half: 0.27, rump: 0.145, waist: 0.125, chest: 0.145, height: 0.47, neck: 0.19, rise: 0.95,
        throat: 0.125, nape: 0.1, thigh: 0.1, knee: 0.05, ankle: 0.042, head: .cat, headSize: 0.82,
        tail: .thin, coat: .tabby, usual: .sitting, curlsUp: true,
        hues: [0xC8_7C_3C, 0x7C_78_74, 0xE4_D4_BC, 0x3A_36_38, 0xB8_A0_80])
    case .dog:
      QuadrupedBuild(
        half: 0.27, rump: 0.13, waist: 0.11, chest: 0.165, height: 0.52, neck: 0.2, rise: 0.95,
        throat: 0.125, nape: 0.095, thigh: 0.105, knee: 0.05, ankle: 0.04, head: .dog,
        headSize: 0.84, tail: .thin, coat: .plain, usual: .sitting, curlsUp: true,
        hues: [0xC8_94_50, 0x6A_48_30, 0xE8_DC_C8, 0x44_40_40, 0xD8_B0_70])
    case .fox:
      QuadrupedBuild(
        half: 0.28, rump: 0.12, waist: 0.1, chest: 0.135, height: 0.47, neck: 0.2, rise: 0.85,
        throat: 0.125, nape: 0.1, thigh: 0.085, knee: 0.038, ankle: 0.03, head: .fox,
        headSize: 1, tail: .bushy, coat: .fox, curlsUp: true, hues: [0xD0_64_22, 0xC4_58_1C])
    case .wolf:
      QuadrupedBuild(
        half: 0.28, rump: 0.14, waist: 0.125, chest: 0.175, height: 0.55, neck: 0.2, rise: 0.6,
        throat: 0.155, nape: 0.125, thigh: 0.1, knee: 0.046, ankle: 0.038, head: .fox,
        headSize: 1.06, tail: .bushy, coat: .wolf, curlsUp: true,
        hues: [0x7C_7C_80, 0x64_62_64, 0x90_88_7C])
    case .tiger:
      QuadrupedBuild(
        half: 0.4, rump: 0.19, waist: 0.18, chest: 0.205, height: 0.55, neck: 0.2, rise: 0.5,
        throat: 0.19, nape: 0.17, thigh: 0.145, knee: 0.085, ankle: 0.075, head: .bigCat,
        headSize: 1, tail: .thin, coat: .tiger, usual: .walking, hues: [0xE0_7C_1C, 0xD8_70_18])
    case .leopard:
      QuadrupedBuild(
        half: 0.4, rump: 0.155, waist: 0.135, chest: 0.165, height: 0.53, neck: 0.22, rise: 0.6,
        throat: 0.145, nape: 0.12, thigh: 0.115, knee: 0.062, ankle: 0.052, head: .bigCat,
        headSize: 0.8, tail: .thin, coat: .spots, usual: .walking, hues: [0xD8_A4_48, 0xE0_B0_58])
    case .lion:
      QuadrupedBuild(
        half: 0.38, rump: 0.175, waist: 0.17, chest: 0.2, height: 0.54, neck: 0.2, rise: 0.6,
        throat: 0.19, nape: 0.18, thigh: 0.135, knee: 0.08, ankle: 0.07, head: .bigCat,
        headSize: 0.92, tail: .tassel, coat: .plain, usual: .sitting,
        hues: [0xC8_98_50, 0xB8_84_44])
    case .bear:
      QuadrupedBuild(
        half: 0.34, rump: 0.24, waist: 0.235, chest: 0.245, height: 0.52, neck: 0.2, rise: 0.55,
        throat: 0.2, nape: 0.18, thigh: 0.16, knee: 0.1, ankle: 0.09, head: .bear, headSize: 0.86,
        tail: .none, coat: .plain, usual: .sitting, hues: [0x6C_48_2C, 0x54_3A_28, 0x7C_58_38])
    case .horse:
      QuadrupedBuild(
        half: 0.32, rump: 0.16, waist: 0.145, chest: 0.165, height: 0.53, neck: 0.34, rise: 1.0,
        throat: 0.15, nape: 0.078, thigh: 0.105, knee: 0.045, ankle: 0.028, head: .horse,
        headSize: 1, tail: .hair, coat: .plain, hooves: true,
        hues: [0x7A_4A_2A, 0xE6_E0_D8, 0x3A_2E_2A, 0xA8_70_40])
    case .zebra:
      QuadrupedBuild(
        half: 0.3, rump: 0.165, waist: 0.16, chest: 0.17, height: 0.53, neck: 0.28, rise: 0.95,
        throat: 0.15, nape: 0.085, thigh: 0.1, knee: 0.045, ankle: 0.03, head: .horse,
        headSize: 0.94, tail: .tassel, coat: .zebra, hooves: true, hues: [0xF0_EE_E8])
    case .cow:
      QuadrupedBuild(
        half: 0.42, rump: 0.205, waist: 0.215, chest: 0.215, height: 0.62, neck: 0.22, rise: 0.35,
        throat: 0.165, nape: 0.115, thigh: 0.11, knee: 0.06, ankle: 0.042, head: .cow, headSize: 1,
        tail: .tassel, coat: .patches, hooves: true, blockiness: 1,
        hues: [0xF2_EE_E8, 0xF2_EE_E8, 0xA4_60_34])
    case .deer:
      QuadrupedBuild(
        half: 0.24, rump: 0.115, waist: 0.1, chest: 0.125, height: 0.52, neck: 0.28, rise: 1.05,
        throat: 0.095, nape: 0.06, thigh: 0.075, knee: 0.032, ankle: 0.02, head: .deer,
        headSize: 0.8, tail: .stump, coat: .plain, hooves: true, hues: [0xA4_6C_3C, 0x94_60_38])
    default: nil
    }
  }
}
