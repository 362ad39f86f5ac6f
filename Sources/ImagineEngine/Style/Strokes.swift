/// The abstract style: repaints the image in strokes of a broad brush that follow its forms.
struct Strokes {
  private let painter: Painter

  init(_ painter: Painter) { self.painter = painter }

  func apply(_ canvas: Canvas) {
    let source = Canvas(canvas)
    let flow = Noise(painter.scene.stream.split("strokes"))
    let sizes: [Float] = [0.08, 0.04, 0.02, 0.012]
    for (pass, size) in sizes.enumerated() {
      let strokes = plan(pass, size, source, flow)
      // Each band draws every stroke that reaches it, in the same order.
      Bands.run(0..<canvas.height, size: 32, control: canvas.control) { band in
        for stroke in strokes
        where stroke.low < Float(band.upperBound) && stroke.high > Float(band.lowerBound) {
          draw(stroke, band, canvas)
        }
      }
    }
    // The underlying image shows through a little, so that small things keep their shape.
    canvas.inBands { band in
      for index in (band.lowerBound * canvas.width)..<(band.upperBound * canvas.width) {
        canvas.pixels[index] = canvas.pixels[index].mixed(source.pixels[index], 0.3)
      }
    }
  }

  private struct Stroke: Sendable {
    let centre: Point
    let along: Point
    let length: Float
    let width: Float
    let colour: Colour
    let seed: Int32
    let low: Float
    let high: Float
  }

  private func plan(_ pass: Int, _ size: Float, _ source: Canvas, _ flow: Noise) -> [Stroke] {
    var stream = painter.scene.stream.split("brush", pass)
    var strokes: [Stroke] = []
    let height = Float(source.height)
    let spacing = size * height * (pass == 0 ? 0.5 : 0.62)
    let columns = Int(Float(source.width) / spacing) + 2
    let rows = Int(height / spacing) + 2
    for _ in 0..<(columns * rows) {
      let centre = Point(stream.unit() * Float(source.width), stream.unit() * height)
      let colour = sample(source, centre)
      let edge = gradient(source, centre, reach: size * height * 0.3)
      let strength = (edge * edge).sum().squareRoot()
      // Fine strokes only where there is detail; a subject gets fine strokes only.
      let isSubject = colour.w < 0.24
      if isSubject, pass == 0 { continue }
      if pass >= 2, strength < (isSubject ? 0.02 : 0.05) * Float(pass - 1) { continue }
      let swirl =
        (flow.cloud(
          centre.x / height * 2.2, centre.y / height * 2.2 + painter.time * 0.05, octaves: 3) - 0.5)
        * 11
      var along = Point(Elementary.cos(swirl), Elementary.sin(swirl))
      if strength > 0.04 {
        let tangent = Point(-edge.y, edge.x) / strength
        let follow = Elementary.clamp(strength * 5)
        along = along * (1 - follow) + tangent * (follow * ((tangent * along).sum() < 0 ? -1 : 1))
        along /= max((along * along).sum().squareRoot(), 0.001)
      }
      let length = size * height * stream.within(0.9...1.9)
      let width = size * height * stream.within(0.2...0.34)
      // Push colours apart: light ones warmer, dark ones cooler.
      let push = stream.within(-0.24...0.24)
      var paint = colour.lit(1 + push).saturated(1.25)
      if stream.chance(0.06) {
        paint = Colour(paint.z, paint.x, paint.y, paint.w).mixed(paint, 0.35)
      }
      let reach = length * 0.5 + width
      strokes.append(
        Stroke(
          centre: centre, along: along, length: length, width: width, colour: paint,
          seed: Int32(truncatingIfNeeded: stream.next()), low: centre.y - reach,
          high: centre.y + reach))
    }
    return strokes
  }

  private func sample(_ source: Canvas, _ at: Point) -> Colour {
    source.pixels[
      min(max(Int(at.y), 0), source.height - 1) * source.width
        + min(max(Int(at.x), 0), source.width - 1)]
  }

  private func gradient(_ source: Canvas, _ at: Point, reach: Float) -> Point {
    func level(_ dx: Float, _ dy: Float) -> Float {
      min(sample(source, at + Point(dx, dy)).luminance, 1.5).squareRoot()
    }
    return Point(level(reach, 0) - level(-reach, 0), level(0, reach) - level(0, -reach))
  }

  private func draw(_ stroke: Stroke, _ band: Range<Int>, _ canvas: Canvas) {
    let reach = stroke.length * 0.5 + stroke.width
    let rows =
      max(
        band.lowerBound, Int(max(stroke.low, 0)))..<min(
        band.upperBound, Int(max(stroke.high, 0)) + 1)
    let first = max(0, Int(max(stroke.centre.x - reach, 0)))
    let last = min(canvas.width - 1, Int(max(stroke.centre.x + reach, 0)))
    if rows.isEmpty || first > last { return }
    let half = stroke.length * 0.5
    var dry = SIMD16<Float>.zero
    var wet = SIMD16<Float>.zero
    for hair in 0..<15 {
      dry[hair] = Noise.cell(Int32(hair), stroke.seed, 3)
      wet[hair] = Noise.cell(Int32(hair), stroke.seed, 5)
    }
    for row in rows {
      let line = canvas.pixels + row * canvas.width
      let dy = Float(row) + 0.5 - stroke.centre.y
      for column in first...last {
        let dx = Float(column) + 0.5 - stroke.centre.x
        let u = dx * stroke.along.x + dy * stroke.along.y
        let bend = u * u / (stroke.length * 3)
        let v = (dx * -stroke.along.y + dy * stroke.along.x + bend) / stroke.width
        if abs(v) >= 1 || abs(u) > half + stroke.width { continue }
        // Bristles of the brush: each runs dry after a different length.
        let hair = Int((v + 1) * 7)
        let end = half * (0.72 + 0.42 * dry[hair])
        let edge =
          Elementary.smooth(1, 0.8, abs(v)) * Elementary.smooth(end + 1.5, end - 1.5, abs(u))
        if edge <= 0 { continue }
        let tone = 0.86 + 0.28 * wet[hair]
        line[column] = line[column].mixed(stroke.colour.lit(tone), edge * 0.92)
      }
    }
  }
}
