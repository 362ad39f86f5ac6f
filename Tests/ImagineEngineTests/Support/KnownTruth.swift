import ImagineAPI

@testable import ImagineEngine

/// Images whose right answer is known because the tests make them.
enum KnownTruth {
  /// How a subject is framed.
  enum Pose: Sendable {
    /// Entirely within the frame.
    case whole
    /// StrippedFile off by the lower edge, like a portrait.
    case portrait
  }

  /// A subject over a background, and its true alpha.
  static func composite(
    _ prompt: String, on ground: TestBackground, pose: Pose = .whole, seed: Int64 = 1, side: Int
  ) throws -> (picture: Raster, alpha: [UInt8]) {
    let low = pose == .whole ? Point(-0.34, 0.14) : Point(-0.44, 0.12)
    let high = pose == .whole ? Point(0.34, 0.86) : Point(0.44, 1.9)
    let scene = Composer.scene(of: prompt, aspect: 1, seed: seed).fitted(low: low, high: high)
    let cutout = try Cutout(
      scene, Rendering(.cutout), PixelSize(width: side, height: side), EngineControl())
    var picture = ground.raster(width: side, height: side, number: Int(seed))
    for index in cutout.alpha.indices {
      let alpha = Int(cutout.alpha[index])
      for channel in 0..<3 {
        let at = index * 3 + channel
        picture.bytes[at] = UInt8(
          (Int(picture.bytes[at]) * (255 - alpha) + Int(cutout.colours.bytes[at]) * alpha) / 255)
      }
    }
    return (picture, cutout.alpha)
  }

  /// A texture with structure at several scales.
  static func texture(_ kind: Int, side: Int) -> Raster {
    var raster = Raster(width: side, height: side)
    let noise = Noise(RandomStream(UInt64(kind) &+ 40))
    for row in 0..<side {
      for column in 0..<side {
        let x = Float(column)
        let y = Float(row)
        let base = noise.cloud(x / 40, y / 40, octaves: 2)
        var level: Float
        switch kind {
        case 0:
          let warp = noise.cloud(x / 30, y / 30, octaves: 3) * 4
          level = 0.5 + 0.35 * Elementary.sin(x / 3.2 + warp)
        case 1:
          let brickRow = Int(row / 12)
          let across = (column + (brickRow % 2) * 14) % 28
          level = row % 12 < 2 || across < 2 ? 0.78 : 0.42 + 0.1 * noise.value(x / 3, y / 3)
        case 2: level = noise.cloud(x / 5, y / 5, octaves: 3)
        default: level = (column / 8 + row / 8) % 2 == 0 ? 0.7 : 0.3
        }
        let shades = SIMD3<Float>(220, 180, 140) * (0.35 + level * 0.7) + SIMD3(10, 20, 40) * base
        for channel in 0..<3 {
          raster.bytes[(row * side + column) * 3 + channel] = UInt8(
            max(0, min(255, shades[channel])))
        }
      }
    }
    return raster
  }

  /// The similarity of two images where `mask` is set (everywhere without one), in decibels.
  static func signalToNoise(_ a: [UInt8], _ b: [UInt8], where mask: [UInt8]? = nil) -> Double {
    var sum = 0.0
    var count = 0.0
    for index in a.indices where mask.map({ $0[index / 3] != 0 }) ?? true {
      let d = Double(a[index]) - Double(b[index])
      sum += d * d
      count += 1
    }
    return 10 * decibels(255 * 255 * count / max(sum, 1e-9))
  }

  private static func decibels(_ ratio: Double) -> Double {
    // log10 from the engine's own log2: accurate enough for tests.
    Double(Elementary.log2(Float(ratio))) * 0.30102999566
  }

  static func overlap(_ found: [UInt8], _ truth: [UInt8]) -> Double {
    var both = 0
    var either = 0
    for index in found.indices {
      let a = found[index] > 127
      let b = truth[index] > 127
      both += a && b ? 1 : 0
      either += a || b ? 1 : 0
    }
    return either == 0 ? 1 : Double(both) / Double(either)
  }

  static func png(_ raster: Raster) throws -> [UInt8] {
    try Codec.encode(raster.picture(), as: .png)
  }

  /// A mask that is white in a rectangle.
  static func mask(_ columns: Range<Int>, _ rows: Range<Int>, width: Int, height: Int) -> Mask {
    var mask = Mask(
      width: width, height: height, values: [UInt8](repeating: 0, count: width * height))
    for row in rows { for column in columns { mask.values[row * width + column] = 255 } }
    return mask
  }
}

extension Mask {
  func png() throws -> [UInt8] {
    try KnownTruth.png(
      Raster(width: width, height: height, bytes: values.flatMap { [$0, $0, $0] }))
  }
}
