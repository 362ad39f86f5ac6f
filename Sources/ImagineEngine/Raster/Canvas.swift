import ImagineAPI

/// The image while it is painted: linear light, with the depth of the visible surface (0 at the
/// camera … 1 at the sky) in the fourth component.
///
/// Sharing it between threads is safe because each thread writes only its own rows or columns.
final class Canvas: @unchecked Sendable {
  let width: Int
  let height: Int
  let pixels: UnsafeMutablePointer<Colour>
  let view: View
  /// Once it is stopped, the remaining bands are skipped; the caller then discards the image.
  let control: EngineControl

  /// - Throws: ``EngineError/unusable(field:reason:)`` for a size over the ``PixelBudget``.
  init(
    _ size: PixelSize, view: View = View(), fill: Colour = Colour(0, 0, 0, 1),
    control: EngineControl = EngineControl()
  ) throws {
    try PixelBudget.check(size, field: "image")
    width = size.width
    height = size.height
    self.view = view
    self.control = control
    pixels = .allocate(capacity: width * height)
    pixels.initialize(repeating: fill, count: width * height)
  }

  /// A copy of another canvas.
  init(_ other: Canvas) {
    width = other.width
    height = other.height
    view = other.view
    control = other.control
    pixels = .allocate(capacity: width * height)
    pixels.initialize(from: other.pixels, count: width * height)
  }

  deinit { pixels.deallocate() }

  /// The scene's x at the middle of a column, for a layer at `nearness` (0 at the sky, which camera
  /// moves hardly shift; 1 at the camera).
  @inline(__always)
  func x(_ column: Int, _ nearness: Float = 0) -> Float {
    let raw = (Float(column) + 0.5 - Float(width) * 0.5) / Float(height)
    return raw / (1 + (view.zoom - 1) * nearness) + view.pan * nearness
  }

  /// The scene's y at the middle of a row.
  @inline(__always)
  func y(_ row: Int, _ nearness: Float = 0) -> Float {
    let raw = (Float(row) + 0.5) / Float(height)
    return (raw - 0.5) / (1 + (view.zoom - 1) * nearness) + 0.5 + view.lift * nearness
  }

  /// A point of the scene, in pixels.
  @inline(__always)
  func pixel(_ point: Point, _ nearness: Float = 0) -> Point {
    let zoom = 1 + (view.zoom - 1) * nearness
    return Point(
      (point.x - view.pan * nearness) * zoom * Float(height) + Float(width) * 0.5,
      ((point.y - 0.5 - view.lift * nearness) * zoom + 0.5) * Float(height))
  }

  /// A length of the scene, in pixels.
  @inline(__always)
  func pixels(_ length: Float, _ nearness: Float = 0) -> Float {
    length * Float(height) * (1 + (view.zoom - 1) * nearness)
  }

  /// Calls `paint` with bands of rows, in parallel. A pixel must not depend on another band's
  /// pixels.
  func inBands(_ rows: Range<Int>? = nil, _ paint: @Sendable (Range<Int>) -> Void) {
    Bands.run(rows ?? 0..<height, control: control, paint)
  }
}

extension Canvas {
  /// Paints rows with a colour for each point of the scene, for a layer at `nearness`.
  ///
  /// With a `step` of 2 it computes every other column of every other row and interpolates the
  /// rest: a quarter of the work, for layers without edges.
  @inline(__always)
  func paint(
    _ rows: Range<Int>, every step: Int, _ nearness: Float,
    _ colour: @Sendable (Float, Float) -> Colour
  ) {
    inBands(rows) { band in
      var spare = [Colour](repeating: .zero, count: step == 2 ? width : 0)
      spare.withUnsafeMutableBufferPointer { spare in
        for row in band where row % step == 0 {
          paintRow(row, every: step, nearness, into: pixels + row * width, colour)
        }
        guard step == 2, let spare = spare.baseAddress else { return }
        for row in band where row & 1 == 1 {
          var below = pixels + (row + 1) * width
          if row + 1 >= band.upperBound {
            // The next row belongs to another band, so compute it again.
            paintRow(row + 1, every: step, nearness, into: spare, colour)
            below = spare
          }
          let line = pixels + row * width
          // The first row has no row above it.
          let above = row > band.lowerBound ? line - width : below
          for column in 0..<width { line[column] = (above[column] + below[column]) * 0.5 }
        }
      }
    }
  }

  @inline(__always)
  private func paintRow(
    _ row: Int, every step: Int, _ nearness: Float, into line: UnsafeMutablePointer<Colour>,
    _ colour: (Float, Float) -> Colour
  ) {
    let y = y(row, nearness)
    for column in stride(from: 0, to: width, by: step) {
      line[column] = colour(x(column, nearness), y)
    }
    if step == 1 { return }
    for column in stride(from: 1, to: width, by: 2) {
      line[column] = line[column - 1].mixed(line[min(column + 1, width - 1) & ~1], 0.5)
    }
  }
}

/// Where the camera looks; videos move it.
struct View: Sendable {
  /// To the right, in image heights, for the nearest layer.
  var pan: Float = 0
  /// Downwards, in image heights.
  var lift: Float = 0
  var zoom: Float = 1
}

/// Splits work into bands for all cores. The split never shows in the result.
enum Bands {
  /// True to do the work in one piece; tests compare both ways.
  @TaskLocal static var isWhole = false

  /// - Parameter control: once it is stopped, the remaining bands are skipped.
  static func run(
    _ range: Range<Int>, size: Int = 16, control: EngineControl? = nil,
    _ work: @Sendable (Range<Int>) -> Void
  ) {
    let count = (range.count + size - 1) / size
    guard count > 0 else { return }
    if isWhole { return work(range) }
    EngineThreads.perform(count) { band in
      if control?.isStopped == true { return }
      let start = range.lowerBound + band * size
      work(start..<min(start + size, range.upperBound))
    }
  }
}
