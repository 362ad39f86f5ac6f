/// What a style does to the whole image once everything is painted.
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
    if rendering.hasFocus { Focus(painter.scene, canvas)?.apply(canvas) }
    if rendering.sharpness > 0 { Sharpening.apply(canvas, rendering.sharpness) }
    let soft = rendering.bloom > 0 || rendering.clarity > 0 ? BloomMap(canvas) : nil
    if soft != nil || rendering.vignette > 0 { grade(canvas, soft) }
  }

  /// Ink where depth or brightness jumps.
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

  private func grade(_ canvas: Canvas, _ soft: BloomMap?) {
    canvas.inBands { band in
      for row in band {
        if let soft {
          soft.withRow(row) { grade(row, canvas, $0) }
        } else {
          grade(row, canvas, nil)
        }
      }
    }
  }

  private func grade(_ row: Int, _ canvas: Canvas, _ soft: BloomMap.Row?) {
    let line = canvas.pixels + row * canvas.width
    let bloom = Colour(rendering.bloom, rendering.bloom, rendering.bloom, 0)
    let clarity = rendering.clarity
    let vignette = rendering.vignette * 1.5
    let perColumn = 1 / Float(canvas.width)
    let dy = (Float(row) + 0.5) / Float(canvas.height) - 0.5
    for column in 0..<canvas.width {
      var colour = line[column]
      if let soft {
        let around = soft.at(column)
        colour += around * bloom
        if clarity > 0 {
          let difference = colour.luminance - around.w
          let limited = max(-0.25, min(0.25, difference))
          colour = colour * Colour(repeating: max(0.3, 1 + limited * clarity * 1.6))
        }
      }
      if vignette > 0 {
        let dx = (Float(column) + 0.5) * perColumn - 0.5
        colour = colour * Colour(repeating: 1 - vignette * (dx * dx + dy * dy))
      }
      line[column] = colour
    }
  }
}

/// Lines at the edges of things, where depth jumps, for the inked style.
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
            // A receding plane has equal steps on both sides; an edge does not.
            let bend = max(abs(left + right - 2 * here), abs(up + down - 2 * here))
            out[row * width + column] = Elementary.smooth(0.05, 0.14, bend) * 0.85
          }
        }
      }
      count = width * height
    }
  }
}
