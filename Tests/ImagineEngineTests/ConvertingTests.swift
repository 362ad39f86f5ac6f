import ImagineAPI
import Testing

@testable import ImagineEngine

@Suite struct ConvertingTests {
  let engine = BuiltInEngine()
  let source: [UInt8]

  init() throws {
    source = try Codec.encode(
      Bitmap.checks(width: 120, height: 60), as: .png)
  }

  @Test("every writable format is written and read back", arguments: ImageFormat.writable)
  func formats(_ format: ImageFormat) throws {
    let bytes = try engine.convert(source, to: Conversion(format: format))
    let header = try ImageInspection(bytes)
    #expect(header.format == format)
    #expect(header.size == PixelSize(width: 120, height: 60))
    let back = try engine.convert(bytes, to: Conversion(format: .png))
    #expect(try ImageInspection(back).format == .png)
    #expect(bytes.firstRange(of: Array("Exif".utf8)) == nil)
    #expect(bytes.firstRange(of: Array("EXIF".utf8)) == nil)
  }

  @Test(
    "a PNG keeps every pixel, whatever its size",
    arguments: [(1, 1), (1, 256), (3, 2), (256, 1), (640, 480), (15_000, 60), (2000, 1200)], [3, 4])
  func keepsPixels(_ size: (width: Int, height: Int), _ channels: Int) throws {
    let picture = try Bitmap.checks(width: size.width, height: size.height, channels: channels)
    let back = try Codec.decode(Codec.encode(picture, as: .png), field: "image")
    #expect(back.size == picture.size && back.channels == channels)
    #expect(back.withPixels { Array($0) } == picture.withPixels { Array($0) })
  }

  @Test(
    "an image fits a box in several ways",
    arguments: [
      (Conversion.Fit.contain, 50, 50, PixelSize(width: 50, height: 25)),
      (.cover, 50, 50, PixelSize(width: 50, height: 50)),
      (.fill, 33, 77, PixelSize(width: 33, height: 77)),
    ])
  func fits(_ fit: Conversion.Fit, _ width: Int, _ height: Int, _ expected: PixelSize) throws {
    let bytes = try engine.convert(
      source, to: Conversion(format: .png, width: width, height: height, fit: fit))
    #expect(try ImageInspection(bytes).size == expected)
  }

  @Test(
    "a JPEG that is halved while it is decoded has its size, and looks as if it were not",
    arguments: [
      (61, Conversion.Fit.contain), (320, .contain), (333, .cover), (500, .pad), (512, .contain),
    ])
  func shrinksWhileDecoding(_ width: Int, _ fit: Conversion.Fit) throws {
    let picture = try engine.picture(
      prompt: "a city skyline at night", style: .imagineTurbo,
      size: PixelSize(width: width == 512 ? 1024 : 1023, height: width == 512 ? 768 : 767), seed: 1)
    func small(_ format: ImageFormat) throws -> Bitmap {
      let file = try Codec.encode(picture, as: format, quality: 98)
      let conversion = Conversion(format: .png, width: width, height: width * 3 / 4, fit: fit)
      return try Codec.decode(engine.convert(file, to: conversion), field: "image")
    }
    let (halved, whole) = (try small(.jpeg), try small(.png))
    #expect(halved.size == whole.size && halved.channels == whole.channels)
    let differences = halved.withPixels { one in
      whole.withPixels { two in zip(one, two).map { abs(Int($0) - Int($1)) } }
    }
    // An odd side is half a pixel longer when it is halved.
    #expect(differences.reduce(0, +) < 8 * differences.count)
  }

