import ImagineAPI
import Testing

@testable import ImagineEngine

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Runs every edit on images of extreme shapes, in every pixel type and format, half of them
/// damaged.
///
/// Runs in a process of its own, so that a crash fails only this test. `IMAGINE_EXTREME_PICTURES`
/// sets the number of images (default 24; use 20,000 before a release), `IMAGINE_EXTREME_FIRST` the
/// first of them.
@Suite struct ExtremeShapeTests {
  @Test(
    "an image of any shape, pixel type and damage is edited, or refused with its field, within the time limit"
  )
  func extreme() async {
    let result = await #expect(
      processExitsWith: .success, observing: [\.standardOutputContent]
    ) {
      func number(_ name: String) -> Int? {
        getenv(name).flatMap { Int(String(cString: $0)) }
      }
      let wanted = number("IMAGINE_EXTREME_PICTURES")
      let first = number("IMAGINE_EXTREME_FIRST") ?? 0
      try ExtremeShapeTests.run(first..<(first + (wanted ?? 24)), reports: wanted != nil)
    }
    // What a process prints goes nowhere else.
    if let output = result?.standardOutputContent, !output.isEmpty {
      print(String(decoding: output, as: UTF8.self))
    }
  }

  private static func run(_ numbers: Range<Int>, reports: Bool) throws {
    let engine = BuiltInEngine()
    var (done, refused, slowest) = (0, 0, (name: "", time: Duration.zero))
    for number in numbers {
      var picture = try ExtremeImage(number)
      if number % 2 == 1 { picture.bytes = DamagedFile(picture.bytes, number: number).bytes }
      let mask = try picture.mask()
      let edits = Edit.all(picture.bytes, mask)
      // All edits for the first images, then a quarter of them for each.
      for (index, edit) in edits.enumerated() where number < 12 || (number + index) % 4 == 0 {
        let name = "\(number): \(edit.name) of \(picture.name)"
        let time = ContinuousClock().measure {
          do {
            _ = try edit.run(engine)
            done += 1
          } catch EngineError.unusable(let field, let reason) {
            refused += 1
            #expect(["image", "mask", "width", "height"].contains(field), "\(name): \(reason)")
            #expect(!reason.isEmpty && !reason.contains("\n"), "\(name): \(reason)")
          } catch {
            Issue.record("\(name): \(error)")
          }
        }
        if time > slowest.time { slowest = (name, time) }
        #expect(time < .seconds(120), "\(name): \(time)")
      }
      if reports, number % 1000 == 999 || number == numbers.upperBound - 1 {
        print("\(number + 1) pictures, \(done) edits, \(refused) refused, slowest", slowest)
      }
    }
    #expect(done > numbers.count / 4)
  }
}

/// An image whose shape, pixel type and format depend on its number.
struct ExtremeImage {
  private static let shapes = [
    (1, 1), (1, 2), (2, 1), (3, 3), (1, 256), (256, 1), (1, 257), (7, 8), (8, 8), (9, 9), (5, 640),
    (640, 5), (16, 17), (2, 300), (31, 33), (64, 65), (97, 101), (150, 40), (12, 400), (300, 200),
    (2, 512), (700, 16), (16, 700),
  ]
  private static let large = [
    (64, 16_384), (16_384, 64), (1, 16_384), (1500, 1200), (4000, 16), (16, 4000),
  ]

  let name: String
  var bytes: [UInt8]
  private let size: PixelSize
  private var chance: RandomStream

