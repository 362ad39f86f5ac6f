/// Paints subjects: their shadow on the ground, then their parts from the back to the front.
extension Painter {
  func paint(_ placement: Scene.Placement, _ canvas: Canvas) {
    let figure = placement.kind.figure(placement, time: time)
    let nearness = 0.4 + 0.5 * (1 - placement.distance)
    var foot = placement.foot + motion(of: placement)
    if placement.kind == .boat || placement.kind == .fish {
      foot.y += Elementary.sin(time * 1.7) * 0.004
    }
    let origin = canvas.pixel(foot, nearness)
    let scale = canvas.pixels(placement.height, nearness)
    if placement.standsOnGround { paintShadow(figure, origin, scale, placement, canvas) }
    let drawing = FigureDrawing(
      figure, origin: origin, scale: scale, facing: placement.facing, painter: self,
      distance: placement.distance)
    drawing.paint(on: canvas)
    if placement.kind == .boat { paintReflection(of: drawing, waterline: origin.y, canvas) }
  }

  /// How far a subject has moved since the film began.
  private func motion(of placement: Scene.Placement) -> Point {
    switch placement.kind {
    case .bird where !placement.standsOnGround:
      Point(placement.facing * time * 0.035, Elementary.sin(time * 1.3) * 0.015)
    case .car where placement.standsOnGround: Point(placement.facing * (time - 2) * 0.03, 0)
    case .boat: Point(placement.facing * time * 0.012, 0)
    case .rocket where !placement.standsOnGround: Point(0, -time * 0.02)
    case .balloon: Point(time * 0.008, -time * 0.006)
    case .fish: Point(placement.facing * time * 0.02, 0)
    default: Point(0, 0)
    }
  }

  /// A soft shadow under the foot, drawn out away from the sun.
  private func paintShadow(
    _ figure: Figure, _ origin: Point, _ scale: Float, _ placement: Scene.Placement,
    _ canvas: Canvas
  ) {
    var contours: [[Point]] = []
    for part in figure.parts {
      for contour in part.contours where contour.contains(where: { $0.y > -0.22 }) {
        contours.append(contour)
      }
    }
    guard let bounds = Bounds(contours) else { return }
    let lean = -lamp.direction.x * 0.35
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

  /// What floats is mirrored below its waterline, broken by the waves.
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
          // Only the boat is mirrored here; the water has mirrored the rest.
          if above[from].w > 0.22 { continue }
          let mirrored = above[from] * Colour(0.7, 0.72, 0.75, 1)
          line[column] = line[column].mixed(mirrored, fade * (0.6 + 0.8 * (wave + 0.5)))
        }
      }
    }
  }
}

/// A figure at its place on a canvas.
struct FigureDrawing: Sendable {
  private struct Part: Sendable {
    var contours: [[Point]]
    var bounds: Bounds
    var relief: Relief?
    var surface: Surface
    var lines: [[Point]]
  }

  private let parts: [Part]
  private let painter: Painter
  private let noise: Noise
  private let origin: Point
  private let scale: Float
  private let distance: Float
  /// The pixels that it may touch; nil where it has no parts.
  let bounds: Bounds?

  init(
    _ figure: Figure, origin: Point, scale: Float, facing: Float, painter: Painter, distance: Float
  ) {
    self.painter = painter
    self.origin = origin
    self.scale = scale
    self.distance = distance
    noise = Noise(painter.scene.stream.split("surface"))
    let turn = Point(facing < 0 ? -scale : scale, scale)
    let ink = painter.rendering.ink * max(scale * 1.6, 300)
    var prepared = [Part?](repeating: nil, count: figure.parts.count)
    prepared.withUnsafeMutableBufferPointer { buffer in
      nonisolated(unsafe) let out = buffer
      Bands.run(0..<figure.parts.count, size: 4) { band in
        for index in band {
          out[index] = Self.prepare(figure.parts[index], origin: origin, turn: turn, ink: ink)
        }
      }
    }
    parts = prepared.compactMap(\.self)
    bounds = parts.dropFirst().reduce(parts.first?.bounds) { $0?.joined($1.bounds) }
  }

  private static func prepare(
    _ part: Figure.Part, origin: Point, turn: Point, ink: Float
  ) -> Part? {
    let contours = part.contours.map { contour in contour.map { origin + $0 * turn } }
    guard let bounds = Bounds(contours) else { return nil }
    let lines =
      ink > 0 && part.isOutlined
      ? contours.flatMap { Shape.line($0, width: ink, closed: true) } : []
    return Part(
      contours: contours, bounds: bounds, relief: Relief(contours, round: part.surface.round),
      surface: part.surface, lines: lines)
  }

  func paint(on canvas: Canvas) {
    guard let bounds else { return }
    canvas.inBands(bounds.rows(within: canvas, margin: 3)) { band in
      for part in parts { paint(part, rows: band, on: canvas) }
    }
  }

