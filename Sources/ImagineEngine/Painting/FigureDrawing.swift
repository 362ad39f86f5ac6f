/// A figure at its place on a canvas.
struct FigureDrawing: Sendable {
  private struct Part: Sendable {
    var contours: [[Point]]
    /// The contours of the part that it marks; empty for a part of its own.
    var frame: [[Point]]
    var bounds: Bounds
    var form: LitForm
    var texture: SurfaceTexture?
    var clear: Float
    var isFeathered: Bool
    var lines: [[Point]]
    var ink: Colour
  }

  private let parts: [Part]
  private let distance: Float
  /// The first row under water; nothing is painted from there on.
  private let waterline: Float
  /// The pixels that it may touch; nil when it has no parts.
  let bounds: Bounds?

  init(
    _ figure: Figure, origin: Point, scale: Float, facing: Float, painter: Painter, distance: Float,
    waterline: Float = .infinity
  ) {
    self.distance = distance
    self.waterline = waterline
    let turn = Point(facing < 0 ? -scale : scale, scale)
    let inkWidth = painter.rendering.ink * max(scale * 1.6, 300)
    let noise = Noise(painter.scene.stream.split("surface"))
    let air = Air(painter, depth: distance * 0.35)
    let sceneLight = painter.sceneLight
    var prepared = [Part?](repeating: nil, count: figure.parts.count)
    prepared.withUnsafeMutableBufferPointer { buffer in
      nonisolated(unsafe) let out = buffer
      Bands.run(0..<figure.parts.count, size: 4) { band in
        for index in band {
          let part = figure.parts[index]
          // The cel style has no soft tones.
          if part.surface.isFeathered, painter.rendering.shading == .cel { continue }
          func placed(_ contours: [[Point]]) -> [[Point]] {
            contours.map { contour in contour.map { origin + $0 * turn } }
          }
          let contours = placed(part.contours)
          guard let bounds = Bounds(contours) else { continue }
          let frame = part.base.map { placed(figure.parts[$0].contours) } ?? []
          var ink = part.surface.colour * Colour(0.09, 0.07, 0.1, 0)
          ink.w = distance
          out[index] = Part(
            contours: contours, frame: frame, bounds: bounds,
            form: LitForm(
              part.surface,
              Relief(frame.isEmpty ? contours : frame, round: part.surface.round), sceneLight, air),
            texture: SurfaceTexture(part.surface, sceneLight, noise, origin: origin, scale: scale),
            clear: part.surface.clear, isFeathered: part.surface.isFeathered,
            lines: inkWidth > 0 && part.isOutlined
              ? contours.flatMap {
                Shape.line($0, width: contours.count > 1 ? inkWidth * 2 : inkWidth, closed: true)
              } : [],
            ink: ink)
        }
      }
    }
    parts = prepared.compactMap(\.self)
    bounds = parts.dropFirst().reduce(parts.first?.bounds) { $0?.joined($1.bounds) }
  }

  func paint(on canvas: Canvas) { Self.paint([self], on: canvas) }

  /// Paints figures in order, later ones over earlier ones.
  static func paint(_ drawings: [FigureDrawing], on canvas: Canvas) {
    let bounds = drawings.compactMap(\.bounds)
    guard let first = bounds.first else { return }
    let around = bounds.dropFirst().reduce(first) { $0.joined($1) }
    canvas.inBands(around.rows(within: canvas, margin: 3)) { band in
      for drawing in drawings {
        for part in drawing.parts { drawing.paint(part, rows: band, on: canvas) }
      }
    }
  }

  private func paint(_ part: Part, rows band: Range<Int>, on canvas: Canvas) {
    var rows = part.bounds.rows(within: canvas, margin: 3).clamped(to: band)
    if waterline < Float(canvas.height) { rows = rows.clamped(to: 0..<Int(max(waterline, 0))) }
    let columns = part.bounds.columns(within: canvas, margin: 3)
    if rows.isEmpty || columns.isEmpty { return }
    var coverage = Coverage(columns: columns, rows: rows)
    for contour in part.contours { coverage.add(contour) }
    let left = columns.lowerBound
    if part.isFeathered, let colour = part.form.plain {
      return paintFeathered(part, colour, coverage, on: canvas)
    }
    // Lines surround every contour of a form, so the fill must cover the inner ones.
    if part.contours.count > 1 { paintLines(of: part, rows, columns, on: canvas) }
    var frame: Coverage?
    if !part.frame.isEmpty {
      var around = Coverage(columns: columns, rows: rows)
      for contour in part.frame { around.add(contour) }
      frame = around
    }
    coverage.forEachRow(within: frame) { row, span, line in
      let target = canvas.pixels + row * canvas.width + left
      if part.texture == nil, part.clear <= 0, var colour = part.form.plain {
        colour.w = distance
        for index in span where line[index] > 0.002 {
          target[index] = target[index].mixed(colour, line[index])
        }
        return
      }
      part.form.withRow(row) { form in
        for index in span where line[index] > 0.002 {
          let x = Float(left + index) + 0.5
          var colour = form.colour(x)
          if let texture = part.texture {
            colour = colour * Colour(repeating: texture.brightness(x, Float(row) + 0.5))
          }
          var amount = line[index]
          if part.clear > 0 {
            // Glass is clearest where the view goes straight through it.
            amount *= 1 - part.clear * (0.35 + 0.65 * form.straightness(x))
          }
          colour.w = distance
          target[index] = target[index].mixed(colour, amount)
        }
      }
    }
    if part.contours.count == 1 { paintLines(of: part, rows, columns, on: canvas) }
  }

  private func paintLines(
    of part: Part, _ rows: Range<Int>, _ columns: Range<Int>, on canvas: Canvas
  ) {
    if part.lines.isEmpty { return }
    var stroke = Coverage(columns: columns, rows: rows)
    for contour in part.lines { stroke.add(contour) }
    stroke.forEachRow { row, span, line in
      let target = canvas.pixels + row * canvas.width + columns.lowerBound
      for index in span where line[index] > 0.002 {
        target[index] = target[index].mixed(part.ink, line[index] * 0.9)
      }
    }
  }

  /// Fades from the middle of the part's ellipse outwards.
  private func paintFeathered(
    _ part: Part, _ colour: Colour, _ coverage: Coverage, on canvas: Canvas
  ) {
    let centre = (part.bounds.low + part.bounds.high) * 0.5
    let reach = (part.bounds.high - part.bounds.low) * 0.5
    let strength = 1 - part.clear
    var colour = colour
    colour.w = distance
    coverage.forEachRow { row, span, line in
      let target = canvas.pixels + row * canvas.width + coverage.columns.lowerBound
      let dy = (Float(row) + 0.5 - centre.y) / max(reach.y, 0.01)
      for index in span {
        let dx = (Float(coverage.columns.lowerBound + index) + 0.5 - centre.x) / max(reach.x, 0.01)
        let inside = max(0, 1 - dx * dx - dy * dy)
        if inside <= 0 { continue }
        target[index] = target[index].mixed(colour, inside * inside * strength * line[index])
      }
    }
  }
}
