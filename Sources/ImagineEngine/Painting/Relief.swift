/// The swell of a part: how far it stands out of the picture's plane, from its outline alone.
///
/// The outline is drawn small and blurred as wide as the part is thick; its slopes are the part's.
struct Relief: Sendable {
  private let heights: [Float]
  private let columns: Int
  private let rows: Int
  private let origin: Point
  private let scale: Float
  private let strength: Float

  /// The swell of contours given in pixels; nil where they are too small or flat to show it.
  init?(_ contours: [[Point]], round: Float) {
    guard round > 0.02, let bounds = Bounds(contours) else { return nil }
    let extent = bounds.high - bounds.low
    let longest = max(extent.x, extent.y)
    guard longest > 6 else { return nil }
    var area: Float = 0
    var length: Float = 0
    for contour in contours {
      guard var previous = contour.last else { continue }
      for point in contour {
        area += previous.x * point.y - point.x * previous.y
        let along = point - previous
        length += (along * along).sum().squareRoot()
        previous = point
      }
    }
    let thickness = abs(area) * 0.5 / max(length, 1)
    scale = min(1, 72 / longest, 6 / max(thickness, 0.5))
    let radius = max(1, Int(thickness * scale + 0.5))
    let margin = Float(radius * 2 + 2)
    let origin = bounds.low - Point(margin, margin) / scale
    let scale = scale
    self.origin = origin
    let columns = Int(extent.x * scale + margin * 2) + 1
    let rows = Int(extent.y * scale + margin * 2) + 1
    self.columns = columns
    self.rows = rows
    var coverage = Coverage(columns: 0..<columns, rows: 0..<rows)
    for contour in contours { coverage.add(contour.map { ($0 - origin) * scale }) }
    var field = [Float](repeating: 0, count: columns * rows)
    coverage.forEachRow { row, line in
      for column in 0..<columns { field[row * columns + column] = line[column] }
    }
    for _ in 0..<2 { Blur.box(&field, columns, rows, radius: radius) }
    heights = field
    strength = Float(radius) * 3 * round
  }

  /// Which way the surface looks at a pixel: x right, y up, z towards the viewer.
  @inline(__always)
  func normal(_ x: Float, _ y: Float) -> SIMD3<Float> {
    let px = min(max((x - origin.x) * scale - 0.5, 1), Float(columns) - 3)
    let py = min(max((y - origin.y) * scale - 0.5, 1), Float(rows) - 3)
    let column = Int(px)
    let row = Int(py)
    let tx = px - Float(column)
    let ty = py - Float(row)
    return heights.withUnsafeBufferPointer { heights in
      func slope(_ column: Int, _ row: Int) -> Point {
        let at = row * columns + column
        return Point(
          heights[at + 1] - heights[at - 1], heights[at + columns] - heights[at - columns])
      }
      let top = slope(column, row) * (1 - tx) + slope(column + 1, row) * tx
      let bottom = slope(column, row + 1) * (1 - tx) + slope(column + 1, row + 1) * tx
      let tilt = (top * (1 - ty) + bottom * ty) * (strength * 0.5)
      let length = (1 + tilt.x * tilt.x + tilt.y * tilt.y).squareRoot()
      return SIMD3(-tilt.x, tilt.y, 1) / length
    }
  }
}

/// The rectangle around contours.
struct Bounds: Sendable {
  var low: Point
  var high: Point

  init?(_ contours: [[Point]]) {
    guard let first = contours.first?.first else { return nil }
    low = first
    high = first
    for contour in contours {
      for point in contour {
        low = Point(min(low.x, point.x), min(low.y, point.y))
        high = Point(max(high.x, point.x), max(high.y, point.y))
      }
    }
  }

  init(_ low: Point, _ high: Point) {
    self.low = low
    self.high = high
  }

  func joined(_ other: Bounds) -> Bounds {
    Bounds(
      Point(min(low.x, other.low.x), min(low.y, other.low.y)),
      Point(max(high.x, other.high.x), max(high.y, other.high.y)))
  }

  /// The whole pixels that it touches, within a canvas.
  func rows(within canvas: Canvas, margin: Float = 1) -> Range<Int> {
    Self.range(low.y - margin, high.y + margin, canvas.height)
  }

  func columns(within canvas: Canvas, margin: Float = 1) -> Range<Int> {
    Self.range(low.x - margin, high.x + margin, canvas.width)
  }

  private static func range(_ low: Float, _ high: Float, _ limit: Int) -> Range<Int> {
    let start = min(max(Int(max(low, 0)), 0), limit)
    let end = min(max(Int(max(min(high, Float(limit)), 0)) + 1, start), limit)
    return start..<end
  }
}
