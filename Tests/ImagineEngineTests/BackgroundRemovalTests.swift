import ImagineAPI
import Testing

@testable import ImagineEngine

@Suite struct BackgroundRemovalTests {
  @Test("subjects are found on every background: 0.90 mean overlap on 24 composites")
  func products() throws {
    let subjects = [
      "a red apple", "a blue bottle", "an orange cat", "a robot", "a yellow cup", "a brown dog",
      "a red car", "a pink flower",
    ]
    var overlaps: [Double] = []
    for number in 0..<24 {
      overlaps.append(
        try overlap(
          subjects[number % 8], TestBackground.allCases[number % 12], .whole, Int64(number / 12 + 1)
        ))
    }
    expectMean(overlaps)
  }

  @Test("people that the lower edge cuts off are found: 0.90 mean overlap on 12 portraits")
  func portraits() throws {
    let people = [
      "a woman in a red dress", "a man in a blue shirt", "a person in a green shirt",
      "an astronaut",
    ]
    var overlaps: [Double] = []
    for (number, ground) in TestBackground.allCases.enumerated() {
      overlaps.append(try overlap(people[number % 4], ground, .portrait, 1))
    }
    expectMean(overlaps)
  }

  @Test("a subject of which only spots stand out is found between the spots")
  func spots() throws {
    // A brown dog on brown boards: its head and its paws stand out.
    #expect(try overlap("a brown dog", .wood, .whole, 1) > 0.85)
  }

  @Test("a head keeps its neck when the background has the neck's colour")
  func neck() throws {
    var raster = TestBackground.paper.raster(width: 240, height: 240, number: 1)
    func paint(_ colour: [UInt8], where isInside: (Int, Int) -> Bool) {
      for index in 0..<(240 * 240) where isInside(index % 240, index / 240) {
        raster.bytes.replaceSubrange((index * 3)..<(index * 3 + 3), with: colour)
      }
    }
    let black: [UInt8] = [16, 14, 16]
    paint(black) { x, y in x > 190 && y > 100 }
    paint(black) { x, y in abs(x - 110) < 22 && y > 80 && y < 150 }
    paint([214, 160, 130]) { x, y in (x - 110) * (x - 110) + (y - 66) * (y - 66) < 34 * 34 }
    paint([226, 96, 40]) { x, y in (x - 110) * (x - 110) * 4 / 3 + (y - 220) * (y - 220) < 80 * 80 }
    let (_, alpha, _) = try BuiltInEngine.matte(of: raster.picture())
    for (x, y) in [(110, 66), (110, 118), (110, 220)] {
      #expect(alpha[y * 240 + x] == 255, "\(x), \(y)")
    }
    #expect(alpha[180 * 240 + 230] == 0)
  }

  @Test("when nothing stands out, the middle is kept")
  func plain() throws {
    var raster = Raster(width: 120, height: 90)
    for index in raster.bytes.indices { raster.bytes[index] = 140 }
    let (_, alpha, _) = try BuiltInEngine.matte(of: raster.picture())
    #expect(alpha[45 * 120 + 60] == 255)
    #expect(alpha[0] == 0)
  }

  private func overlap(
    _ subject: String, _ ground: TestBackground, _ pose: KnownTruth.Pose, _ seed: Int64
  ) throws -> Double {
    let truth = try KnownTruth.composite(subject, on: ground, pose: pose, seed: seed, side: 320)
    let (_, alpha, _) = try BuiltInEngine.matte(of: truth.picture.picture())
    return KnownTruth.overlap(alpha, truth.alpha)
  }

  private func expectMean(_ overlaps: [Double], sourceLocation: SourceLocation = #_sourceLocation) {
    let mean = overlaps.reduce(0, +) / Double(overlaps.count)
    let shown = overlaps.map { Int($0 * 100) }
    #expect(mean >= 0.90, "mean \(mean) of \(shown)", sourceLocation: sourceLocation)
  }
}
