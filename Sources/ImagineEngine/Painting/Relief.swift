/// How far a part bulges out of the image plane, computed from its outline alone.
///
/// The outline is drawn small and blurred by the part's thickness; its slopes become the part's.
struct Relief: Sendable {
  /// The grid of points at which the bulge is computed.
  struct Grid: Sendable {
    var columns: Int
    var rows: Int
    /// In pixels.
    var origin: Point
    /// Points per pixel.
    var scale: Float
  }

  let grid: Grid
  private let heights: [Float]
  /// The columns of each row that a pixel of the part may read.
  private let spans: [Range<Int>]
  private let strength: Float

  /// The relief of contours given in pixels; nil when they are too small or flat to show it.
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
    let scale = min(1, 64 / longest, 5 / max(thickness, 0.5))
    let radius = max(1, Int(thickness * scale + 0.5))
    let margin = Float(radius * 2 + 2)
    let origin = bounds.low - Point(margin, margin) / scale
    let columns = Int(extent.x * scale + margin * 2) + 1
    let rows = Int(extent.y * scale + margin * 2) + 1
    grid = Grid(columns: columns, rows: rows, origin: origin, scale: scale)
    var coverage = Coverage(columns: 0..<columns, rows: 0..<rows)
    for contour in contours { coverage.add(contour.map { ($0 - origin) * scale }) }
    var field = [Float](repeating: 0, count: columns * rows)
    var spans = [Range<Int>](repeating: 0..<0, count: rows)
    coverage.forEachRow { row, span, line in
      for column in span { field[row * columns + column] = line[column] }
      // A pixel reads the four points around it, which may lie outside the part's coverage.
      let wide = max(span.lowerBound - 2, 0)..<min(span.upperBound + 2, columns)
      for near in max(row - 2, 0)..<min(row + 3, rows) {
        let known = spans[near]
        spans[near] =
          known.isEmpty
          ? wide
          : min(known.lowerBound, wide.lowerBound)..<max(known.upperBound, wide.upperBound)
      }
    }
    self.spans = spans
    for _ in 0..<2 { Blur.box(&field, columns, rows, radius: radius) }
    heights = field
    strength = Float(radius) * 3 * round
  }

  /// Calls `body` for each point with the surface normal there: x right, y up, z towards the
  /// viewer. Points that no pixel reads get the value of a level surface.
  func normals<Value>(_ body: (SIMD3<Float>) -> Value) -> [Value] {
    let columns = grid.columns
    let rows = grid.rows
    let level = body(SIMD3(0, 0, 1))
    return [Value](unsafeUninitializedCapacity: columns * rows) { out, count in
      heights.withUnsafeBufferPointer { heights in
        for row in 0..<rows {
          let above = max(row - 1, 0) * columns
          let below = min(row + 1, rows - 1) * columns
          let line = out.baseAddress.map { $0 + row * columns }
          line?.initialize(repeating: level, count: columns)
          for column in spans[row] {
            let east =
              heights[row * columns + min(column + 1, columns - 1)]
              - heights[row * columns + max(column - 1, 0)]
            let south = heights[below + column] - heights[above + column]
            let tilt = Point(east, south) * (strength * 0.5)
            let length = (1 + tilt.x * tilt.x + tilt.y * tilt.y).squareRoot()
            line?[column] = body(SIMD3(-tilt.x, tilt.y, 1) / length)
          }
        }
      }
      count = columns * rows
    }
  }
}