  @Test("an image that is padded keeps its pixels in the middle, and its matte is white beside it")
  func pads() throws {
    var padding = Conversion(format: .png, width: 160, height: 60)
    padding.fit = .pad
    let padded = try engine.convert(source, to: padding)
    let canvas = try Codec.decode(padded, field: "image")
    #expect(canvas.channels == 4 && canvas.size == PixelSize(width: 160, height: 60))
    let middle = try canvas.cropped(left: 20, top: 0, width: 120, height: 60)
    let original = try Codec.decode(source, field: "image")
    middle.withPixels { middle in
      original.withPixels { original in
        for index in 0..<(120 * 60) {
          #expect(
            middle[(4 * index)..<(4 * index + 3)].elementsEqual(
              original[(3 * index)..<(3 * index + 3)]))
          #expect(middle[4 * index + 3] == 255)
        }
      }
    }
    let matte = try Codec.decode(
      engine.convert(padded, to: Conversion(format: .png, isMatte: true)), field: "image")
    #expect(matte.channels == 3)
    matte.withPixels { matte in
      for index in 0..<(160 * 60) {
        let isBeside = index % 160 < 20 || index % 160 >= 140
        #expect(matte[3 * index] == (isBeside ? 255 : 0))
      }
    }
    // A box of another shape scales the image first.
    padding.width = 30
    let narrow = try Codec.decode(engine.convert(source, to: padding), field: "image")
    #expect(narrow.size == PixelSize(width: 30, height: 60))
    let opaque = narrow.withPixels { pixels in (0..<(30 * 60)).count { pixels[4 * $0 + 3] == 255 } }
    #expect(opaque == 30 * 15)
  }

  @Test("a mask is white and clear where it is white, black and opaque elsewhere")
  func masks() throws {
    for format in [ImageFormat.png, .webp] {
      let bytes = try engine.convert(
        engine.convert(source, to: Conversion(format: format, quality: 100)),
        to: Conversion(format: .png, isMask: true))
      let mask = try Codec.decode(bytes, field: "image")
      let original = try Codec.decode(source, field: "image")
      #expect(mask.channels == 4 && mask.size == original.size)
      mask.withPixels { mask in
        original.withPixels { original in
          for index in 0..<(120 * 60) {
            let pixel = original[(3 * index)..<(3 * index + 3)].map(Int.init)
            let level = (pixel[0] + 2 * pixel[1] + pixel[2]) / 4
            #expect(mask[4 * index] == mask[4 * index + 2])
            #expect(mask[4 * index + 3] == 255 - mask[4 * index])
            if format == .png { #expect(Int(mask[4 * index]) == level) }
          }
        }
      }
    }
  }

  @Test("with one side given, the other follows the image's shape")
  func oneSide() throws {
    let bytes = try engine.convert(source, to: Conversion(format: .jpeg, height: 30))
    #expect(try ImageInspection(bytes).size == PixelSize(width: 60, height: 30))
  }

  @Test("a lower quality makes a smaller file")
  func quality() throws {
    let high = try engine.convert(source, to: Conversion(format: .jpeg, quality: 95))
    let low = try engine.convert(source, to: Conversion(format: .jpeg, quality: 20))
    #expect(low.count < high.count)
  }

  @Test("the error for an impossible size names its field")
  func badSize() throws {
    let error = #expect(throws: EngineError.self) {
      try engine.convert(source, to: Conversion(format: .png, width: 0))
    }
    guard case .unusable(field: "width", reason: _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("bytes that are no image, or a damaged one, are refused with the field's name")
  func damaged() throws {
    var stripped = Array(source.prefix(source.count / 2))
    let cases: [[UInt8]] = [[], Array("not a picture".utf8), stripped, Array(source.prefix(20))]
    stripped[40] ^= 0xFF
    for bytes in cases + [stripped] {
      let error = #expect(throws: EngineError.self) {
        try engine.convert(bytes, to: Conversion(format: .png))
      }
      guard case .unusable(field: "image", reason: let reason) = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(!reason.isEmpty)
    }
  }

  @Test("a header that declares too many pixels is refused before anything is decoded")
  func tooLarge() throws {
    // The header of a PNG of 40000 × 40000 pixels; its checksum is right, its data is missing.
    let header: [UInt8] = [
      0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 0,
      0x9C, 0x40, 0, 0, 0x9C, 0x40, 8, 2, 0, 0, 0, 0x5B, 0xA9, 0x10, 0x6A,
    ]
    #expect(throws: EngineError.self) { try ImageInspection(header + source.dropFirst(33)) }
    #expect(throws: EngineError.self) {
      try engine.convert(header + source.dropFirst(33), to: Conversion(format: .png))
    }
  }
}

extension Bitmap {
  /// Coloured squares; no two neighbours are alike.
  static func checks(width: Int, height: Int, channels: Int = 3) throws -> Bitmap {
    try Bitmap(width: width, height: height, channels: channels) { bytes in
      for index in 0..<bytes.count {
        let pixel = index / channels
        let square = (pixel % width) / 7 + (pixel / width) / 5 * 31
        bytes[index] =
          index % channels == 3
          ? 255 : UInt8(truncatingIfNeeded: square * 47 * (index % channels + 1))
      }
    }
  }
}
