import ImagineAPI
import Testing

@testable import ImagineEngine

/// What the engine decodes. The test files are written by hand, so that no library checks itself.
@Suite struct InputTests {
  // MARK: - Pixel types

  @Test(
    "a PNG of any colour type and depth is decoded correctly",
    arguments: [
      (PNGFile.Colours.grey, 1, [0, 1, 1, 0], [0, 255, 255, 0]),
      (.grey, 2, [0, 1, 2, 3], [0, 85, 170, 255]),
      (.grey, 4, [0, 5, 10, 15], [0, 85, 170, 255]),
      (.grey, 8, [0, 85, 170, 255], [0, 85, 170, 255]),
      (.grey, 16, [0, 0x5555, 0xAAAA, 0xFFFF], [0, 85, 170, 255]),
    ])
  func greyPNG(_ colours: PNGFile.Colours, _ depth: Int, _ samples: [Int], _ shown: [Int]) throws {
    let file = PNGFile(width: 4, height: 1, colours: colours, depth: depth, samples: samples)
    expect(try read(file.bytes), shows: shown.map { [$0, $0, $0] })
  }

  @Test("a PNG of 16 bits is decoded with its colours and its alpha", arguments: [8, 16])
  func deepPNG(_ depth: Int) throws {
    let high = depth == 8 ? 1 : 257
    let rgba = PNGFile(
      width: 2, height: 1, colours: .rgba, depth: depth,
      samples: [200, 100, 50, 255, 10, 20, 30, 128].map { $0 * high })
    expect(try read(rgba.bytes), shows: [[200, 100, 50, 255], [10, 20, 30, 128]])
    let rgb = PNGFile(
      width: 2, height: 1, colours: .rgb, depth: depth,
      samples: [200, 100, 50, 10, 20, 30].map { $0 * high })
    expect(try read(rgb.bytes), shows: [[200, 100, 50], [10, 20, 30]])
    let greyAlpha = PNGFile(
      width: 2, height: 1, colours: .greyAlpha, depth: depth,
      samples: [200, 255, 60, 0].map { $0 * high })
    expect(try read(greyAlpha.bytes), shows: [[200, 200, 200, 255], [60, 60, 60, 0]])
  }

  @Test(
    "a PNG with a palette is decoded with its colours and its transparency",
    arguments: [1, 2, 4, 8])
  func palettePNG(_ depth: Int) throws {
    let palette: [UInt8] = [250, 10, 20, 30, 240, 50]
    var file = PNGFile(
      width: 2, height: 1, colours: .palette, depth: depth, samples: [1, 0],
      chunks: [("PLTE", palette)])
    expect(try read(file.bytes), shows: [[30, 240, 50], [250, 10, 20]])
    file.chunks.append(("tRNS", [0]))
    expect(try read(file.bytes), shows: [[30, 240, 50, 255], [250, 10, 20, 0]])
  }

  @Test("a TIFF of either byte order and depth is read", arguments: [8, 16])
  func tiff(_ depth: Int) throws {
    let high = depth == 8 ? 1 : 257
    for order in [ByteOrder.big, .little] {
      let rgb = TIFFFile(
        width: 2, height: 1, depth: depth, order: order,
        samples: [200, 100, 50, 10, 20, 30].map { $0 * high })
      expect(try read(rgb.bytes), shows: [[200, 100, 50], [10, 20, 30]])
      let rgba = TIFFFile(
        width: 2, height: 1, channels: 4, depth: depth, order: order,
        samples: [200, 100, 50, 255, 10, 20, 30, 128].map { $0 * high })
      expect(try read(rgba.bytes), shows: [[200, 100, 50, 255], [10, 20, 30, 128]])
      let grey = TIFFFile(
        width: 2, height: 1, colours: .grey, channels: 1, depth: depth, order: order,
        samples: [200, 30].map { $0 * high })
      expect(try read(grey.bytes), shows: [[200, 200, 200], [30, 30, 30]])
    }
  }

  @Test("a TIFF with a palette is read")
  func paletteTIFF() throws {
    var palette = [Int](repeating: 0, count: 768)
    for (index, shades) in [[250, 10, 20], [30, 240, 50]].enumerated() {
      for channel in 0..<3 { palette[channel * 256 + index] = shades[channel] * 257 }
    }
    let file = TIFFFile(
      width: 2, height: 1, colours: .palette, channels: 1, samples: [1, 0], palette: palette)
    expect(try read(file.bytes), shows: [[30, 240, 50], [250, 10, 20]])
  }

  @Test("the first frame of a GIF is decoded with its transparency")
  func gif() throws {
    var file = GIFFile(
      width: 2, height: 1, palette: [(250, 10, 20), (30, 240, 50)], frames: [[1, 0], [0, 0]])
    expect(try colours(read(file.bytes)), show: [[30, 240, 50], [250, 10, 20]])
    file.transparent = 0
    #expect(try read(file.bytes).alpha == [255, 0])
  }

