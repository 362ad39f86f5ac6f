import ImagineAPI

/// How the camera moves through a video.
struct CameraMove: Sendable {
  private enum Kind { case push, pull, pan, rise, still }

  private let kind: Kind
  private let direction: Float

  /// The move that the prompt asks for ("zoom in", "pan left", …), else a slow push or pan at
  /// random.
  init(prompt: String, scene: Scene) {
    let words = Set(PromptParser.words(of: prompt))
    var stream = scene.stream.split("camera")
    var direction: Float = stream.chance(0.5) ? 1 : -1
    if words.contains("left") { direction = -1 }
    if words.contains("right") { direction = 1 }
    self.direction = direction
    if !words.isDisjoint(with: ["static", "fixed", "tripod"]) {
      kind = .still
    } else if words.contains("out"), words.contains("zoom") || words.contains("pull") {
      kind = .pull
    } else if !words.isDisjoint(with: [
      "zoom", "zooming", "push", "dolly", "approach", "fly", "flythrough",
    ]) {
      kind = .push
    } else if !words.isDisjoint(with: ["pan", "panning", "tracking", "orbit", "sweep"]) {
      kind = .pan
    } else if !words.isDisjoint(with: ["rise", "rising", "tilt", "ascend", "crane", "drone"]) {
      kind = .rise
    } else {
      kind = stream.chance(0.6) ? .push : .pan
    }
  }

  /// The view at a moment, in seconds.
  func view(at time: Float) -> View {
    // Ease in and out.
    let t = Elementary.smooth(-1.2, Float(VideoWriter.seconds) + 1.2, time)
    switch kind {
    case .push: return View(pan: direction * (t - 0.5) * 0.03, zoom: 1 + 0.16 * t)
    case .pull: return View(zoom: 1.18 - 0.16 * t)
    case .pan: return View(pan: direction * (t - 0.5) * 0.16, zoom: 1.06)
    case .rise: return View(lift: (0.5 - t) * 0.1, zoom: 1.08)
    case .still: return View()
    }
  }
}
