import ImagineAPI
import Testing

@testable import ImagineEngine

@Suite("Seam carving")
struct SeamCarvingTests {
  private let picture = KnownTruth.texture(2, side: 160)

  private func carved(
    keep: [UInt8] = [], alpha: [UInt8]? = nil, to target: Int = 119, atMost most: Int
  ) throws -> (picture: Raster, alpha: [UInt8]?) {
    let control = EngineControl()
    var carving = try SeamCarving(
      picture, alpha: alpha, keep: keep, to: target, atMost: most, control)
    try carving.narrow(control)
    return (carving.picture, carving.alpha)
  }

  /// The pixels of a row as numbers.
  private func row(_ row: Int, of raster: Raster) -> [Int] {
    (0..<raster.width).map { column in
      let at = (row * raster.width + column) * 3
      return Int(raster.bytes[at]) << 16 | Int(raster.bytes[at + 1]) << 8
        | Int(raster.bytes[at + 2])
    }
  }

  @Test(
    "at any scale only takes pixels away, and each row as many as are wanted",
    arguments: [SeamCarving.most, 900_000, 100_000, 3000])
  func subsequence(most: Int) throws {
    let (result, alpha) = try carved(
      alpha: (0..<(160 * 160)).map { UInt8(1 + $0 % 160) }, atMost: most)
    #expect(result.width == 119 && result.height == 160)
    let columns = try #require(alpha)
    for line in 0..<160 {
      let before = row(line, of: picture)
      // The alpha tells from which column each pixel is.
      let kept = columns[(line * 119)..<((line + 1) * 119)].map { Int($0) - 1 }
      #expect(zip(kept, kept.dropFirst()).allSatisfy { $0 < $1 })
      #expect(row(line, of: result) == kept.map { before[$0] }, "row \(line)")
    }
  }

  @Test("at any scale leaves a masked part whole", arguments: [SeamCarving.most, 900_000, 100_000])
  func keeps(most: Int) throws {
    var keep = [UInt8](repeating: 0, count: 160 * 160)
    for line in 50..<110 {
      for column in 50..<110 { keep[line * 160 + column] = 255 }
    }
    let result = try carved(keep: keep, atMost: most).picture
    #expect(result.width == 119)
    for line in 50..<110 {
      let kept = row(line, of: picture)[50..<110]
      let after = row(line, of: result)
      #expect((0...59).contains { after[$0..<($0 + 60)] == kept }, "row \(line)")
    }
  }

  @Test("looks for the seams in a smaller image where they would take too long")
  func scale() {
    // 1024² and the like are carved pixel by pixel.
    #expect(SeamCarving.scale(1024, 1024, 307) == 1)
    #expect(SeamCarving.scale(1216, 832, 365) == 1)
    for (width, height) in [(6000, 6000), (16_384, 3900), (3900, 16_384), (8000, 8000)] {
      let excess = width * 3 / 10
      let scale = SeamCarving.scale(width, height, excess)
      #expect(scale > 1)
      #expect((width / scale) * (height / scale) * (excess / scale) <= SeamCarving.most)
    }
  }
}
