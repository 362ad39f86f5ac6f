/// The shadow that a subject casts on the ground, away from the sun.
extension Painter {
  /// A low sun makes it long; under clouds, at night and indoors there is none.
  func paintCastShadow(
    _ figure: Figure, _ origin: Point, _ scale: Float, _ placement: Scene.Placement,
    _ canvas: Canvas
  ) {
    let isOpen: Bool =
      switch scene.place {
      case .desert, .meadow, .snow, .coast, .mountains, .lake: true
      default: false
      }
    guard isOpen, scene.time != .night, scene.cloudCover < 0.62, scene.weather != .fog else {
      return
    }
    // The sun is in the image, so it stands beyond the subject, and the shadow falls towards the
    // viewer.
    let isLow = scene.time != .day
    let along = Point(-sceneLight.direction.x * (isLow ? 1.2 : 0.62), isLow ? 0.42 : 0.13)
    let contours = figure.parts.flatMap { part in
      part.surface.glow > 0 || part.surface.isFeathered || part.base != nil
        ? [] : part.contours.map { cast($0, origin, scale, placement.facing, along) }
    }
    guard let bounds = Bounds(contours) else { return }
    let columns = bounds.columns(within: canvas)
    let length = max(abs(along.y) * scale, 1)
    let strength: Float = 0.58 * (1 - scene.cloudCover * 0.8)
    let tone = scene.palette.ambient * Colour(repeating: 0.1)
    canvas.inBands(bounds.rows(within: canvas)) { band in
      if columns.isEmpty { return }
      var coverage = Coverage(columns: columns, rows: band)
      for contour in contours { coverage.add(contour) }
      coverage.forEachRow { row, span, line in
        let target = canvas.pixels + row * canvas.width + columns.lowerBound
        // The shadow fades along its length.
        let fade = 1 - 0.6 * Elementary.clamp((Float(row) - origin.y) / length)
        for index in span where line[index] > 0.002 {
          let under = target[index]
          var shadowed = under * Colour(repeating: 0.4) + under * tone
          shadowed.w = under.w
          target[index] = under.mixed(shadowed, line[index] * strength * fade)
        }
      }
    }
  }

  /// Projects a contour onto the ground, always in the same orientation, so that overlapping parts
  /// add up to one shadow.
  private func cast(
    _ contour: [Point], _ origin: Point, _ scale: Float, _ facing: Float, _ along: Point
  ) -> [Point] {
    Shape.aligned(
      contour.map { point in
        let height = max(-point.y, 0) * scale
        return Point(
          origin.x + point.x * scale * (facing < 0 ? -1 : 1) + along.x * height,
          origin.y + along.y * height + point.x * scale * 0.02)
      })
  }
}
