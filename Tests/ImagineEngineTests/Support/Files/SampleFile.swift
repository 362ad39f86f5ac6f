import ImagineAPI

@testable import ImagineEngine

/// A small, valid file of each format and several pixel types.
enum SampleFile {
  enum Format: String, CaseIterable, Sendable {
    case png, pngPalette, jpeg, jpegCMYK, webp, webpAlpha, avif, avifAlpha, tiff, tiffDeep, gif
  }

  /// The formats that this machine's libvips can write; AVIF is optional.
  static let formats = Format.allCases.filter { format in
    switch format {
    case .avif, .avifAlpha: (try? bytes(format)) != nil
    default: true
    }
  }

  static func bytes(_ format: Format) throws -> [UInt8] {
    let (width, height) = (48, 40)
    let picture = try Bitmap.checks(width: width, height: height)
    let samples = Raster(picture).bytes.map { Int($0) }
    let steps = (0..<(width * height)).map { $0 / 7 % 64 }
    let shades = (0..<64).map { (step: UInt8) in
      (red: step * 4, green: 255 - step * 3, blue: step * 2)
    }
    switch format {
    case .png: return try Codec.encode(picture, as: .png)
    case .pngPalette:
      return PNGFile(
        width: width, height: height, colours: .palette, depth: 8, samples: steps,
        chunks: [("PLTE", shades.flatMap { [$0.red, $0.green, $0.blue] }), ("tRNS", [0, 100])]
      ).bytes
    case .jpeg: return try Codec.encode(picture, as: .jpeg)
    case .jpegCMYK:
      return JPEGFile(
        columns: 6, rows: 5, components: 4, samples: (0..<120).map { $0 * 37 % 256 },
        hasAdobeMark: true
      ).bytes
    case .webp: return try Codec.encode(picture, as: .webp)
    case .webpAlpha:
      return try Codec.encode(
        Raster(picture).picture(alpha: steps.map { UInt8($0 * 4) }), as: .webp)
    case .avif: return try Codec.encode(picture, as: .avif)
    case .avifAlpha:
      return try Codec.encode(
        Raster(picture).picture(alpha: steps.map { UInt8($0 * 4) }), as: .avif)
    case .tiff:
      return TIFFFile(
        width: width, height: height, samples: samples, orientation: 6,
        profile: ColourProfile.redIsGreen
      ).bytes
    case .tiffDeep:
      return TIFFFile(
        width: width, height: height, depth: 16, order: .big, samples: samples.map { $0 * 257 }
      ).bytes
    case .gif:
      return GIFFile(
        width: width, height: height, palette: shades, frames: [steps],
        transparent: 3
      ).bytes
    }
  }
}
