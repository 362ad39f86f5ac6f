import ImagineAPI
import Testing

@testable import ImagineEngine

/// Requests over the pixel budget are refused before allocation, with their field.
@Suite struct BoundsTests {
  let engine = BuiltInEngine()

  /// The field that an engine call refuses.
  private func refused(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch EngineError.unusable(let field, let reason) {
      return reason.isEmpty ? nil : field
    } catch {
      return "\(error)"
    }
  }

  private func blank(_ width: Int, _ height: Int) throws -> [UInt8] {
    try Codec.encode(
      Bitmap(width: width, height: height, channels: 3) { $0.initialize(repeating: 90) }, as: .png)
  }

  @Test("a size is checked for its sides, its area and its shape, whatever the numbers")
  func sizes() {
    let good = [(1, 1), (1, 256), (16_384, 64), (8000, 8000), (64, 16_384)]
    let bad = [
      (0, 1), (1, -1), (16_385, 100), (8001, 8000), (1, 257), (.max, .max), (.max, 1), (.min, .min),
      (4_294_967_296, 4_294_967_296),
    ]
    for (width, height) in good {
      #expect(PixelBudget.fault(of: PixelSize(width: width, height: height)) == nil)
    }
    for (width, height) in bad {
      #expect(PixelBudget.fault(of: PixelSize(width: width, height: height)) != nil)
    }
  }

  @Test("a GIF whose frame is larger than its screen counts with its frame", arguments: [10, 1])
  func gifFrames(_ screen: Int) throws {
    for (width, height) in [(65_535, 1), (9999, 9999), (8000, 8000), (40, 1)] {
      let file = GIFFile(
        width: screen, height: screen, palette: [(0, 0, 0)], frames: [[0]],
        frameSize: (width, height))
      #expect(refused { _ = try engine.removeBackground(file.bytes) } == "image")
      #expect(
        refused { _ = try engine.convert(file.bytes, to: Conversion(format: .png)) } == "image")
    }
  }

  @Test("a TIFF with tiles far larger than its image is refused")
  func tiffTiles() throws {
    var file = TIFFFile(width: 1, height: 1, samples: [1, 2, 3])
    for (width, height) in [(60_000, 16), (16_000, 16_000), (4_294_967_280, 4_294_967_280)] {
      file.tile = (width, height)
      #expect(refused { _ = try engine.removeBackground(file.bytes) } == "image")
    }
  }

  @Test("sizes whose product overflows are refused in every place of a file")
  func overflows() throws {
    let most: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]
    // A second size after the first in a TIFF: some readers use it.
    var tiff = TIFFFile(width: 1, height: 1, samples: [1, 2, 3])
    tiff.secondSize = (4_294_967_295, 4_294_967_295)
    _ = refused { _ = try engine.removeBackground(tiff.bytes) }
    guard SampleFile.formats.contains(.avif) else { return }
    var avif = try SampleFile.bytes(.avif)
    let place = try #require(avif.firstRange(of: Array("ispe".utf8))).upperBound + 4
    avif.replaceSubrange(place..<(place + 8), with: most)
    #expect(refused { _ = try engine.removeBackground(avif) } == "image")
  }

  @Test("an AVIF whose items share bytes, or that has too many parts, is refused")
  func avifItems() throws {
    let order = ByteOrder.big
    func box(_ kind: String, _ body: [UInt8]) -> [UInt8] {
      order.bytes(body.count + 8, 4) + Array(kind.utf8) + body
    }
    func file(_ boxes: [UInt8]) -> [UInt8] {
      box("ftyp", Array("avif".utf8) + [0, 0, 0, 0]) + box("meta", [0, 0, 0, 0] + boxes)
        + box("mdat", [UInt8](repeating: 7, count: 20_000))
    }
    let extent = order.bytes(0, 4) + order.bytes(20_000, 4)
    func locations(_ sizes: Int, _ extents: Int, _ extent: [UInt8]) -> [UInt8] {
      box(
        "iloc",
        [0, 0, 0, 0] + order.bytes(sizes, 2) + order.bytes(1, 2) + order.bytes(1, 2) + [0, 0]
          + order.bytes(extents, 2) + [[UInt8]](repeating: extent, count: extents).joined())
    }
    let parts = box(
      "iref",
      [0, 0, 0, 0]
        + box(
          "dimg",
          order.bytes(1, 2) + order.bytes(5000, 2)
            + [[UInt8]](repeating: [0, 2], count: 5000).joined()))
    let files = [
      file(locations(0x4400, 50, extent)), file(locations(0, 60_000, [])),
      file(locations(0x0000, 65_535, [])), file(parts),
    ]
    for file in files {
      let items = HEIFItems(file)
      #expect(items.itemBytes > file.count + 4096 || items.parts == 5000)
      #expect(refused { _ = try engine.removeBackground(file) } == "image")
    }
    #expect(HEIFItems(file(locations(0x4400, 1, extent))).itemBytes == 20_000)
  }

  @Test(
    "a conversion is limited by its result's size, and its intermediate images are no larger",
    arguments: [
      (1, 200, 16_384, 1, Conversion.Fit.cover, "width"), (100, 270, 16_384, 64, .cover, nil),
      (100, 100, 16_384, nil, .contain, "width"), (100, 100, nil, 16_384, .contain, "height"),
      (10, 100, 8000, 8001, .fill, "width"), (200, 1, 16_384, 16_384, .contain, nil),
      (30, 30, 16_385, nil, .contain, "width"), (30, 30, 1, 0, .fill, "height"),
      (30, 30, nil, .max, .cover, "height"), (3, 2, 1, nil, .cover, nil),
    ] as [(Int, Int, Int?, Int?, Conversion.Fit, String?)])
  func conversions(
    _ width: Int, _ height: Int, _ newWidth: Int?, _ newHeight: Int?, _ fit: Conversion.Fit,
    _ field: String?
  ) throws {
    let conversion = Conversion(format: .png, width: newWidth, height: newHeight, fit: fit)
    let source = PixelSize(width: width, height: height)
    let file = try blank(width, height)
    #expect(refused { _ = try engine.memory(for: conversion, image: source) } == field)
    #expect(refused { _ = try engine.convert(file, to: conversion) } == field)
  }

  @Test("an edit whose result would exceed the bounds is refused before any work")
  func targets() throws {
    func field(_ operation: MediaOperation, _ width: Int, _ height: Int, _ shape: AspectRatio?)
      -> String?
    {
      refused {
        _ = try engine.memory(
          for: operation, image: PixelSize(width: width, height: height), aspectRatio: shape)
      }
    }
    #expect(field(.upscale, 4000, 4001, nil) == "image")
    #expect(field(.upscale, 8193, 100, nil) == "image")
    #expect(field(.upscale, 4000, 4000, nil) == nil)
    #expect(field(.resize, 64, 16_384, .square) == "image")
    #expect(field(.resize, 7900, 7900, .sixteenToNine) == "image")
    #expect(field(.resize, 7900, 7900, .square) == nil)
    #expect(field(.animate, 20, 60_000, nil) == "image")
    #expect(field(.animate, 64, 16_384, .square) == nil)
    let strip = try blank(64, 16_384)
    #expect(
      refused { _ = try engine.resize(strip, to: .square, prompt: nil, mask: nil) } == "image")
  }

  @Test("a thin strip is animated without an intermediate image larger than the video")
  func strip() throws {
    let covered = try Codec.cover(
      Codec.decode(blank(64, 16_384), field: "image"), PixelSize(width: 749, height: 749))
    #expect(covered.size == PixelSize(width: 749, height: 749))
  }

  @Test("images of a few pixels pass every edit, or are refused with their field")
  func tiny() throws {
    let shapes = [
      (1, 1), (1, 2), (2, 1), (1, 64), (64, 1), (2, 200), (3, 3), (5, 2), (8, 8), (7, 40),
    ]
    for (width, height) in shapes {
      for channels in [3, 4] {
        let picture = try Bitmap(width: width, height: height, channels: channels) { bytes in
          for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: index &* 37 &+ 90) }
        }
        let image = try Codec.encode(picture, as: .png)
        for marked in [0..<0, 0..<1, 0..<(width * height), 1..<(width * height)] {
          let mask = try Mask.file(width, height) { marked.contains($0) }
          for edit in Edit.all(image, mask) {
            let field = refused { _ = try edit.run(engine) }
            #expect(
              field == nil || field == "image" || field == "mask",
              "\(edit.name) of \(width)x\(height), \(channels) channels: \(field ?? "")")
          }
        }
      }
    }
  }
}

