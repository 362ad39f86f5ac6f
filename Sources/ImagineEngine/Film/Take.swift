import ImagineCore

/// The frames of a generated video: a scene and a camera that moves through it.
struct Take: Sendable {
  private let scene: Scene
  private let rendering: Rendering
  private let move: CameraMove
  private let size: PixelSize

  /// The frames for a prompt in a video style.
  init(prompt: String, style: String, size: PixelSize, seed: Int64) {
    self.size = size
    scene = Composer.scene(
      of: prompt, aspect: Float(size.width) / Float(size.height), seed: seed)
    rendering = Rendering(video: style)
    move = CameraMove(prompt: prompt, scene: scene)
  }

  /// The image at a moment, in seconds; it does not depend on other frames.
  func frame(at time: Float, control: EngineControl = EngineControl()) throws -> Bitmap {
    let canvas = try Canvas(size, view: move.view(at: time), control: control)
    Painter(scene, rendering, time: time).paint(canvas)
    try control.check()
    return try Developing.picture(canvas, rendering)
  }
}
