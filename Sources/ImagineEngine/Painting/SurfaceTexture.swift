/// The fine pattern of a surface's material, as a factor on its light.
struct SurfaceTexture: Sendable {
  private let texture: Surface.Texture
  private let strength: Float
  private let noise: Noise
  private let origin: Point
  private let scale: Float
  /// How bumps that tilt right and up catch the light.
  private let slant: Point

  /// Nil when the surface or the style shows none.
  init?(_ surface: Surface, _ sceneLight: SceneLight, _ noise: Noise, origin: Point, scale: Float) {
    guard sceneLight.texture > 0, surface.texture != .plain, surface.glow <= 0 else { return nil }
    texture = surface.texture
    strength = sceneLight.texture
    self.noise = noise
    self.origin = origin
    self.scale = 1 / scale
    slant = Point(sceneLight.direction.x, sceneLight.direction.y) * 0.6
  }

  @inline(__always)
  func brightness(_ x: Float, _ y: Float) -> Float {
    let u = (x - origin.x) * scale
    let v = (y - origin.y) * scale
    var amount: Float
    switch texture {
    case .plain: return 1
    case .fur:
      let flow = noise.value(u * 6, v * 6) * 3
      amount =
        (noise.cloud(u * 90 + flow * 4, v * 22 + flow, octaves: 3) - 0.5) * (0.75 + 0.26 * slant.x)
    case .bark:
      let warp = noise.value(u * 9, v * 5) * 1.4
      amount = (noise.cloud(u * 46 + warp, v * 9 + warp, octaves: 3) - 0.5) * 0.9
    case .leaves:
      // A leaf is a bump that is bright on the sun's side.
      let leaf = noise.slope(u * 60, v * 60)
      let fine = noise.value(u * 150, v * 150) - 0.5
      amount =
        (leaf.height - 0.5) * 0.5 + fine * 0.4 - (leaf.east * slant.x - leaf.south * slant.y) * 0.5
    case .brick:
      let row = Elementary.floor(v * 30)
      let shift = Int32(row) & 1 == 0 ? Float(0) : 0.5
      let column = u * 14 + shift
      let edge = max(
        Elementary.smooth(0.4, 0.48, abs(Elementary.fraction(column) - 0.5)),
        Elementary.smooth(0.36, 0.46, abs(Elementary.fraction(v * 30) - 0.5)))
      amount = (Noise.cell(Int32(row), Int32(Elementary.floor(column))) - 0.5) * 0.34 - edge * 0.22
    case .brushed: amount = (noise.cloud(u * 6, v * 130, octaves: 2) - 0.5) * 0.3
    case .grain: amount = (noise.cloud(u * 26, v * 26, octaves: 4) - 0.5) * 0.8
    case .cloth:
      let fold = noise.cloud(u * 9, v * 4, octaves: 3) - 0.5
      amount = fold * (0.5 + 0.7 * slant.x) + (noise.value(u * 190, v * 190) - 0.5) * 0.16
    case .peel: amount = (noise.cloud(u * 30, v * 12, octaves: 3) - 0.5) * 0.34
    }
    return max(0.1, 1 + amount * strength)
  }
}
