import ImagineCore

/// From light to bytes.
enum Developing {
  /// An 8-bit picture of a canvas: tones compressed, gamma, grain.
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
          var light = canvas.pixels[index]
          light.clamp(lowerBound: .zero, upperBound: Colour(repeating: 1))
          let value = light.squareRoot() * 255 + 0.5
          for channel in 0..<3 { bytes[index * 3 + channel] = UInt8(value[channel]) }
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
    let grain = rendering.grain
    nonisolated(unsafe) let bytes = bytes
    canvas.inBands { band in
      guard let base = bytes.baseAddress else { return }
      for row in band {
        let line = canvas.pixels + row * width
        var out = base + row * width * 3
        for column in 0..<width {
          var value = tone(line[column], contrast)
          if grain > 0 {
            let speck =
              Noise.cell(Int32(column), Int32(row), seed)
              + Noise.cell(Int32(column), Int32(row), seed &+ 1) - 1
            value += Colour(repeating: speck * grain)
          }
          value.clamp(lowerBound: .zero, upperBound: Colour(repeating: 255))
          let whole = SIMD4<Int32>(
            truncatingIfNeeded: SIMD4<Int32>(value + 0.5, rounding: .towardZero))
          out[0] = UInt8(truncatingIfNeeded: whole.x)
          out[1] = UInt8(truncatingIfNeeded: whole.y)
          out[2] = UInt8(truncatingIfNeeded: whole.z)
          out += 3
        }
      }
    }
  }

  /// Linear light to 0 … 255: highlights roll off instead of clipping.
  @inline(__always)
  static func tone(_ light: Colour, _ contrast: Float) -> Colour {
    var value = light
    value.replace(with: 0, where: value .< 0)
    // Straight up to about a half, then ever flatter towards 1.
    let compressed = value * (1 + value * 0.18) / (1 + value * 0.42)
    let root = compressed.squareRoot()
    return ((root - 0.5) * contrast + 0.5) * 255
  }
}
