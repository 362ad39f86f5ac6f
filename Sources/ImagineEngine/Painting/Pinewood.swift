/// A forest of firs: rows that fade into the distance, and a few trees nearby.
extension Painter {
  func paintPinewood(_ canvas: Canvas, _ forest: ForestPalette) {
    var stream = scene.stream.split("firs")
    let half = Float(canvas.width) / Float(canvas.height) * 0.5 + 0.1
    let needle = firColour(forest)
    for row in 0..<5 {
      let near = Float(row) / 4
      let count = [34, 26, 19, 13, 9][row]
      var firs: [FigureDrawing] = []
      for index in 0..<count {
        let x = -half + (Float(index) + stream.within(0.1...0.9)) * 2 * half / Float(count)
        let aside = Elementary.clamp(abs(x) / half)
        // A clearing in the middle keeps the view open.
        if row > 2, aside < 0.3 { continue }
        let height = (0.2 + near * 0.2) * stream.within(0.7...1.2) * (0.75 + 0.5 * aside)
        let foot = Point(x, scene.horizon + 0.012 + near * near * 0.05)
        let colour = needle.lit(stream.within(0.75...1.05)) * scene.palette.ambient
        let faded = colour.mixed(forest.glade, 0.74 - near * 0.52)
        var figure = Figure(.scenery(stream.next()), time: time)
        // Drawn without shading: a plain shape in one tone.
        figure.drawFirShape(Surface(colour: faded, round: 0, glow: 0.94))
        firs.append(drawing(figure, foot, height, 0.3, 0.9 - near * 0.4, canvas))
      }
      FigureDrawing.paint(firs, on: canvas)
    }
    paintNearFirs(canvas, needle, half, &stream)
  }

  private func paintNearFirs(
    _ canvas: Canvas, _ needle: Colour, _ half: Float, _ stream: inout RandomStream
  ) {
    for index in 0..<7 {
      let near = Float(index) / 6
      let side: Float = index % 2 == 0 ? 1 : -1
      let x = side * half * stream.within(0.5...0.95)
      var fir = Scene.Placement.scenery(stream.next())
      fir.kind = .conifer
      fir.colours = [needle.lit(stream.within(0.8...1.1))]
      let foot = Point(x, scene.horizon + 0.09 + near * near * 0.28)
      let height = (0.42 + near * 0.34) * stream.within(0.85...1.1)
      let nearness = 0.4 + 0.5 * near
      let figure = fir.kind.figure(fir, time: time)
      paintShadow(
        figure, canvas.pixel(foot, nearness), canvas.pixels(height, nearness), fir, canvas)
      drawing(figure, foot, height, nearness, 0.34 - near * 0.2, canvas).paint(on: canvas)
    }
  }

  private func firColour(_ forest: ForestPalette) -> Colour {
    if forest.isWinter { return Colour(0x7C_98_9C) }
    return forest.leaf.mixed(Colour(0x2C_54_3C), 0.6)
  }

  private func drawing(
    _ figure: Figure, _ foot: Point, _ height: Float, _ nearness: Float, _ distance: Float,
    _ canvas: Canvas
  ) -> FigureDrawing {
    FigureDrawing(
      figure, origin: canvas.pixel(foot, nearness), scale: canvas.pixels(height, nearness),
      facing: 1, painter: self, distance: distance)
  }
}

extension Figure {
  /// A fir as one outline.
  fileprivate mutating func drawFirShape(_ surface: Surface) {
    let tiers = 9
    var right: [Point] = [Point(0, -1)]
    for tier in 1...tiers {
      let t = Float(tier) / Float(tiers)
      let half = 0.03 + 0.23 * t + stream.within(-0.025...0.02)
      let y = -1 + t * 0.97
      right.append(Point(half, y + stream.within(-0.012...0.012)))
      right.append(Point(half * 0.55, y - 0.012))
    }
    let left = right.dropFirst().reversed().map { Point(-$0.x * 0.96, $0.y + 0.008) }
    add(right + [Point(0.025, 0), Point(-0.025, 0)] + left, surface, outlined: false)
  }
}
