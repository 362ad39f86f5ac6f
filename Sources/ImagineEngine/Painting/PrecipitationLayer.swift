/// One layer of rain or snow: a slanted grid that moves down with time, with a drop or flake in
/// some of its cells.
struct PrecipitationLayer: Sendable {
  private let salt: UInt32
  /// Cells per image height, across and down.
  private let cells: Point
  private let lean: Float
  /// How far the grid has moved, in cells.
  private let moved: Float
  private let share: Float
  private let strength: Float
  private let isSnow: Bool

  static func snow(_ layer: Int, _ lean: Float, _ clock: Float) -> PrecipitationLayer {
    let near = Float(layer)
    let cells = 30 - near * 7
    return PrecipitationLayer(
      salt: UInt32(layer), cells: Point(cells, cells), lean: lean,
      moved: clock * (0.08 + near * 0.05) * cells, share: 0.55, strength: 0.5 + near * 0.13,
      isSnow: true)
  }

  static func rain(_ layer: Int, _ lean: Float, _ clock: Float) -> PrecipitationLayer {
    let near = Float(layer)
    let cells = Point(90 - near * 18, 4.5 - near * 0.6)
    return PrecipitationLayer(
      salt: UInt32(layer) + 40, cells: cells, lean: lean,
      moved: clock * (1.4 + near * 0.4) * cells.y, share: 0.36, strength: 0.14 + near * 0.05,
      isSnow: false)
  }

  /// Paints the part of this layer within a band of rows.
  func paint(_ tone: Colour, _ band: Range<Int>, _ canvas: Canvas) {
    let height = Float(canvas.height)
    let half = Float(canvas.width) / height * 0.5
    let firstRow = Elementary.floor(Float(band.lowerBound) / height * cells.y - moved) - 1
    let lastRow = Elementary.floor(Float(band.upperBound) / height * cells.y - moved) + 1
    let firstColumn = Elementary.floor(-half * cells.x) - 1
    let lastColumn = Elementary.floor((half + lean) * cells.x) + 1
    for row in Int32(firstRow)...Int32(lastRow) {
      for column in Int32(firstColumn)...Int32(lastColumn) {
        if Noise.cell(column, row, salt) > share { continue }
        let jitter = Point(
          0.25 + 0.5 * Noise.cell(column, row, salt + 10),
          0.25 + 0.5 * Noise.cell(column, row, salt + 20))
        // Drops of one column must not fall in step.
        let shift = isSnow ? 0 : Noise.cell(column, 3, salt)
        let y = (Float(row) + jitter.y + shift + moved) / cells.y
        let x = (Float(column) + jitter.x) / cells.x - y * lean
        let middle = Point((x + half) * height, y * height)
        if isSnow {
          let size = (0.06 + 0.1 * Noise.cell(column, row, salt + 30)) / cells.x * height
          paintFlake(middle, size, tone, band, canvas)
        } else {
          paintDrop(middle, 0.32 / cells.y * height, tone, band, canvas)
        }
      }
    }
  }

  private func paintFlake(
    _ middle: Point, _ radius: Float, _ tone: Colour, _ band: Range<Int>, _ canvas: Canvas
  ) {
    let size = max(radius, 0.8)
    let bounds = Bounds(middle - Point(size, size), middle + Point(size, size))
    for row in bounds.rows(within: canvas).clamped(to: band) {
      let line = canvas.pixels + row * canvas.width
      let dy = Float(row) + 0.5 - middle.y
      for column in bounds.columns(within: canvas) {
        let dx = Float(column) + 0.5 - middle.x
        let amount = Elementary.clamp((1 - (dx * dx + dy * dy) / (size * size)) * 1.6) * strength
        cover(&line[column], tone, amount)
      }
    }
  }

  private func paintDrop(
    _ middle: Point, _ length: Float, _ tone: Colour, _ band: Range<Int>, _ canvas: Canvas
  ) {
    let width = max(0.9, 0.2 / cells.x * Float(canvas.height))
    let reach = Point(length * lean * 0.5 + width, length * 0.5)
    let bounds = Bounds(middle - reach, middle + reach)
    for row in bounds.rows(within: canvas, margin: 0).clamped(to: band) {
      let dy = Float(row) + 0.5 - middle.y
      let along = dy / length + 0.5
      if along <= 0 || along >= 1 { continue }
      let fade = min(along * 4, (1 - along) * 2, 1) * strength
      let centre = middle.x - dy * lean
      let line = canvas.pixels + row * canvas.width
      let first = min(Int(max(centre - width, 0)), canvas.width)
      let last = min(Int(max(centre + width + 1, 0)), canvas.width)
      for column in first..<max(first, last) {
        let amount = Elementary.clamp(1 - abs(Float(column) + 0.5 - centre) / width) * fade
        cover(&line[column], tone, amount)
      }
    }
  }

  @inline(__always)
  private func cover(_ pixel: inout Colour, _ tone: Colour, _ amount: Float) {
    if amount <= 0 { return }
    let depth = pixel.w
    pixel = pixel.mixed(tone, min(amount, 0.9))
    pixel.w = depth
  }
}
