import ImagineAPI
import Testing

@testable import ImagineEngine

@Suite struct ReshapingTests {
  let engine = BuiltInEngine()

  @Test("a resized image has exactly the requested ratio", arguments: AspectRatio.allCases)
  func ratio(_ aspectRatio: AspectRatio) throws {
    let shape = aspectRatio.pixelSize
    for (width, height) in [(180, 180), (203, 97), (61, 150)] {
      let picture = try KnownTruth.png(TestBackground.cloth.raster(width: width, height: height))
      let bytes = try engine.resize(picture, to: aspectRatio, prompt: nil, mask: nil)
      let size = try ImageInspection(bytes).size
      if size == PixelSize(width: width, height: height) { continue }
      #expect(size.width * shape.height == size.height * shape.width, "\(size)")
      #expect(size.width % 2 == 0 && size.height % 2 == 0, "\(size)")
    }
  }

  /// A bright disc on a texture, and its mask.
  private func disc(radius: Int = 40) -> (picture: Raster, mask: Mask) {
    var picture = KnownTruth.texture(2, side: 160)
    var mask = KnownTruth.mask(0..<0, 0..<0, width: 160, height: 160)
    for row in 0..<160 {
      for column in 0..<160
      where (row - 80) * (row - 80) + (column - 80) * (column - 80) < radius * radius {
        mask.values[row * 160 + column] = 255
        for channel in 0..<3 { picture.bytes[(row * 160 + column) * 3 + channel] = 250 }
      }
    }
    return (picture, mask)
  }

  private func widestBrightRow(_ bytes: [UInt8]) throws -> Int {
    let picture = Raster(try Codec.decode(bytes, field: "image"))
    return (0..<picture.height).map { row in
      (0..<picture.width).count { picture.bytes[(row * picture.width + $0) * 3] == 250 }
    }.max() ?? 0
  }

  @Test("a masked part keeps its form when the image is carved")
  func protects() throws {
    // Without protection the first seams would go through the flat disc.
    let (picture, mask) = disc()
    let bytes = try engine.resize(
      KnownTruth.png(picture), to: .threeToFour, prompt: nil, mask: mask.png())
    #expect(try widestBrightRow(bytes) >= 78)
  }

  @Test("a salient subject keeps its form without a mask")
  func spares() throws {
    let bytes = try engine.resize(
      KnownTruth.png(disc().picture), to: .threeToFour, prompt: nil, mask: nil)
    #expect(try widestBrightRow(bytes) >= 74)
  }

  @Test("a subject too tall for the new shape keeps its form: the image grows beside it")
  func sparesTheTall() throws {
    // Carving leaves 112 of the 160 rows; the disc needs 124.
    let (picture, mask) = disc(radius: 62)
    for mask in [nil, try mask.png()] {
      let bytes = try engine.resize(
        KnownTruth.png(picture), to: .sixteenToNine, prompt: nil, mask: mask)
      let result = Raster(try Codec.decode(bytes, field: "image"))
      let middle = result.width / 2
      let bright = (0..<result.height).count {
        result.bytes[($0 * result.width + middle) * 3] == 250
      }
      #expect(bright >= 118)
    }
  }

  @Test("a resized cutout stays a cutout, and grows by clear pixels")
  func alpha() throws {
    let cutout = try engine.convert(
      engine.png(prompt: "a green bottle", aspectRatio: .square, seed: 3),
      to: Conversion(format: .png, width: 160, height: 160))
    let before = try #require(try Codec.decode(cutout, field: "image").alpha)
    for aspectRatio in [AspectRatio.nineToSixteen, .sixteenToNine] {
      let bytes = try engine.resize(cutout, to: aspectRatio, prompt: nil, mask: nil)
      let alpha = try #require(try Codec.decode(bytes, field: "image").alpha)
      #expect(alpha.first == 0 && alpha.last == 0)
      let solid = Double(alpha.count(where: { $0 == 255 }))
      #expect(solid > Double(before.count(where: { $0 == 255 })) * 0.8)
    }
  }

  @Test("where an image grows, its surroundings continue up to the edge")
  func growsEvenly() throws {
    let bytes = try engine.resize(
      KnownTruth.png(TestBackground.checker.raster(width: 160, height: 160)), to: .nineToSixteen,
      prompt: nil, mask: nil)
    let picture = Raster(try Codec.decode(bytes, field: "image"))
    let levels = picture.bytes.map { Int($0) }
    // Both shades of the squares occur in every row, and nothing darker or brighter.
    for row in 0..<picture.height {
      let line = levels[(row * picture.width * 3)..<((row + 1) * picture.width * 3)]
      #expect(line.min() ?? 0 >= 65 && line.max() ?? 255 <= 131, "row \(row)")
    }
  }

  @Test("a portrait that grows taller stays on the lower edge")
  func portraitStays() throws {
    let truth = try KnownTruth.composite(
      "a woman in a red dress", on: .gradient, pose: .portrait, side: 160)
    let bytes = try engine.resize(
      KnownTruth.png(truth.picture), to: .nineToSixteen, prompt: nil, mask: nil)
    let picture = Raster(try Codec.decode(bytes, field: "image"))
    let dress = (0..<picture.width).count { column in
      let at = ((picture.height - 1) * picture.width + column) * 3
      return Int(picture.bytes[at]) > 2 * Int(picture.bytes[at + 1])
    }
    #expect(dress > picture.width / 4)
  }

  @Test("where an image grows, its subject is not repeated")
  func growsWithoutSubject() throws {
    // A figure with a badge, cut off by the left edge.
    var picture = TestBackground.cloth.raster(width: 160, height: 160)
    func paint(_ colour: [UInt8], _ columns: Range<Int>, _ rows: Range<Int>) {
      for row in rows {
        for column in columns {
          let at = (row * 160 + column) * 3
          picture.bytes.replaceSubrange(at..<(at + 3), with: colour)
        }
      }
    }
    paint([220, 90, 40], 0..<100, 8..<160)
    paint([40, 40, 240], 44..<60, 60..<76)
    func badge(_ raster: Raster) -> Int {
      (0..<(raster.width * raster.height)).count { index in
        raster.bytes[index * 3] < 90 && raster.bytes[index * 3 + 2] > 190
      }
    }
    let bytes = try engine.resize(
      KnownTruth.png(picture), to: .sixteenToNine, prompt: nil, mask: nil)
    #expect(badge(Raster(try Codec.decode(bytes, field: "image"))) <= badge(picture))
  }

  @Test("the prompt's place is painted only where an image grows")
  func prompt() throws {
    let file = try KnownTruth.png(TestBackground.sand.raster(width: 120, height: 120))
    func resized(_ prompt: String?) throws -> Raster {
      try Raster(
        Codec.decode(
          engine.resize(file, to: .nineToSixteen, prompt: prompt, mask: nil), field: "image"))
    }
    let plain = try resized(nil)
    let lake = try resized("a lake in the mountains")
    let grown = (plain.height - 120) / 2 * plain.width * 3
    #expect(grown > 0)
    #expect(plain.bytes.prefix(grown) != lake.bytes.prefix(grown))
    #expect(
      plain.bytes.dropFirst(grown + plain.width * 3).dropLast(grown + plain.width * 3)
        == lake.bytes.dropFirst(grown + plain.width * 3).dropLast(grown + plain.width * 3))
  }
}