  @Test("CMYK is decoded in a TIFF and in a JPEG with Adobe's marker")
  func cmyk() throws {
    // White paper, cyan, magenta, yellow, black.
    let inks = [0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 0, 0, 0, 0, 255]
    let tiff = TIFFFile(width: 5, height: 1, colours: .cmyk, channels: 4, samples: inks).bytes
    let jpeg = JPEGFile(
      columns: 5, rows: 1, components: 4, samples: inks.map { 255 - $0 }, hasAdobeMark: true
    ).bytes
    for file in [tiff, jpeg] {
      let picture = Raster(try read(file))
      let shown = (0..<5).map { square in
        let at = (square * picture.width / 5 + picture.width / 10) * 3
        return (0..<3).map { Int(picture.bytes[at + $0]) }
      }
      #expect(shown[0].allSatisfy { $0 > 245 }, "paper \(shown[0])")
      #expect(shown[1][0] < 90 && shown[1][2] > 180, "cyan \(shown[1])")
      #expect(shown[2][1] < 90 && shown[2][0] > 180, "magenta \(shown[2])")
      #expect(shown[3][2] < 90 && shown[3][0] > 200, "yellow \(shown[3])")
      #expect(shown[4].allSatisfy { $0 < 70 }, "black \(shown[4])")
    }
  }

  @Test("a grey JPEG is read")
  func greyJPEG() throws {
    let file = JPEGFile(columns: 2, rows: 1, components: 1, samples: [200, 30])
    let picture = Raster(try read(file.bytes))
    #expect(picture.width == 16 && picture.height == 8)
    #expect(Array(picture.bytes.prefix(3)) == [200, 200, 200])
    #expect(Array(picture.bytes.suffix(3)) == [30, 30, 30])
  }

  // MARK: - Metadata

  /// The upright positions of the first and second pixel: (0, 0) and (1, 0) of 3 × 2.
  private static let orientations = [
    1: [0, 1], 2: [2, 1], 3: [5, 4], 4: [3, 4], 5: [0, 2], 6: [1, 3], 7: [5, 3], 8: [4, 2],
  ]