  private func paint(_ part: Part, rows band: Range<Int>, on canvas: Canvas) {
    let rows = part.bounds.rows(within: canvas, margin: 3).clamped(to: band)
    let columns = part.bounds.columns(within: canvas, margin: 3)
    if rows.isEmpty || columns.isEmpty { return }
    var coverage = Coverage(columns: columns, rows: rows)
    for contour in part.contours { coverage.add(contour) }
    let facing = SIMD3<Float>(0, 0.12, 0.99)
    coverage.forEachRow { row, line in
      let target = canvas.pixels + row * canvas.width
      for index in 0..<columns.count where line[index] > 0.002 {
        let column = columns.lowerBound + index
        let x = Float(column) + 0.5
        let y = Float(row) + 0.5
        let normal = part.relief?.normal(x, y) ?? facing
        var colour = shade(part.surface, normal, x, y)
        colour.w = distance
        var amount = line[index]
        if part.surface.clear > 0 {
          // Glass is clearest where it is looked through straight.
          amount *= 1 - part.surface.clear * (0.35 + 0.65 * normal.z * normal.z)
        }
        target[column] = target[column].mixed(colour, amount)
      }
    }
    if part.lines.isEmpty { return }
    var stroke = Coverage(columns: columns, rows: rows)
    for contour in part.lines { stroke.add(contour) }
    var ink = part.surface.colour * Colour(0.09, 0.07, 0.1, 0)
    ink.w = distance
    stroke.forEachRow { row, line in
      let target = canvas.pixels + row * canvas.width
      for index in 0..<columns.count where line[index] > 0.002 {
        let column = columns.lowerBound + index
        target[column] = target[column].mixed(ink, line[index] * 0.9)
      }
    }
  }

  private func shade(_ surface: Surface, _ normal: SIMD3<Float>, _ x: Float, _ y: Float) -> Colour {
    let lamp = painter.lamp
    if surface.glow > 0 {
      return surface.colour * Colour(repeating: surface.glow)
        + lamp.light(surface.colour, normal, shine: 0) * Colour(repeating: 0.3)
    }
    var albedo = surface.colour
    var bent = normal
    if lamp.texture > 0 {
      let u = (x - origin.x) / scale
      let v = (y - origin.y) / scale
      albedo = textured(surface, albedo, u, v, &bent)
      bent /= (bent * bent).sum().squareRoot()
    }
    let colour = lamp.light(albedo, bent, shine: surface.shine)
    return painter.hazed(colour, distance * 0.35)
  }

  /// The small pattern of what a surface is made of, as a change of colour and of direction.
  private func textured(
    _ surface: Surface, _ albedo: Colour, _ u: Float, _ v: Float, _ normal: inout SIMD3<Float>
  ) -> Colour {
    let strength = painter.lamp.texture
    var amount: Float
    switch surface.texture {
    case .plain: return albedo
    case .fur:
      let flow = noise.value(u * 6, v * 6) * 3
      amount = (noise.cloud(u * 90 + flow * 4, v * 22 + flow, octaves: 3) - 0.5) * 0.75
      normal.x += amount * 0.35 * strength
    case .bark:
      let warp = noise.value(u * 9, v * 5) * 1.4
      amount = (noise.cloud(u * 46 + warp, v * 9 + warp, octaves: 3) - 0.5) * 0.9
    case .leaves:
      let leaf = noise.value(u * 70, v * 70)
      amount = (leaf - 0.5) * 0.9 + (noise.value(u * 170, v * 170) - 0.5) * 0.4
      normal.x += (leaf - 0.5) * strength
      normal.y += (noise.value(u * 70 + 31, v * 70) - 0.5) * strength
    case .brick:
      let row = Elementary.floor(v * 30)
      let shift = Int32(row) & 1 == 0 ? Float(0) : 0.5
      let column = u * 14 + shift
      let edge = max(
        Elementary.smooth(0.4, 0.48, abs(Elementary.fraction(column) - 0.5)),
        Elementary.smooth(0.36, 0.46, abs(Elementary.fraction(v * 30) - 0.5)))
      amount = (Noise.cell(Int32(row), Int32(Elementary.floor(column))) - 0.5) * 0.34 - edge * 0.22
    case .brushed:
      amount = (noise.cloud(u * 6, v * 130, octaves: 2) - 0.5) * 0.3
      // Metal mirrors a bright sky over a dark ground.
      let mirror = Elementary.smooth(-0.2, 0.35, normal.y) * 0.5 + 0.65
      return albedo.lit(mirror * (1 + amount * strength))
    case .grain: amount = (noise.cloud(u * 26, v * 26, octaves: 4) - 0.5) * 0.8
    case .cloth:
      let fold = noise.cloud(u * 9, v * 4, octaves: 3) - 0.5
      amount = fold * 0.5 + (noise.value(u * 190, v * 190) - 0.5) * 0.16
      normal.x += fold * 0.7 * strength
    case .peel: amount = (noise.cloud(u * 30, v * 12, octaves: 3) - 0.5) * 0.34
    }
    return albedo.lit(max(0.1, 1 + amount * strength))
  }
}
