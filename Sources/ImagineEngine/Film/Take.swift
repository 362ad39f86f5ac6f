import ImagineCore

/// A scene before a camera that moves: what a film shows at each moment.
struct Take: Sendable {
  private let scene: Scene
  private let rendering: Rendering
  private let move: CameraMove
  private let size: PixelSize

  /// The take of a prompt in a video style.
  init(prompt: String, style: String, size: PixelSize, seed: Int64) {
    self.size = size
    scene = Composer.scene(
      of: prompt, aspect: Float(size.width) / Float(size.height), seed: seed)
    rendering = Rendering(video: style)
    move = CameraMove(prompt: prompt, scene: scene)
  }

  /// The picture at a moment, in seconds; no other moment's picture is needed for it.
  func frame(at time: Float, control: EngineControl = EngineControl()) throws -> Bitmap {
    let canvas = try Canvas(size, view: move.view(at: time), control: control)
    Painter(scene, rendering, time: time).paint(canvas)
    try control.check()
    return try Developing.picture(canvas, rendering)
  }
}
