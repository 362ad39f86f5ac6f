/// What a style does to the whole picture once everything is in it.
struct Finish {
  private let painter: Painter
  private let rendering: Rendering

  init(_ painter: Painter) {
    self.painter = painter
    rendering = painter.rendering
  }

  func apply(_ canvas: Canvas) {
    if rendering.finish == .strokes { Strokes(painter).apply(canvas) }
    if rendering.ink > 0 { drawContours(canvas) }
    let soft = rendering.bloom > 0 || rendering.clarity > 0 ? Haloes(canvas) : nil
    if soft != nil || rendering.vignette > 0 { grade(canvas, soft) }
  }

  /// Ink where the depth or the brightness jumps.
  private func drawContours(_ canvas: Canvas) {
    let width = canvas.width
    let ink = EdgeMap(canvas)
    canvas.inBands { band in
      for row in band {
        let line = canvas.pixels + row * width
        for column in 0..<width {
          let amount = ink.values[row * width + column]
          if amount <= 0 { continue }
          let colour = line[column]
          var dark = colour * Colour(0.16, 0.13, 0.2, 1)
          dark.w = colour.w
          line[column] = colour.mixed(dark, amount)
        }
      }
    }
  }

  private func grade(_ canvas: Canvas, _ soft: Haloes?) {
    let height = Float(canvas.height)
    let width = Float(canvas.width)
    let bloom = rendering.bloom
    let clarity = rendering.clarity
    canvas.inBands { band in
      for row in band {
        let line = canvas.pixels + row * canvas.width
        for column in 0..<canvas.width {
          var colour = line[column]
          if let soft {
            let around = soft.at(column, row)
            colour += around.light * Colour(repeating: bloom)
            if clarity > 0 {
              let difference = colour.luminance - around.level
              let limited = max(-0.25, min(0.25, difference))
              colour = colour * Colour(repeating: max(0.3, 1 + limited * clarity * 1.6))
            }
          }
          if rendering.vignette > 0 {
            let dx = (Float(column) + 0.5) / width - 0.5
            let dy = (Float(row) + 0.5) / height - 0.5
            colour = colour * Colour(repeating: 1 - rendering.vignette * (dx * dx + dy * dy) * 1.5)
          }
          line[column] = colour
        }
      }
    }
  }
}

/// Lines at the edges of things: where depth jumps, for the inked style.
private struct EdgeMap {
  let values: [Float]

  init(_ canvas: Canvas) {
    let width = canvas.width
    let height = canvas.height
    let reach = max(1, Int(Float(height) * 0.0012 + 0.5))
    values = [Float](unsafeUninitializedCapacity: width * height) { buffer, count in
      nonisolated(unsafe) let out = buffer
      Bands.run(0..<height) { band in
        for row in band {
          for column in 0..<width {
            let here = canvas.pixels[row * width + column].w
            let left = canvas.pixels[row * width + max(column - reach, 0)].w
            let right = canvas.pixels[row * width + min(column + reach, width - 1)].w
            let up = canvas.pixels[max(row - reach, 0) * width + column].w
            let down = canvas.pixels[min(row + reach, height - 1) * width + column].w
            // A plane that recedes has equal steps on both sides; an edge has not.
            let bend = max(abs(left + right - 2 * here), abs(up + down - 2 * here))
            out[row * width + column] = Elementary.smooth(0.05, 0.14, bend) * 0.85
          }
        }
      }
      count = width * height
    }
  }
}
