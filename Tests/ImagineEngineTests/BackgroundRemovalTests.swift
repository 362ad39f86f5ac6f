import ImagineCore
import Testing

@testable import ImagineEngine

@Suite struct BackgroundRemovalTests {
  @Test("subjects are found before every ground: 0.90 mean overlap on 24 composites")
  func products() throws {
    let subjects = [
      "a red apple", "a blue bottle", "an orange cat", "a robot", "a yellow cup", "a brown dog",
      "a red car", "a pink flower",
    ]
    var overlaps: [Double] = []
    for number in 0..<24 {
      overlaps.append(
        try overlap(
          subjects[number % 8], Ground.allCases[number % 12], .whole, Int64(number / 12 + 1)))
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
    for (number, ground) in Ground.allCases.enumerated() {
      overlaps.append(try overlap(people[number % 4], ground, .portrait, 1))
    }
    expectMean(overlaps)
  }

  private func overlap(
    _ subject: String, _ ground: Ground, _ pose: KnownTruth.Pose, _ seed: Int64
  ) throws -> Double {
    let truth = try KnownTruth.composite(subject, on: ground, pose: pose, seed: seed, side: 320)
    let (_, alpha) = try BuiltInEngine.matte(of: truth.picture.picture())
    return KnownTruth.overlap(alpha, truth.alpha)
  }

  private func expectMean(_ overlaps: [Double], sourceLocation: SourceLocation = #_sourceLocation) {
    let mean = overlaps.reduce(0, +) / Double(overlaps.count)
    let shown = overlaps.map { Int($0 * 100) }
    #expect(mean >= 0.90, "mean \(mean) of \(shown)", sourceLocation: sourceLocation)
  }
}
