/// The light on forms in a scene, as a style renders it.
struct SceneLight: Sendable {
  let shading: Rendering.Shading
  let texture: Float
  /// Towards the sun: x right, y up, z towards the viewer.
  let direction: SIMD3<Float>
  let sun: Colour
  let ambient: Colour
  let glow: Colour
  /// True when lamps and windows shine.
  let isLit: Bool
  /// True when signs and edges glow.
  let isNeon: Bool

  init(_ scene: Scene, _ rendering: Rendering) {
    shading = rendering.shading
    texture = rendering.texture
    var towards = scene.sunDirection
    towards.z = -towards.z
    direction = towards
    sun = scene.palette.sun
    ambient = scene.palette.ambient
    glow = scene.glow
    isLit = scene.isLit
    isNeon = rendering.shading == .neon || scene.lights.contains(.neon)
  }

  /// The light that a surface sends to the viewer.
  ///
  /// `normal` has length 1 (x right, y up, z towards the viewer); `shine` is 0 … 1; `rim` adds
  /// light around edges (false for the ground).
  @inline(__always)
  func light(_ albedo: Colour, _ normal: SIMD3<Float>, shine: Float, rim: Bool = true) -> Colour {
    let facing = self.facing(normal)
    switch shading {
    case .clean, .soft:
      let wrapped = max(0, (facing + 0.25) * 0.8)
      let sky = 0.62 + 0.38 * normal.y
      var result = albedo * (ambient * Colour(repeating: sky) + sun * Colour(repeating: wrapped))
      let edge = rim ? 1 - max(0, normal.z) : 0
      result += ambient * Colour(repeating: 0.16 * edge * edge * (0.5 + 0.5 * normal.y))
      if shine > 0 { result += sun * Colour(repeating: highlight(normal) * shine) }
      return result
    case .cel:
      var result = celLight(albedo, facing: facing)
      if shine > 0.2, highlight(normal) > 0.35 { result += sun * Colour(repeating: 0.35 * shine) }
      return result
    case .neon:
      let edge = rim ? 1 - max(0, normal.z) : 0
      let wrapped = max(0, (facing + 0.2) * 0.8)
      var result =
        albedo * (ambient * Colour(repeating: 0.5) + sun * Colour(repeating: wrapped * 0.6))
      result += glow * Colour(repeating: 1.5 * edge * edge * edge)
      if rim { result += (sun + glow) * Colour(repeating: 0.5 * highlight(normal) * (0.3 + shine)) }
      return result
    }
  }

  /// How far a surface faces the light, -1 … 1.
  @inline(__always)
  func facing(_ normal: SIMD3<Float>) -> Float { (normal * direction).sum() }

  /// Above `celLight` a cel is fully lit, above `celShade` half.
  static let celLight: Float = 0.42
  static let celShade: Float = 0.02

  /// The step of light that the cel style shows.
  @inline(__always)
  func celLight(_ albedo: Colour, facing: Float) -> Colour {
    let level: Float = facing > Self.celLight ? 1.02 : (facing > Self.celShade ? 0.72 : 0.34)
    return albedo * (ambient * Colour(repeating: 0.85) + sun * Colour(repeating: level))
  }

  /// The mirror image of the sun, 0 … 1 (Blinn, 32nd power).
  @inline(__always)
  func highlight(_ normal: SIMD3<Float>) -> Float {
    var half = direction + SIMD3(0, 0, 1)
    half /= (half * half).sum().squareRoot()
    var cosine = max(0, (normal * half).sum())
    cosine *= cosine
    cosine *= cosine
    cosine *= cosine
    cosine *= cosine
    return cosine * cosine
  }
}