  init(_ number: Int) throws {
    chance = RandomStream(UInt64(number) &* 0x51_7C_C1 &+ 5)
    let shapes = number % 40 == 39 ? Self.large : Self.shapes
    let (width, height) = shapes[chance.whole(0...(shapes.count - 1))]
    size = PixelSize(width: width, height: height)
    let sort = chance.whole(0...16)
    let style = chance.whole(0...3)
    var stream = chance
    func level(_ index: Int, _ most: Int) -> Int {
      switch style {
      case 0: most / 2
      case 1: stream.whole(0...most)
      case 2: index * 7 / max(1, width) % (most + 1)
      default: index / max(1, width) % 2 == 0 ? 0 : most
      }
    }
    func samples(_ channels: Int, _ most: Int) -> [Int] {
      (0..<(width * height * channels)).map { level($0, most) }
    }
    func png(_ colours: PNGFile.Colours, _ depth: Int, _ most: Int? = nil) -> PNGFile {
      PNGFile(
        width: width, height: height, colours: colours, depth: depth,
        samples: samples(colours.samples, most ?? (1 << depth) - 1))
    }
    func coded(_ format: ImageFormat, _ channels: Int) throws -> [UInt8] {
      let all = samples(channels, 255)
      let picture = try Bitmap(width: width, height: height, channels: channels) { bytes in
        for index in bytes.indices { bytes[index] = UInt8(all[index]) }
      }
      return try Codec.encode(picture, as: format, quality: 1 + stream.whole(0...99))
    }
    let isInBounds = PixelBudget.fault(of: size) == nil
    switch isInBounds ? sort : sort % 9 {
    case 0: bytes = png(.grey, 1 << stream.whole(0...4)).bytes
    case 1: bytes = png(.rgb, 8).bytes
    case 2: bytes = png(.rgba, 8).bytes
    case 3: bytes = png(.rgba, 16).bytes
    case 4: bytes = png(.greyAlpha, 8).bytes
    case 5:
      var file = png(.palette, 8, 3)
      file.chunks = [
        ("PLTE", [1, 2, 3, 250, 10, 20, 30, 240, 50, 99, 99, 99]), ("tRNS", [0, 90]),
      ]
      bytes = file.bytes
    case 6:
      bytes =
        TIFFFile(
          width: width, height: height, depth: 16, order: .big, samples: samples(3, 65_535),
          orientation: 1 + stream.whole(0...7)
        ).bytes
    case 7:
      bytes =
        TIFFFile(
          width: width, height: height, colours: .cmyk, channels: 4, samples: samples(4, 255)
        ).bytes
    case 8:
      bytes =
        GIFFile(
          width: width, height: height, palette: [(0, 0, 0), (255, 0, 0), (0, 255, 9)],
          frames: [samples(1, 2)], transparent: 1
        ).bytes
    case 9, 10: bytes = try coded(.jpeg, 3)
    // WebP's widest side is one pixel less than these shapes'.
    case 11: bytes = (try? coded(.webp, 3)) ?? png(.rgb, 8).bytes
    case 12: bytes = (try? coded(.webp, 4)) ?? png(.rgba, 8).bytes
    case 13:
      bytes = JPEGFile.inserting(
        0xE1, Array("Exif".utf8) + [0, 0] + Exif.orientation(1 + stream.whole(0...7)),
        into: try coded(.jpeg, 3))
    case 14: bytes = (try? coded(.avif, 3)) ?? png(.rgb, 8).bytes
    case 15: bytes = png(.rgb, 16).bytes
    default:
      bytes =
        TIFFFile(
          width: width, height: height, colours: .grey, channels: 1, samples: samples(1, 255)
        ).bytes
    }
    chance = stream
    name = "\(size), sort \(sort), style \(style)"
  }

  /// A mask of the upright image's size; sometimes of another.
  func mask() throws -> [UInt8] {
    var stream = chance
    let upright = (try? ImageInspection(bytes).size) ?? size
    let (width, height) = (min(upright.width, 16_384), min(upright.height, 16_384))
    guard PixelBudget.fault(of: PixelSize(width: width, height: height)) == nil else {
      return try Mask.file(8, 8) { _ in true }
    }
    let form = stream.whole(0...6)
    let noise = RandomStream.mix(UInt64(stream.whole(0...9999)))
    return try Mask.file(width, height) { index in
      let (column, row) = (index % width, index / width)
      return switch form {
      case 0: column < width / 2
      case 1: RandomStream.mix(UInt64(index) ^ noise) % 2 == 0
      case 2: index == 0
      case 3: index != width * height / 2
      case 4: row == height / 2
      case 5: abs(column - width / 2) + abs(row - height / 2) < max(width, height) / 5
      default: true
      }
    }
  }
}
