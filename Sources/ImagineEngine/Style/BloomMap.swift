/// A small, blurred copy of the image: the light that bright parts spread (bloom), and the
/// brightness around each pixel.
struct BloomMap: Sendable {
  private let columns: Int
  private let rows: Int
  private let factor: Int
  /// Light above white; the mean brightness in the fourth component.
  private let cells: [Colour]

  init(_ canvas: Canvas) {
    factor = max(2, canvas.height / 180)
    let factor = factor
    let columns = (canvas.width + factor - 1) / factor
    let rows = (canvas.height + factor - 1) / factor
    var cells = [Colour](repeating: .zero, count: columns * rows)
    cells.withUnsafeMutableBufferPointer { buffer in
      nonisolated(unsafe) let out = buffer
      Bands.run(0..<rows, size: 8) { band in
        for row in band {
          for column in 0..<columns {
            var light = Colour.zero
            var level: Float = 0
            var count: Float = 0
            for y in (row * factor)..<min((row + 1) * factor, canvas.height) {
              for x in (column * factor)..<min((column + 1) * factor, canvas.width) {
                let pixel = canvas.pixels[y * canvas.width + x]
                let brightness = max(pixel.x, max(pixel.y, pixel.z))
                if brightness > 0.7 {
                  light += pixel * Colour(repeating: (brightness - 0.7) / brightness)
                }
                level += pixel.luminance
                count += 1
              }
            }
            light /= Colour(repeating: count)
            light.w = level / count
            out[row * columns + column] = light
          }
        }
      }
    }
    for radius in [3, 5, 9] { Blur.box(&cells, columns, rows, radius: radius) }
    self.columns = columns
    self.rows = rows
    self.cells = cells
  }

  /// Calls `body` with a row of the image.
  @inline(__always)
  func withRow(_ row: Int, _ body: (Row) -> Void) {
    cells.withUnsafeBufferPointer { cells in
      guard let base = cells.baseAddress else { return }
      let scale = 1 / Float(factor)
      let y = max(0, min((Float(row) + 0.5) * scale - 0.5, Float(rows) - 1.001))
      let upper = base + Int(y) * columns
      body(
        Row(
          upper: upper, lower: upper + columns, down: y - Elementary.floor(y), scale: scale,
          last: Float(columns) - 1.001))
    }
  }

  /// One row of pixels.
  struct Row {
    fileprivate let upper: UnsafePointer<Colour>
    fileprivate let lower: UnsafePointer<Colour>
    fileprivate let down: Float
    fileprivate let scale: Float
    fileprivate let last: Float

    /// The spread light at a column; the mean brightness in the fourth component.
    @inline(__always)
    func at(_ column: Int) -> Colour {
      let px = max(0, min((Float(column) + 0.5) * scale - 0.5, last))
      let x = Int(truncatingIfNeeded: Int32(px))
      let t = px - Float(x)
      return upper[x].mixed(upper[x + 1], t).mixed(lower[x].mixed(lower[x + 1], t), down)
    }
  }
}
