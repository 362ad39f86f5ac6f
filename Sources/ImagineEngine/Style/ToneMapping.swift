import CImaging
import ImagineAPI

/// Turns linear light into 8-bit pixels.
enum ToneMapping {
  /// An 8-bit image of a canvas: applies the style's saturation, compresses the tones, then adds
  /// gamma and grain.
  static func picture(_ canvas: Canvas, _ rendering: Rendering, seed: UInt32 = 0) throws -> Bitmap {
    try Bitmap(width: canvas.width, height: canvas.height, channels: 3) { bytes in
      nonisolated(unsafe) let bytes = bytes
      let width = canvas.width
      canvas.inBands { rows in
        guard let base = bytes.baseAddress else { return }
        for row in rows {
          (canvas.pixels + row * width).withMemoryRebound(to: Float.self, capacity: width * 4) {
            imaging_tone_map_row(
              $0, Int32(width), rendering.saturation, rendering.contrast, rendering.grain,
              Int32(row), seed, base + row * width * 3)
          }
        }
      }
    }
  }

  /// An 8-bit image of a canvas that holds a photograph: gamma alone.
  static func gammaOnly(_ canvas: Canvas) throws -> Bitmap {
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

  @inline(__always)
  private static func byte(_ value: Float) -> UInt8 {
    let limited = value < 0 ? 0 : (value > 255 ? 255 : value)
    return UInt8(truncatingIfNeeded: Int32(limited + 0.5))
  }

  @inline(__always)
  private static func nonNegative(_ light: Colour) -> Colour {
    Colour(max(light.x, 0), max(light.y, 0), max(light.z, 0), 0)
  }
}
