/// Paints subjects: their shadow on the ground, then their parts from back to front.
extension Painter {
  func paint(_ placement: Scene.Placement, _ canvas: Canvas) {
    if placement.isLeaping, scene.place.isWater { return paintLeap(placement, canvas) }
    let figure = placement.kind.figure(placement, time: time)
    let nearness = 0.4 + 0.5 * (1 - placement.distance)
    var foot = onLand(placement) + motion(of: placement)
    if placement.kind.isAfloat || placement.features.contains(.afloat) {
      foot.y += Elementary.sin(time * 1.7) * 0.004
    }
    let origin = canvas.pixel(foot, nearness)
    let scale = canvas.pixels(placement.height, nearness)
    if placement.standsOnGround {
      paintCastShadow(figure, origin, scale, placement, canvas)
      paintShadow(figure, origin, scale, placement, canvas)
    }
    let drawing = FigureDrawing(
      figure, origin: origin, scale: scale, facing: placement.facing, painter: self,
      distance: placement.distance)
    drawing.paint(on: canvas)
    if placement.kind == .boat { paintReflection(of: drawing, waterline: origin.y, canvas) }
  }

  /// The foot of a standing subject, moved to the nearest dry land.
  private func onLand(_ placement: Scene.Placement) -> Point {
    guard placement.standsOnGround, scene.place == .coast, !scene.hasSurf else {
      return placement.foot
    }
    let land = Land(self)
    for step in 0..<16 {
      let aside = Point(land.dryDirection * Float(step) * 0.06, 0)
      if land.footing(placement.foot + aside) != nil { return placement.foot + aside }
    }
    return placement.foot
  }

  /// How far a subject has moved since the video began.
  private func motion(of placement: Scene.Placement) -> Point {
    switch placement.kind {
    case .bird where !placement.standsOnGround:
      Point(placement.facing * time * 0.035, Elementary.sin(time * 1.3) * 0.015)
    case .car where placement.standsOnGround: Point(placement.facing * (time - 2) * 0.03, 0)
    case .boat: Point(placement.facing * time * 0.012, 0)
    case _ where placement.features.contains(.afloat): Point(placement.facing * time * 0.012, 0)
    case .jellyfish: Point(0, Elementary.sin(time * 1.1) * 0.02)
    case .butterfly where !placement.standsOnGround:
      Point(Elementary.sin(time * 1.2) * 0.03, Elementary.sin(time * 2.3) * 0.02)
    case .train: Point(placement.facing * (time - 2) * 0.02, 0)
    case .rocket where !placement.standsOnGround: Point(0, -time * 0.02)
    case .balloon: Point(time * 0.008, -time * 0.006)
    case _ where placement.kind.swims:
      Point(placement.facing * time * 0.02, Elementary.sin(time * 0.9) * 0.008)
    default: Point(0, 0)
    }
  }

  /// A soft shadow under the foot, stretched away from the sun.
  func paintShadow(
    _ figure: Figure, _ origin: Point, _ scale: Float, _ placement: Scene.Placement,
    _ canvas: Canvas
  ) {
    var contours: [[Point]] = []
    for part in figure.parts where part.base == nil {
      for contour in part.contours where contour.contains(where: { $0.y > -0.22 }) {
        contours.append(contour)
      }
    }
    guard let bounds = Bounds(contours) else { return }
    let lean = -sceneLight.direction.x * 0.35
    let width = max((bounds.high.x - bounds.low.x) * 0.5, 0.08) * scale
    let centre = Point(
      origin.x + (bounds.low.x + bounds.high.x) * 0.5 * placement.facing * scale + lean * width,
      origin.y - 0.004 * scale)
    let radius = Point(width * 1.45, max(width * 0.26, scale * 0.035))
    let tone = scene.palette.ambient * Colour(repeating: 0.12)
    let around = Bounds(centre - radius, centre + radius)
    canvas.inBands(around.rows(within: canvas)) { band in
      for row in band {
        let dy = (Float(row) + 0.5 - centre.y) / radius.y
        let line = canvas.pixels + row * canvas.width
        for column in around.columns(within: canvas) {
          let dx = (Float(column) + 0.5 - centre.x) / radius.x
          let square = dx * dx + dy * dy
          if square >= 1 { continue }
          let amount = (1 - square) * (1 - square) * 0.72
          let under = line[column]
          var shadowed = under * Colour(repeating: 0.25) + tone
          shadowed.w = under.w
          line[column] = under.mixed(shadowed, amount)
        }
      }
    }
  }

  /// The mirror image of a floating subject below its waterline, broken by the waves.
  private func paintReflection(of drawing: FigureDrawing, waterline: Float, _ canvas: Canvas) {
    guard let bounds = drawing.bounds else { return }
    let rows =
      Int(
        max(waterline, 0))..<min(
        canvas.height, Int(max(waterline + (waterline - bounds.low.y) * 0.75, 1)))
    guard rows.lowerBound < rows.upperBound else { return }
    let ripple = Noise(scene.stream.split("ripple"))
    let columns = bounds.columns(within: canvas, margin: 12)
    let top = Int(max(bounds.low.y, 0))
    canvas.inBands(rows) { band in
      for row in band {
        let below = Float(row) + 0.5 - waterline
        let source = Int(waterline - below * 1.25)
        if source < top { continue }
        let fade = 0.55 * (1 - below / Float(rows.count))
        let line = canvas.pixels + row * canvas.width
        let above = canvas.pixels + source * canvas.width
        let reach = below * 0.05 + 2
        for column in columns {
          let wave = ripple.value(Float(column) * 0.02, below * 0.22 + time * 2) - 0.5
          let from = min(max(column + Int(wave * reach * 2.4), 0), canvas.width - 1)
          // Mirror only the boat; the water has mirrored the rest.
          if above[from].w > 0.22 { continue }
          let mirrored = above[from] * Colour(0.7, 0.72, 0.75, 1)
          line[column] = line[column].mixed(mirrored, fade * (0.6 + 0.8 * (wave + 0.5)))
        }
      }
    }
  }
}
