public import ImagineAPI

extension BuiltInEngine {
  public func makeVideo(
    prompt: String, style: String, aspectRatio: AspectRatio, seed: Int64, into folder: String,
    control: EngineControl = EngineControl()
  ) throws -> VideoFiles {
    let size = aspectRatio.videoSize
    let frames = VideoFrames(prompt: prompt, style: style, size: size, seed: seed)
    return try VideoWriter(size: size, folder: folder).run(control) {
      try frames.frame(at: $0, control: control)
    }
  }
}

/// The frames of a generated video: a scene and a camera that moves through it.
struct VideoFrames: Sendable {
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
    return try ToneMapping.picture(canvas, rendering)
  }
}
