import ImagineCore

/// From light to bytes.
enum Developing {
  /// An 8-bit picture of a canvas: colours as strong as the style has them, tones compressed,
  /// gamma, grain.
  static func picture(_ canvas: Canvas, _ rendering: Rendering, seed: UInt32 = 0) throws -> Bitmap {
    try Bitmap(width: canvas.width, height: canvas.height, channels: 3) { bytes in
      write(canvas, rendering, seed: seed, to: bytes)
    }
  }

  /// An 8-bit picture of a canvas that was a picture before: gamma alone.
  static func photograph(_ canvas: Canvas) throws -> Bitmap {
    try Bitmap(width: canvas.width, height: canvas.height, channels: 3) { bytes in
      nonisolated(unsafe) let bytes = bytes
      canvas.inBands { rows in
        for index in (rows.lowerBound * canvas.width)..<(rows.upperBound * canvas.width) {
          let value = nonNegative(canvas.pixels[index]).squareRoot() * 255
          bytes[index * 3] = byte(value.x)
          bytes[index * 3 + 1] = byte(value.y)
          bytes[index * 3 + 2] = byte(value.z)
        }
      }
    }
  }

  static func write(
    _ canvas: Canvas, _ rendering: Rendering, seed: UInt32,
    to bytes: UnsafeMutableBufferPointer<UInt8>
  ) {
    let width = canvas.width
    let contrast = rendering.contrast
    let saturation = rendering.saturation
    let grain = rendering.grain
    nonisolated(unsafe) let bytes = bytes
    canvas.inBands { band in
      guard let base = bytes.baseAddress else { return }
      for row in band {
        let line = canvas.pixels + row * width
        var out = base + row * width * 3
        for column in 0..<width {
          var value = tone(line[column].saturated(saturation), contrast)
          if grain > 0 {
            let speck =
              Noise.cell(Int32(column), Int32(row), seed)
              + Noise.cell(Int32(column), Int32(row), seed &+ 1) - 1
            value += Colour(repeating: speck * grain)
          }
          out[0] = byte(value.x)
          out[1] = byte(value.y)
          out[2] = byte(value.z)
          out += 3
        }
      }
    }
  }

  @inline(__always)
  private static func byte(_ value: Float) -> UInt8 {
    let limited = value < 0 ? 0 : (value > 255 ? 255 : value)
    return UInt8(truncatingIfNeeded: Int32(limited + 0.5))
  }

  @inline(__always)
  private static func nonNegative(_ light: Colour) -> Colour {
    Colour(max(light.x, 0), max(light.y, 0), max(light.z, 0), 0)
  }

  /// Linear light to 0 … 255: highlights roll off instead of clipping.
  @inline(__always)
  static func tone(_ light: Colour, _ contrast: Float) -> Colour {
    let value = nonNegative(light)
    // Straight up to about a half, then ever flatter towards 1.
    let compressed = value * (1 + value * 0.18) / (1 + value * 0.42)
    let root = compressed.squareRoot()
    return ((root - 0.5) * contrast + 0.5) * 255
  }
}
