/// Stars above the horizon: bright ones are rare, and they twinkle in a video.
extension Painter {
  func paintStars(_ canvas: Canvas, _ rows: Range<Int>) {
    guard scene.features.contains(.stars) else { return }
    let field = StarField(self)
    canvas.inBands(rows) { band in field.paint(band, canvas) }
  }
}

/// At most one star in each cell of a grid.
private struct StarField: Sendable {
  private static let nearness: Float = 0.05

  private let cells: Float
  private let horizon: Float
  private let strength: Float
  private let salt: UInt32
  private let clock: Float
  private let cover: Noise?

  init(_ painter: Painter) {
    let scene = painter.scene
    cells = scene.place == .nightSky || scene.place == .space ? 58 : 44
    horizon = scene.horizon
    strength = scene.cloudCover > 0.7 ? 0.15 : 1
    salt = UInt32(truncatingIfNeeded: scene.subjects.count + 11)
    clock = painter.time
    cover = scene.cloudCover > 0.3 ? Noise(scene.stream.split("clouds")) : nil
  }

  func paint(_ band: Range<Int>, _ canvas: Canvas) {
    let nearness = Self.nearness
    let firstRow = Elementary.floor(canvas.y(band.lowerBound, nearness) * cells) - 1
    let lastRow = Elementary.floor(canvas.y(band.upperBound, nearness) * cells) + 1
    let firstColumn = Elementary.floor(canvas.x(0, nearness) * cells) - 1
    let lastColumn = Elementary.floor(canvas.x(canvas.width, nearness) * cells) + 1
    for row in Int32(firstRow)...Int32(lastRow) {
      for column in Int32(firstColumn)...Int32(lastColumn) {
        paint(column, row, band, canvas)
      }
    }
  }

  private func paint(_ column: Int32, _ row: Int32, _ band: Range<Int>, _ canvas: Canvas) {
    let chance = Noise.cell(column, row, salt)
    if chance > 0.62 { return }
    let place = Point(
      (Float(column) + 0.2 + 0.6 * Noise.cell(column, row, salt + 1)) / cells,
      (Float(row) + 0.2 + 0.6 * Noise.cell(column, row, salt + 2)) / cells)
    let fade = Elementary.smooth(0, 0.12, horizon - place.y)
    if fade <= 0 { return }
    let magnitude = 0.03 + 0.97 * Elementary.pow(Noise.cell(column, row, salt + 3), 9)
    let size = 0.0016 + 0.007 * magnitude
    let twinkle = 0.8 + 0.2 * Elementary.sin(clock * 3 + chance * 60)
    let tint = Noise.cell(column, row, salt + 4)
    let dim = cover?.value(place.x * cells * 0.05, place.y * cells * 0.05) ?? 1
    let colour =
      Colour(0.8 + 0.3 * tint, 0.9, 1.15 - 0.35 * tint, 0)
      * Colour(repeating: fade * strength * dim * 0.8)
    // Farther out its light is too weak to see.
    let limit = min(size * magnitude * twinkle / 0.02 - size * 0.35, 0.12)
    if limit <= 0 { return }
    let middle = canvas.pixel(place, Self.nearness)
    let perPixel = cells / canvas.pixels(1, Self.nearness)
    let reach = limit.squareRoot() / perPixel + 1
    let around = Bounds(middle - Point(reach, reach), middle + Point(reach, reach))
    for row in around.rows(within: canvas).clamped(to: band) {
      let line = canvas.pixels + row * canvas.width
      let dy = (Float(row) + 0.5 - middle.y) * perPixel
      for column in around.columns(within: canvas) {
        let dx = (Float(column) + 0.5 - middle.x) * perPixel
        let square = dx * dx + dy * dy
        if square > limit { continue }
        let light = size / (square + size * 0.35) * magnitude * twinkle - 0.02
        line[column] += colour * Colour(repeating: min(max(light, 0), 3))
      }
    }
  }
}
