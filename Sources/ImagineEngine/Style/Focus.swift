/// The lens of the photographic style: the distant background of a subject is out of focus.
struct Focus {
  private let columns: Int
  private let rows: Int
  private let factor: Int
  /// A small blurred copy of the defocused parts: colour times defocus, and the defocus in the
  /// fourth component.
  ///
  /// The weighting keeps a sharp subject from bleeding into its background.
  private let cells: [Colour]

  /// Nil when the scene has no subject in front of its background.
  init?(_ scene: Scene, _ canvas: Canvas) {
    let isClose = scene.subjects.contains { $0.distance <= 0.2 && !$0.kind.isScenery }
    guard isClose, scene.place != .space, scene.place != .skyline else { return nil }
    factor = max(2, canvas.height / 340)
    columns = (canvas.width + factor - 1) / factor
    rows = (canvas.height + factor - 1) / factor
    cells = Self.blurred(canvas, columns, rows, factor)
  }

  /// How far out of focus a depth is, 0 … 1.
  @inline(__always)
  private static func amount(_ depth: Float) -> Float {
    0.85 * Elementary.smooth(0.13, 0.55, depth)
  }

  func apply(_ canvas: Canvas) {
    cells.withUnsafeBufferPointer { buffer in
      nonisolated(unsafe) let cells = buffer
      canvas.inBands { band in
        guard let base = cells.baseAddress else { return }
        let scale = 1 / Float(factor)
        for row in band {
          let line = canvas.pixels + row * canvas.width
          let y = max(0, min((Float(row) + 0.5) * scale - 0.5, Float(rows) - 1.001))
          let upper = base + Int(y) * columns
          let lower = upper + columns
          let down = y - Elementary.floor(y)
          for column in 0..<canvas.width {
            let pixel = line[column]
            let amount = Self.amount(pixel.w)
            if amount <= 0.01 { continue }
            let x = max(0, min((Float(column) + 0.5) * scale - 0.5, Float(columns) - 1.001))
            let left = Int(x)
            let t = x - Float(left)
            let around = upper[left].mixed(upper[left + 1], t).mixed(
              lower[left].mixed(lower[left + 1], t), down)
            var soft = around * Colour(repeating: 1 / max(around.w, 0.0001))
            soft.w = pixel.w
            line[column] = pixel.mixed(soft, amount)
          }
        }
      }
    }
  }

  private static func blurred(
    _ canvas: Canvas, _ columns: Int, _ rows: Int, _ factor: Int
  ) -> [Colour] {
    var cells = [Colour](repeating: .zero, count: columns * rows)
    cells.withUnsafeMutableBufferPointer { buffer in
      nonisolated(unsafe) let out = buffer
      Bands.run(0..<rows, size: 8) { band in
        for row in band {
          for column in 0..<columns {
            var sum = Colour.zero
            for y in (row * factor)..<min((row + 1) * factor, canvas.height) {
              for x in (column * factor)..<min((column + 1) * factor, canvas.width) {
                var pixel = canvas.pixels[y * canvas.width + x]
                let weight = amount(pixel.w) + 0.0005
                pixel.w = 1
                sum += pixel * Colour(repeating: weight)
              }
            }
            out[row * columns + column] = sum
          }
        }
      }
    }
    for _ in 0..<2 { Blur.box(&cells, columns, rows, radius: 2) }
    return cells
  }
}
