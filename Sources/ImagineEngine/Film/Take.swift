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
  func frame(at time: Float) throws -> Bitmap {
    let canvas = Canvas(width: size.width, height: size.height, view: move.view(at: time))
    Painter(scene, rendering, time: time).paint(canvas)
    return try Developing.picture(canvas, rendering)
  }
}