  @Test("an image is turned upright by its EXIF orientation", arguments: 1...8)
  func orientation(_ value: Int) throws {
    let exif = Exif.orientation(value)
    let small: [Int] = [250, 0, 0, 0, 250, 0] + [Int](repeating: 0, count: 12)
    // JPEG and WebP are lossy, so a pixel becomes a square of 16.
    let large = (0..<(32 * 48 * 3)).map { index -> Int in
      let (row, column) = (index / 3 / 48, index / 3 % 48)
      return small[((row / 16) * 3 + column / 16) * 3 + index % 3]
    }
    let raster = Raster(width: 48, height: 32, bytes: large.map { UInt8($0) })
    let jpeg = try Codec.encode(raster.picture(), as: .jpeg, quality: 100)
    let webp = try Codec.encode(raster.picture(), as: .webp, quality: 100)
    let files: [[UInt8]] = [
      JPEGFile.inserting(0xE1, Array("Exif".utf8) + [0, 0] + exif, into: jpeg),
      TIFFFile(width: 3, height: 2, samples: small, orientation: value).bytes,
      PNGFile(width: 3, height: 2, samples: small, chunks: [("eXIf", exif)]).bytes,
      WebPFile.extended(webp, width: 48, height: 32, exif: exif),
    ]
    for file in files {
      let picture = Raster(try read(file))
      let scale = max(picture.width, picture.height) / 3
      let isTurned = value > 4
      #expect(picture.width == (isTurned ? 2 : 3) * scale)
      let columns = picture.width / scale
      func pixel(_ place: Int) -> [UInt8] {
        let at =
          (((place / columns) * scale + scale / 2) * picture.width + (place % columns) * scale
            + scale / 2) * 3
        return Array(picture.bytes[at..<(at + 3)])
      }
      let places = try #require(Self.orientations[value])
      #expect(pixel(places[0])[0] > 200 && pixel(places[0])[1] < 60, "\(pixel(places[0]))")
      #expect(pixel(places[1])[1] > 200 && pixel(places[1])[0] < 60, "\(pixel(places[1]))")
      #expect(
        try ImageInspection(file).size == PixelSize(width: picture.width, height: picture.height))
    }
  }

  @Test(
    "colours are converted from a file's own profile to sRGB, in every format that has profiles")
  func profile() throws {
    let profile = ColourProfile.redIsGreen
    let raster = Raster(
      width: 16, height: 16, bytes: (0..<(16 * 16)).flatMap { _ -> [UInt8] in [255, 0, 0] })
    let jpeg = try Codec.encode(raster.picture(), as: .jpeg, quality: 100)
    let webp = try Codec.encode(raster.picture(), as: .webp, quality: 100)
    let samples = raster.bytes.map { Int($0) }
    let named = Array("profile".utf8) + [0, 0] + PNGFile.stored(profile)
    let files: [[UInt8]] = [
      PNGFile(width: 16, height: 16, samples: samples, chunks: [("iCCP", named)]).bytes,
      PNGFile(
        width: 16, height: 16, depth: 16, samples: samples.map { $0 * 257 },
        chunks: [("iCCP", named)]
      ).bytes,
      JPEGFile.inserting(0xE2, Array("ICC_PROFILE".utf8) + [0, 1, 1] + profile, into: jpeg),
      WebPFile.extended(webp, width: 16, height: 16, profile: profile),
      TIFFFile(width: 16, height: 16, samples: samples, profile: profile).bytes,
    ]
    for file in files {
      let colour = Array(Raster(try read(file)).bytes.prefix(3))
      #expect(colour[0] < 40 && colour[1] > 220 && colour[2] < 40, "\(colour)")
    }
  }

  @Test("a profile that does not fit its file's pixels is ignored")
  func unfitProfile() throws {
    let damaged = Array(ColourProfile.redIsGreen.prefix(200))
    for profile in [damaged, ColourProfile.redIsGreen] {
      let file = TIFFFile(
        width: 2, height: 1, colours: .grey, channels: 1, samples: [200, 30], profile: profile)
      expect(try read(file.bytes), shows: [[200, 200, 200], [30, 30, 30]])
    }
  }

  // MARK: - Refusals

  @Test("an image over the pixel limit is refused by its header, with its size and the limit")
  func tooLarge() throws {
    let pixel = [0, 0, 0]
    let files: [([UInt8], PixelSize)] = [
      (
        PNGFile(width: 1, height: 1, samples: pixel, claimedSize: (40_000, 30_000)).bytes,
        PixelSize(width: 40_000, height: 30_000)
      ),
      (
        JPEGFile(
          columns: 1, rows: 1, components: 1, samples: [9], claimedSize: (60_000, 50_000)
        ).bytes, PixelSize(width: 60_000, height: 50_000)
      ),
      (
        TIFFFile(width: 1, height: 1, samples: pixel, claimedSize: (40_000, 30_000)).bytes,
        PixelSize(width: 40_000, height: 30_000)
      ),
      (
        GIFFile(
          width: 1, height: 1, palette: [(0, 0, 0)], frames: [[0]], claimedSize: (50_000, 60_000)
        ).bytes, PixelSize(width: 50_000, height: 60_000)
      ),
      (WebPFile.header(width: 16_000, height: 15_000), PixelSize(width: 16_000, height: 15_000)),
    ]
    for (file, size) in files {
      let refused = EngineError.unusable(
        field: "image", reason: try #require(PixelBudget.fault(of: size)))
      #expect(throws: refused) { try ImageInspection(file) }
      #expect(throws: refused) { try read(file) }
    }
  }

  @Test("a truncated file is refused wherever it ends", arguments: SampleFile.formats)
  func truncated(_ format: SampleFile.Format) throws {
    let file = try SampleFile.bytes(format)
    for part in 0..<19 {
      let stripped = Array(file.prefix(file.count * part / 20))
      let error = #expect(throws: EngineError.self, "\(part * 5) %") { try read(stripped) }
      guard case .unusable(field: "image", let reason) = error else {
        Issue.record("\(String(describing: error)) at \(part * 5) %")
        continue
      }
      #expect(!reason.isEmpty && !reason.contains("\n"))
    }
  }

  @Test("a file whose last rows are missing is refused every time")
  func lastRows() throws {
    let file = try SampleFile.bytes(.jpeg)
    let stripped = Array(file.prefix(file.count * 9 / 10))
    let accepted = (0..<1000).filter { _ in (try? read(stripped)) != nil }
    #expect(accepted.isEmpty)
  }

  // MARK: - Support

  private func read(_ file: [UInt8]) throws -> Bitmap { try Codec.decode(file, field: "image") }

  private func colours(_ picture: Bitmap) -> [[Int]] {
    let bytes = Raster(picture).bytes.map { Int($0) }
    return stride(from: 0, to: bytes.count, by: 3).map { Array(bytes[$0..<($0 + 3)]) }
  }

  /// Expects each pixel's samples to match within one step.
  private func expect(
    _ picture: Bitmap, shows expected: [[Int]], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let channels = picture.channels
    let shown = picture.withPixels { pixels in
      (0..<(pixels.count / channels)).map { index in
        (0..<channels).map { Int(pixels[index * channels + $0]) }
      }
    }
    expect(shown, show: expected, sourceLocation: sourceLocation)
  }

  private func expect(
    _ shown: [[Int]], show expected: [[Int]], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let isEqual =
      shown.count == expected.count
      && zip(shown, expected).allSatisfy { pair in
        pair.0.count == pair.1.count && zip(pair.0, pair.1).allSatisfy { abs($0 - $1) <= 1 }
      }
    #expect(isEqual, "\(shown), not \(expected)", sourceLocation: sourceLocation)
  }
}
