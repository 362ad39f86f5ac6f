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

  /// The canvas rows that the rectangle touches.
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