extension Mask {
  /// A mask file that is white where `isSet` returns true for the pixel's index.
  static func file(_ width: Int, _ height: Int, _ isSet: (Int) -> Bool) throws -> [UInt8] {
    try Codec.encode(
      Raster(
        width: width, height: height,
        bytes: (0..<(width * height)).flatMap { index -> [UInt8] in
          [UInt8](repeating: isSet(index) ? 255 : 0, count: 3)
        }
      ).picture(), as: .png)
  }
}

/// An edit that can be tried with any image.
struct Edit {
  let name: String
  let run: (BuiltInEngine) throws -> [UInt8]

  static func all(
    _ image: [UInt8], _ mask: [UInt8], control: @escaping @autoclosure () -> EngineControl = .init()
  ) -> [Edit] {
    var edits = [
      Edit(name: "remove_background") { try $0.removeBackground(image, control: control()).png },
      Edit(name: "upscale") { try $0.upscale(image, control: control()) },
      Edit(name: "retouch") { try $0.retouch(image, mask: mask, control: control()) },
      Edit(name: "fill") {
        try $0.fill(
          prompt: "a red boat in a desert", image: image, mask: mask, control: control())
      },
      Edit(name: "add_background") {
        try $0.addBackground(prompt: "on a beach", image: image, seed: 3, control: control())
      },
    ]
    edits.append(
      Edit(name: "composite") {
        try $0.composite(image, over: image, mask: mask, control: control()).png ?? []
      })
    for shape in [AspectRatio.square, .sixteenToNine, .nineToSixteen] {
      edits.append(
        Edit(name: "resize to \(shape.rawValue)") {
          try $0.resize(image, to: shape, prompt: "a lake", mask: mask, control: control())
        })
    }
    for fit in Conversion.Fit.allCases {
      edits.append(
        Edit(name: "convert, \(fit)") {
          try $0.convert(
            image, to: Conversion(format: .webp, width: 40, height: 30, fit: fit),
            control: control())
        })
    }
    return edits
  }
}
