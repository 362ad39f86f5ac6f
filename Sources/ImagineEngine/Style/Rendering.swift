import ImagineAPI

/// How a style paints, independent of the image's content.
struct Rendering: Sendable {
  /// How light falls on a form.
  enum Shading: Sendable {
    /// Plain, without texture.
    case clean
    /// Soft, with texture.
    case soft
    /// In flat steps, with ink lines.
    case cel
    /// Dark bodies with glowing edges.
    case neon
  }

  /// What happens to the whole image at the end.
  enum Finish: Sendable { case plain, strokes }

  var shading: Shading
  /// Octaves of detail in noise.
  var octaves: Int
  /// How strongly surfaces show their material, 0 … 1.
  var texture: Float
  var saturation: Float
  var contrast: Float
  /// Width of the ink lines, as a fraction of the image's height; 0 for none.
  var ink: Float
  /// How far light spreads beyond bright parts, 0 … 1.
  var bloom: Float
  /// Strength of film grain, in steps of 8-bit colour.
  var grain: Float
  var vignette: Float
  /// Local contrast, 0 … 1.
  var clarity: Float
  /// Additional haze beyond that of clear weather.
  var air: Float
  /// True when the distant background of a subject is out of focus.
  var hasFocus: Bool
  /// How strongly fine detail is sharpened, 0 … 1.
  var sharpness: Float
  var finish: Finish

  init(_ style: ImageStyle) {
    switch style {
    case .imagineTurbo:
      self.init(.clean, octaves: 4, texture: 0.2, saturation: 1.08, contrast: 1.04)
    case .realistic:
      self.init(.soft, octaves: 7, texture: 1, saturation: 1.04, contrast: 1.03)
      bloom = 0.35
      grain = 4
      vignette = 0.4
      air = 1.2
      hasFocus = true
    case .anime:
      self.init(.cel, octaves: 4, texture: 0, saturation: 1.3, contrast: 1.05)
      ink = 0.0026
      bloom = 0.15
    case .fluxDev:
      self.init(.neon, octaves: 6, texture: 0.8, saturation: 1.2, contrast: 1.12)
      bloom = 1
      vignette = 0.5
    case .fluxDevFast:
      self.init(.neon, octaves: 4, texture: 0.4, saturation: 1.15, contrast: 1.1)
      bloom = 0.6
      vignette = 0.4
    case .fluxSchnell:
      self.init(.clean, octaves: 4, texture: 0.3, saturation: 1.5, contrast: 1.15)
      finish = .strokes
    case .sdxl:
      self.init(.soft, octaves: 8, texture: 0.9, saturation: 1.28, contrast: 1.14)
      clarity = 0.8
      bloom = 0.2
      air = 0.7
      sharpness = 0.8
    }
  }

  /// How a video style paints. The names come from other services; the styles differ in how much
  /// work a frame gets.
  init(video style: String) {
    switch style {
    case "imagine-v1", "hailuo-live-ai": self.init(.anime)
    case "kling-1.0-pro", "kling-1.5", "luma-dream-machine-ray-2":
      self.init(.realistic)
      // Grain that changes every frame costs the encoder more than the eye gains.
      grain = 0
      hasFocus = false
    default:
      self.init(.clean, octaves: 4, texture: 0.25, saturation: 1.04, contrast: 1.02)
      bloom = 0.2
    }
  }

  /// Uses of the painter that have no style of their own.
  enum Purpose {
    /// A subject alone, or in a user's image.
    case cutout
    /// A background behind a user's subject.
    case backdrop
  }

  init(_ purpose: Purpose) {
    self.init(.soft, octaves: 6, texture: 0.9, saturation: 1.05, contrast: 1.03)
    if purpose == .backdrop { bloom = 0.2 }
  }

  private init(
    _ shading: Shading, octaves: Int, texture: Float, saturation: Float, contrast: Float
  ) {
    self.shading = shading
    self.octaves = octaves
    self.texture = texture
    self.saturation = saturation
    self.contrast = contrast
    ink = 0
    bloom = 0
    grain = 0
    vignette = 0
    clarity = 0
    air = 1
    hasFocus = false
    sharpness = 0
    finish = .plain
  }
}
