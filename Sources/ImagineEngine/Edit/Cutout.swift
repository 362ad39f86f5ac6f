public import ImagineAPI

/// Subjects alone, with an alpha for their edges.
///
/// They are painted over black and over white; the difference gives the alpha.
struct Cutout {
  let colours: Raster
  let alpha: [UInt8]

  /// Paints the subjects of `scene` without a background.
  init(_ scene: Scene, _ rendering: Rendering, _ size: PixelSize, _ control: EngineControl) throws {
    let painter = Painter(scene, rendering)
    func painted(_ ground: Float) throws -> Canvas {
      let canvas = try Canvas(size, fill: Colour(ground, ground, ground, 1), control: control)
      for subject in scene.subjects where !control.isStopped {
        painter.paintAlone(subject, canvas)
      }
      try control.check()
      return canvas
    }
    let onBlack = try painted(0)
    let onWhite = try painted(1)
    let (width, height) = (size.width, size.height)
    var alpha = [UInt8](repeating: 0, count: width * height)
    alpha.withUnsafeMutableBufferPointer { alpha in
      nonisolated(unsafe) let out = alpha
      onBlack.inBands { rows in
        for index in (rows.lowerBound * width)..<(rows.upperBound * width) {
          let through = onWhite.pixels[index] - onBlack.pixels[index]
          let opacity = Elementary.clamp(1 - (through.x + through.y + through.z) / 3)
          out[index] = UInt8(opacity * 255 + 0.5)
          if opacity > 0.001 {
            onBlack.pixels[index] /= Colour(repeating: opacity)
          }
        }
      }
    }
    try control.check()
    self.alpha = alpha
    colours = Raster(try ToneMapping.picture(onBlack, rendering))
  }
}

extension Painter {
  /// Paints a subject without its shadow and reflection.
  func paintAlone(_ placement: Scene.Placement, _ canvas: Canvas) {
    FigureDrawing(
      placement.kind.figure(placement, time: time), origin: canvas.pixel(placement.foot),
      scale: canvas.pixels(placement.height), facing: placement.facing, painter: self, distance: 0
    ).paint(on: canvas)
  }
}

extension Scene {
  /// The scene with its subjects side by side in a box (in image heights), as large as they fit; a
  /// random subject when the prompt names none.
  func fitted(low: Point, high: Point) -> Scene {
    var scene = self
    if scene.subjects.isEmpty {
      var stream = scene.stream.split("subject")
      let kinds: [SubjectKind] = [.flower, .bird, .tree, .fruit, .cup, .fish, .balloon, .robot]
      var subject = Scene.Placement.scenery(stream.next())
      subject.kind = stream.pick(kinds)
      scene.subjects = [subject]
    }
    let width = (high.x - low.x) / Float(scene.subjects.count)
    for index in scene.subjects.indices {
      var subject = scene.subjects[index]
      let figure = subject.kind.figure(subject, time: 0)
      guard let bounds = Bounds(figure.parts.flatMap(\.contours)) else { continue }
      let extent = bounds.high - bounds.low
      subject.height = min((high.y - low.y) / extent.y, width * 0.94 / extent.x)
      let middle = (bounds.low.x + bounds.high.x) * 0.5 * (subject.facing < 0 ? -1 : 1)
      subject.foot = Point(
        low.x + width * (Float(index) + 0.5) - middle * subject.height,
        (low.y + high.y + (extent.y) * subject.height) * 0.5 - bounds.high.y * subject.height)
      subject.standsOnGround = true
      subject.distance = 0
      scene.subjects[index] = subject
    }
    return scene
  }
}

extension BuiltInEngine {
  public func png(
    prompt: String, aspectRatio: AspectRatio, seed: Int64, control: EngineControl = EngineControl()
  ) throws -> [UInt8] {
    let size = aspectRatio.pixelSize
    let half = Float(size.width) / Float(size.height) * 0.5
    let scene = Composer.scene(of: prompt, aspect: half * 2, seed: seed)
      .fitted(low: Point(-half * 0.88, 0.06), high: Point(half * 0.88, 0.94))
    let cutout = try Cutout(scene, Rendering(.cutout), size, control)
    return try Codec.encode(
      cutout.colours.picture(alpha: cutout.alpha), as: .png, control: control)
  }
}
