/// A small, blurred copy of the picture: the light that spreads from what shines, and how bright
/// the surroundings of each pixel are.
struct Haloes: Sendable {
  private let columns: Int
  private let rows: Int
  private let factor: Int
  /// Light beyond white, and in the fourth number the mean brightness.
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
                let beyond = max(0, brightness - 0.7) / max(brightness, 0.001)
                light += pixel * Colour(repeating: min(beyond, 1))
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
    for radius in [3, 5, 9] { Self.blur(&cells, columns, rows, radius) }
    self.columns = columns
    self.rows = rows
    self.cells = cells
  }

  @inline(__always)
  func at(_ column: Int, _ row: Int) -> (light: Colour, level: Float) {
    let scale = 1 / Float(factor)
    let px = max(0, min((Float(column) + 0.5) * scale - 0.5, Float(columns) - 1.001))
    let py = max(0, min((Float(row) + 0.5) * scale - 0.5, Float(rows) - 1.001))
    let x = Int(px)
    let y = Int(py)
    let tx = px - Float(x)
    let ty = py - Float(y)
    let at = y * columns + x
    let value = cells.withUnsafeBufferPointer { cells in
      cells[at].mixed(cells[at + 1], tx).mixed(
        cells[at + columns].mixed(cells[at + columns + 1], tx), ty)
    }
    var light = value
    light.w = 0
    return (light, value.w)
  }

  /// A blur by running sums, along the rows and then the columns.
  private static func blur(_ cells: inout [Colour], _ columns: Int, _ rows: Int, _ radius: Int) {
    func pass(_ lines: Int, _ count: Int, _ lineStep: Int, _ step: Int) {
      cells.withUnsafeMutableBufferPointer { buffer in
        nonisolated(unsafe) let out = buffer
        Bands.run(0..<lines, size: 32) { band in
          for line in band {
            let start = line * lineStep
            let source = (0..<count).map { out[start + $0 * step] }
            var sum = Colour.zero
            for index in -radius...radius { sum += source[min(max(index, 0), count - 1)] }
            let scale = Colour(repeating: 1 / Float(2 * radius + 1))
            for index in 0..<count {
              out[start + index * step] = sum * scale
              sum += source[min(index + radius + 1, count - 1)] - source[max(index - radius, 0)]
            }
          }
        }
      }
    }
    pass(rows, columns, columns, 1)
    pass(columns, rows, 1, columns)
  }
}
