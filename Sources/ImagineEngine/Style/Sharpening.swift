/// Sharpens fine detail: moves each pixel away from the brightness around it.
enum Sharpening {
  static func apply(_ canvas: Canvas, _ strength: Float) {
    let width = canvas.width
    let height = canvas.height
    let reach = max(1, height / 600)
    // A perceptual value: about the square root of the light.
    let levels = [Float](unsafeUninitializedCapacity: width * height) { buffer, count in
      nonisolated(unsafe) let out = buffer
      canvas.inBands { band in
        for index in (band.lowerBound * width)..<(band.upperBound * width) {
          out[index] = min(canvas.pixels[index].luminance, 1.2).squareRoot()
        }
      }
      count = width * height
    }
    levels.withUnsafeBufferPointer { buffer in
      nonisolated(unsafe) let levels = buffer
      canvas.inBands { band in
        for row in band {
          let line = canvas.pixels + row * width
          let above = max(row - reach, 0) * width
          let below = min(row + reach, height - 1) * width
          for column in 0..<width {
            let here = levels[row * width + column]
            let sides =
              levels[row * width + max(column - reach, 0)]
              + levels[row * width + min(column + reach, width - 1)]
            let around = (sides + levels[above + column] + levels[below + column]) * 0.25
            let step = max(-0.12, min(0.12, (here - around) * strength))
            line[column] = line[column].lit(1 + step * 2 / max(here, 0.15))
          }
        }
      }
    }
  }
}
