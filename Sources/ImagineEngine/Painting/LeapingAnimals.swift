/// Animals that leap out of the water in an arc, with the splash they make.
extension Painter {
  func paintLeap(_ placement: Scene.Placement, _ canvas: Canvas) {
    let leap = Leap(placement, at: time)
    let nearness = 0.4 + 0.5 * (1 - placement.distance)
    let surface = canvas.pixel(placement.foot, nearness)
    let scale = canvas.pixels(placement.height, nearness)
    var figure = placement.kind.figure(placement, time: time)
    figure.turn(by: leap.angle, around: Point(0, -0.5))
    let side: Float = placement.facing < 0 ? -1 : 1
    let origin = surface + Point(leap.advance * side, -leap.rise) * scale + Point(0, scale * 0.5)
    FigureDrawing(
      figure, origin: origin, scale: scale, facing: placement.facing, painter: self,
      distance: placement.distance, waterline: surface.y + scale * 0.02
    ).paint(on: canvas)
    for splash in leap.splashes where splash.strength > 0.04 {
      var spray = Figure(placement, time: time)
      spray.drawSplash(width: 0.4 + splash.strength * 0.5, age: splash.strength)
      FigureDrawing(
        spray, origin: surface + Point(splash.x * side * scale, scale * 0.02),
        scale: scale * (0.45 + 0.55 * splash.strength), facing: placement.facing, painter: self,
        distance: placement.distance - 0.005
      ).paint(on: canvas)
    }
  }
}

/// A moment of a leap. Lengths are in heights of the animal, from the point where it passes the
/// surface.
private struct Leap {
  /// The rotation of its body: negative is nose up.
  let angle: Float
  let advance: Float
  let rise: Float
  let splashes: [(x: Float, strength: Float)]

  /// A leap repeats every 3.4 s; a still image shows the animal on its way up.
  init(_ placement: Scene.Placement, at time: Float) {
    var stream = RandomStream(placement.seed)
    let offset = stream.within(-0.08...0.08)
    // From below the surface (-0.35) over its highest point (0.5) to below it again (1.35).
    let turn = Elementary.fraction(0.41 + offset + time / 3.4)
    let way = turn * 1.7 - 0.35
    angle = (way - 0.5) * 1.6
    advance = (way - 0.35) * 1.5
    rise = Elementary.sin(way * Elementary.pi) * 0.95 - 0.3
    splashes = [
      (x: -0.75, strength: Elementary.smooth(-0.3, 0.05, way) * Elementary.smooth(0.75, 0.2, way)),
      (x: 1.1, strength: Elementary.smooth(0.75, 1.05, way) * Elementary.smooth(1.35, 1.15, way)),
    ]
  }
}
