import ImagineCore

/// How a style paints: what its brush does, apart from what is in the picture.
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

  /// What is done to the whole picture in the end.
  enum Finish: Sendable { case plain, strokes }

  var shading: Shading
  /// Sizes of detail in what noise makes.
  var octaves: Int
  /// How strongly surfaces show what they are made of, 0 … 1.
  var texture: Float
  var saturation: Float
  var contrast: Float
  /// Width of the ink lines in parts of the picture's height; 0 for none.
  var ink: Float
  /// How far light spreads beyond what shines, 0 … 1.
  var bloom: Float
  /// Strength of film grain, in steps of 8-bit colour.
  var grain: Float
  var vignette: Float
  /// Local contrast, 0 … 1.
  var clarity: Float
  /// How much more the air hides than in clear weather.
  var air: Float
  /// Whether what is far behind a subject is out of focus.
  var hasFocus: Bool
  /// How far fine detail stands out, 0 … 1.
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

  /// How a video style paints. The names are other services'; what they share is how much care a
  /// frame gets.
  init(video style: String) {
    switch style {
    case "imagine-v1", "hailuo-live-ai": self.init(.anime)
    case "kling-1.0-pro", "kling-1.5", "luma-dream-machine-ray-2":
      self.init(.realistic)
      // Grain that is new in every frame costs the encoder more than it gives the eye.
      grain = 0
      hasFocus = false
    default:
      self.init(.clean, octaves: 4, texture: 0.25, saturation: 1.04, contrast: 1.02)
      bloom = 0.2
    }
  }

  /// Uses of the painter that have no style of their own.
  enum Purpose {
    /// A subject alone, or in somebody's picture.
    case cutout
    /// A set behind somebody's subject.
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
