/// How much of each pixel of a rectangle a shape covers, by exact area, for smooth edges.
///
/// Every edge adds its signed area to the cells it crosses; a running sum along the row then gives
/// the coverage. Overlapping shapes of the same orientation add up and are clamped to 1.
struct Coverage {
  let columns: Range<Int>
  let rows: Range<Int>
  private let stride: Int
  private var cells: [Float]
  /// For each row, the first column that an edge touches and one past the last.
  private var spans: [SIMD2<Int32>]

  init(columns: Range<Int>, rows: Range<Int>) {
    self.columns = columns
    self.rows = rows
    stride = columns.count + 2
    cells = [Float](repeating: 0, count: stride * rows.count)
    spans = [SIMD2<Int32>](repeating: SIMD2(.max, 0), count: rows.count)
  }

  /// Adds a closed contour, in canvas pixels.
  mutating func add(_ contour: [Point]) {
    guard var previous = contour.last else { return }
    // Rows are canvas rows, so that no sum depends on where the rectangle begins.
    let origin = Point(Float(columns.lowerBound), 0)
    let limit = Float(columns.count)
    let stride = stride
    let rows = rows
    cells.withUnsafeMutableBufferPointer { cells in
      spans.withUnsafeMutableBufferPointer { spans in
        for point in contour {
          Self.addEdge(
            previous - origin, point - origin, limit: limit, rows: rows, stride: stride,
            cells: cells, spans: spans)
          previous = point
        }
      }
    }
  }

  /// Calls `body` for each row that the shape reaches, with the columns between its outermost edges
  /// (counted from the rectangle's left) and their coverage, 0 … 1. With `within`, coverage is
  /// limited to that shape's, which must have the same rectangle.
  func forEachRow(
    within frame: Coverage? = nil, _ body: (Int, Range<Int>, UnsafeMutablePointer<Float>) -> Void
  ) {
    var line = [Float](repeating: 0, count: columns.count + 2)
    var limit = frame == nil ? [] : line
    line.withUnsafeMutableBufferPointer { line in
      limit.withUnsafeMutableBufferPointer { limit in
        guard let out = line.baseAddress else { return }
        for row in 0..<rows.count {
          var span = sum(row, into: out)
          if let frame, let most = limit.baseAddress {
            span = span.clamped(to: frame.sum(row, into: most))
            for column in span { out[column] *= most[column] }
          }
          if !span.isEmpty { body(rows.lowerBound + row, span, out) }
        }
      }
    }
  }

  /// Sums one row from 0 on, and returns the columns between its outermost edges.
  private func sum(_ row: Int, into out: UnsafeMutablePointer<Float>) -> Range<Int> {
    let first = Int(min(spans[row].x, Int32(columns.count)))
    let span = first..<max(first, min(Int(spans[row].y), columns.count))
    let base = row * stride
    var sum: Float = 0
    cells.withUnsafeBufferPointer { cells in
      for column in span {
        sum += cells[base + column]
        out[column] = min(abs(sum), 1)
      }
    }
    return span
  }

  private static func addEdge(
    _ from: Point, _ to: Point, limit: Float, rows: Range<Int>, stride: Int,
    cells: UnsafeMutableBufferPointer<Float>, spans: UnsafeMutableBufferPointer<SIMD2<Int32>>
  ) {
    if from.y == to.y { return }
    let down = from.y < to.y
    let top = down ? from : to
    let bottom = down ? to : from
    let direction: Float = down ? 1 : -1
    if bottom.y <= Float(rows.lowerBound) || top.y >= Float(rows.upperBound) { return }
    let slope = (bottom.x - top.x) / (bottom.y - top.y)
    let firstRow = max(rows.lowerBound, Int(max(top.y, 0)))
    let lastRow = min(rows.upperBound, Int(bottom.y) + 1)
    for row in firstRow..<max(firstRow, lastRow) {
      let y0 = max(Float(row), top.y)
      let y1 = min(Float(row + 1), bottom.y)
      let dy = y1 - y0
      if dy <= 0 { continue }
      let x = top.x + (y0 - top.y) * slope
      let nextX = top.x + (y1 - top.y) * slope
      let area = direction * dy
      // Parts left of the rectangle cover whole rows of it; parts to its right cover none.
      let x0 = min(max(min(x, nextX), 0), limit)
      let x1 = min(max(max(x, nextX), 0), limit)
      let base = (row - rows.lowerBound) * stride
      let first = Int(x0)
      let last = Int(x1)
      let span = spans[row - rows.lowerBound]
      spans[row - rows.lowerBound] = SIMD2(
        min(span.x, Int32(truncatingIfNeeded: first)),
        max(span.y, Int32(truncatingIfNeeded: last + 2)))
      if first == last {
        let middle = (x0 + x1) * 0.5 - Float(first)
        cells[base + first] += area * (1 - middle)
        cells[base + first + 1] += area * middle
      } else {
        let perPixel = 1 / (x1 - x0)
        let head = 1 - (x0 - Float(first))
        let a0 = 0.5 * perPixel * head * head
        let tail = x1 - Float(last)
        let am = 0.5 * perPixel * tail * tail
        cells[base + first] += area * a0
        if last == first + 1 {
          cells[base + last] += area * (1 - a0 - am)
        } else {
          let a1 = perPixel * (head + 0.5)
          cells[base + first + 1] += area * (a1 - a0)
          if last > first + 2 {
            for column in (first + 2)..<last { cells[base + column] += area * perPixel }
          }
          let a2 = a1 + Float(last - first - 2) * perPixel
          cells[base + last] += area * (1 - a2 - am)
        }
        cells[base + last + 1] += area * am
      }
    }
  }
}
