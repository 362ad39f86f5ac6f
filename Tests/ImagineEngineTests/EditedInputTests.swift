import ImagineAPI
import Testing

@testable import ImagineEngine

/// File format and camera orientation concern only the decoder: an edit works on the image as
/// shown.
@Suite struct EditedInputTests {
  let engine = BuiltInEngine()

  @Test(
    "an edit gives the same result for any kind of file that shows the same image",
    arguments: try Self.files)
  func everyEdit(_ sample: Sample) throws {
    let file = sample.bytes
    let picture = try Codec.decode(file, field: "image")
    #expect(picture.size == sample.size)
    let shown = try Codec.encode(picture, as: .png)
    let mask = try Self.mask(picture.size)
    #expect(try engine.removeBackground(file) == engine.removeBackground(shown))
    #expect(try engine.upscale(file) == engine.upscale(shown))
    #expect(try engine.retouch(file, mask: mask) == engine.retouch(shown, mask: mask))
    #expect(
      try engine.fill(prompt: "a red boat", image: file, mask: mask)
        == engine.fill(prompt: "a red boat", image: shown, mask: mask))
    for mask in [nil, mask] {
      #expect(
        try engine.resize(file, to: .sixteenToNine, prompt: nil, mask: mask)
          == engine.resize(shown, to: .sixteenToNine, prompt: nil, mask: mask))
    }
    #expect(
      try engine.addBackground(prompt: "a table", image: file, seed: 3)
        == engine.addBackground(prompt: "a table", image: shown, seed: 3))
    let conversion = Conversion(format: .png)
    #expect(try engine.convert(file, to: conversion) == engine.convert(shown, to: conversion))
  }

  @Test(
    "a mask may be any kind of file, and is aligned with its upright image",
    arguments: try Self.files)
  func everyMask(_ sample: Sample) throws {
    let whole = TestBackground.wood.raster(width: sample.size.width, height: sample.size.height)
    let mask = try Codec.decode(sample.bytes, field: "mask")
    let shown = try Codec.encode(mask, as: .png)
    let image = try KnownTruth.png(whole)
    #expect(try engine.retouch(image, mask: sample.bytes) == engine.retouch(image, mask: shown))
  }

  // MARK: - Support

  struct Sample: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]
    let size: PixelSize
  }

  /// All samples, plus the kinds of file that they do not include.
  private static var files: [Sample] {
    get throws {
      let (width, height) = (48, 40)
      let samples = Raster(try Bitmap.checks(width: width, height: height)).bytes.map { Int($0) }
      let upright = PixelSize(width: width, height: height)
      let turned = PixelSize(width: height, height: width)
      var files = try SampleFile.formats.map { format in
        Sample(
          testDescription: format.rawValue, bytes: try SampleFile.bytes(format),
          size: format == .tiff ? turned : upright)
      }
      let deep = PNGFile(width: width, height: height, depth: 16, samples: samples.map { $0 * 257 })
      files.append(Sample(testDescription: "PNG of 16 bits", bytes: deep.bytes, size: upright))
      let jpeg = try Codec.encode(Bitmap.checks(width: width, height: height), as: .jpeg)
      let askew = JPEGFile.inserting(
        0xE1, Array("Exif".utf8) + [0, 0] + Exif.orientation(8), into: jpeg)
      files.append(Sample(testDescription: "rotated JPEG", bytes: askew, size: turned))
      let profile = JPEGFile.inserting(
        0xE2, Array("ICC_PROFILE".utf8) + [0, 1, 1] + ColourProfile.redIsGreen, into: jpeg)
      files.append(Sample(testDescription: "JPEG with a profile", bytes: profile, size: upright))
      return files
    }
  }

  /// A block within an image.
  private static func mask(_ size: PixelSize) throws -> [UInt8] {
    var mask = Raster(width: size.width, height: size.height)
    for row in 12..<22 {
      for column in 10..<26 {
        for channel in 0..<3 { mask.bytes[(row * size.width + column) * 3 + channel] = 255 }
      }
    }
    return try KnownTruth.png(mask)
  }
}
