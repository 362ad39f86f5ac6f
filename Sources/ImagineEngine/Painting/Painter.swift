import ImagineAPI

/// Paints a scene in a style, layer by layer from the back.
struct Painter: Sendable {
  let scene: Scene
  let rendering: Rendering
  let sceneLight: SceneLight
  /// Seconds from the start of a video; 0 for an image.
  let time: Float

  init(_ scene: Scene, _ rendering: Rendering, time: Float = 0) {
    self.scene = rendering.shading == .neon ? scene.darkenedForNeon() : scene
    self.rendering = rendering
    self.time = time
    sceneLight = SceneLight(self.scene, rendering)
  }

  /// Paints the whole canvas, including the style's finish.
  func paint(_ canvas: Canvas) {
    paintPlace(canvas)
    for subject in scene.subjects where !canvas.control.isStopped { paint(subject, canvas) }
    if canvas.control.isStopped { return }
    paintForeground(canvas)
    paintWeather(canvas)
    Finish(self).apply(canvas)
  }

  private func paintPlace(_ canvas: Canvas) {
    switch scene.place {
    case .skyline:
      paintSky(canvas)
      paintSkyline(canvas)
    case .street:
      paintSky(canvas)
      paintStreet(canvas)
    case .forest:
      paintForest(canvas)
    case .coast where scene.hasSurf:
      paintSky(canvas)
      paintSurf(canvas)
    case .mountains, .desert, .meadow, .snow, .coast, .lake:
      paintSky(canvas)
      paintTerrain(canvas)
      paintScenery(canvas)
    case .sea:
      paintSky(canvas)
      paintWater(canvas)
      paintBreakers(canvas)
    case .nightSky:
      paintSky(canvas)
      paintHillsOfNight(canvas)
    case .space:
      paintSpace(canvas)
    case .underwater:
      paintUnderwater(canvas)
    case .interior:
      paintInterior(canvas)
    case .studio:
      paintStudio(canvas)
    }
  }

  /// Fades a colour into the air, by depth (0 … 1).
  @inline(__always)
  func hazed(_ colour: Colour, _ depth: Float) -> Colour { Air(self, depth: depth).over(colour) }
}

/// The haze in front of something at a depth.
struct Air: Sendable {
  private let haze: Colour
  /// The fraction of the background that it hides.
  let amount: Float

  /// At a depth of 0 … 1.
  @inline(__always)
  init(_ painter: Painter, depth: Float) {
    haze = painter.scene.palette.haze
    let thickness = (0.5 + 3.2 * painter.scene.hazeDensity) * painter.rendering.air
    amount = 0.92 * (1 - Elementary.exp(-depth * thickness))
  }

  @inline(__always)
  func over(_ colour: Colour) -> Colour { colour.mixed(haze, amount) }
}
