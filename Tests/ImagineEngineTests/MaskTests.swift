import ImagineAPI
import Testing

@testable import ImagineEngine

/// How a mask selects pixels, and how fast a hole of any form is filled.
@Suite struct MaskTests {
  let engine = BuiltInEngine()

  private func picture(_ width: Int, _ height: Int) throws -> [UInt8] {
    try KnownTruth.png(TestBackground.wood.raster(width: width, height: height))
  }

  /// The pixels that an edit changed, in an image whose marked part is painted over.
  private func changed(_ mask: [UInt8], _ marked: (Int, Int) -> Bool) throws -> [Bool] {
    var raster = TestBackground.cloth.raster(width: 60, height: 40)
    for row in 0..<40 {
      for column in 0..<60 where marked(column, row) {
        let at = (row * 60 + column) * 3
        raster.bytes.replaceSubrange(at..<(at + 3), with: [255, 0, 255])
      }
    }
    let edited = Raster(
      try Codec.decode(engine.retouch(KnownTruth.png(raster), mask: mask), field: "image"))
    return (0..<(60 * 40)).map {
      raster.bytes[($0 * 3)..<($0 * 3 + 3)] != edited.bytes[($0 * 3)..<($0 * 3 + 3)]
    }
  }

  @Test("a mask with a clear part uses alpha, whatever its colours; any other uses brightness")
  func alpha() throws {
    let isMarked = { (column: Int, row: Int) in
      (20..<30).contains(column) && (10..<22).contains(row)
    }
    func mask(_ colour: (Bool) -> [UInt8]) throws -> [UInt8] {
      let bytes = (0..<(60 * 40)).flatMap { colour(isMarked($0 % 60, $0 / 60)) }
      return try Codec.encode(
        Bitmap(width: 60, height: 40, channels: bytes.count / 2400) {
          _ = $0.initialize(fromContentsOf: bytes)
        }, as: .png)
    }
    let masks = [
      try mask { $0 ? [255, 255, 255] : [0, 0, 0] },
      try mask { $0 ? [255, 255, 255, 255] : [0, 0, 0, 255] },
      // As drawing programs save it: a stroke of any colour on a clear layer.
      try mask { $0 ? [0, 0, 0, 255] : [0, 0, 0, 0] },
      try mask { $0 ? [255, 255, 255, 255] : [255, 255, 255, 0] },
      try mask { $0 ? [200, 0, 0, 255] : [0, 90, 0, 100] },
    ]
    for mask in masks {
      let changed = try changed(mask, isMarked)
      for index in changed.indices {
        #expect(changed[index] == isMarked(index % 60, index / 60))
        if changed[index] != isMarked(index % 60, index / 60) { return }
      }
    }
  }

  @Test("a mask of the upright size fits an image with an EXIF rotation", arguments: [6, 8, 5])
  func turned(_ orientation: Int) throws {
    let jpeg = JPEGFile.inserting(
      0xE1, Array("Exif".utf8) + [0, 0] + Exif.orientation(orientation),
      into: try Codec.encode(TestBackground.wood.raster(width: 48, height: 32).picture(), as: .jpeg)
    )
    let mask = try Mask.file(32, 48) { $0 % 32 < 9 && $0 / 32 < 9 }
    let filled = try engine.retouch(jpeg, mask: mask)
    #expect(try ImageInspection(filled).size == PixelSize(width: 32, height: 48))
    #expect(filled.firstRange(of: Array("eXIf".utf8)) == nil)
    #expect(throws: EngineError.self) {
      try engine.retouch(jpeg, mask: Mask.file(48, 32) { $0 == 0 })
    }
  }

  @Test("the time to fill a hole of any form is proportional to its size")
  func forms() throws {
    let (width, height) = (400, 300)
    let image = try picture(width, height)
    var stream = RandomStream(7)
    let noise = (0..<(width * height)).map { _ in stream.chance(0.5) }
    let forms: [(String, (Int) -> Bool)] = [
      ("noise", { noise[$0] }), ("stripes", { $0 % width / 4 % 2 == 0 }),
      ("broad stripes", { $0 / width / 9 % 2 == 0 }),
      ("checks", { ($0 % width + $0 / width) % 2 == 0 }),
      ("broad checks", { ($0 % width / 12 + $0 / width / 12) % 2 == 0 }),
      ("all but a pixel", { $0 != 5000 }), ("all but a row", { $0 / width != 200 }),
      ("dots", { $0 % 97 == 0 }), ("a frame", { $0 % width == 0 || $0 / width == 0 }),
    ]
    for (name, form) in forms {
      let mask = try Mask.file(width, height, form)
      let time = try ContinuousClock().measure {
        let filled = try engine.fill(prompt: "a lake", image: image, mask: mask)
        #expect(try ImageInspection(filled).size == PixelSize(width: width, height: height))
        _ = try engine.resize(image, to: .square, prompt: nil, mask: mask)
      }
      // Seconds on a free core; minutes if time grew with the square.
      #expect(time < .seconds(60), "\(name): \(time)")
    }
  }

  @Test("a mask that covers everything gives the image's mean colour, or the prompt's scene")
  func everything() throws {
    for (width, height) in [(1, 1), (7, 3), (60, 40)] {
      let image = try picture(width, height)
      let mask = try Mask.file(width, height) { _ in true }
      let flat = try ImageInspection(try engine.retouch(image, mask: mask))
      #expect(flat.size == PixelSize(width: width, height: height))
      let pixels = try Codec.decode(try engine.retouch(image, mask: mask), field: "image")
        .withPixels { Array($0) }
      #expect(
        Set(stride(from: 0, to: pixels.count, by: 3).map { Array(pixels[$0..<($0 + 3)]) }).count
          == 1)
      let filled = try engine.fill(prompt: "a desert", image: image, mask: mask)
      #expect(try ImageInspection(filled).size == flat.size)
    }
  }

  @Test("a line of any width is filled with a place and its subjects", arguments: 1...5)
  func lines(_ width: Int) throws {
    for isDown in [true, false] {
      let image = try picture(200, 150)
      let mask = try Mask.file(200, 150) { index in
        (60..<(60 + width)).contains(isDown ? index % 200 : index / 200)
      }
      let filled = try engine.fill(prompt: "a camel in a desert", image: image, mask: mask)
      #expect(try ImageInspection(filled).size == PixelSize(width: 200, height: 150))
    }
  }
}
