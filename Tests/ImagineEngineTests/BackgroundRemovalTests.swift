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
    let (_, alpha, confidence) = try BuiltInEngine.matte(of: raster.picture())
    #expect(alpha[45 * 120 + 60] == 255)
    #expect(alpha[0] == 0)
    #expect(confidence < CutoutImage.leastConfidence)
  }

  /// A face that fills the frame: the skin is at every edge, and eyes and nostrils stand out.
  private func face(_ width: Int, _ height: Int) -> Raster {
    var raster = Raster(width: width, height: height)
    func isInside(_ x: Int, _ y: Int, _ centre: (Double, Double), _ radius: (Double, Double))
      -> Bool
    {
      let across = (Double(x) / Double(width) - centre.0) / radius.0
      let down = (Double(y) / Double(height) - centre.1) / radius.1
      return across * across + down * down < 1
    }
    for index in 0..<(width * height) {
      let (x, y) = (index % width, index / width)
      var colour: [UInt8] = [UInt8(196 - 30 * y / height), UInt8(140 - 24 * y / height), 112]
      for eye in [0.28, 0.72] {
        if isInside(x, y, (eye, 0.42), (0.12, 0.06)) { colour = [240, 238, 236] }
        if isInside(x, y, (eye, 0.42), (0.05, 0.05)) { colour = [40, 28, 20] }
      }
      for nostril in [0.45, 0.55] where isInside(x, y, (nostril, 0.68), (0.03, 0.02)) {
        colour = [70, 34, 26]
      }
      raster.bytes.replaceSubrange((index * 3)..<(index * 3 + 3), with: colour)
    }
    return raster
  }

  @Test(
    "of a subject that fills the frame one region is kept, not its eyes, and it is told as doubtful",
    arguments: [(240, 240), (200, 320), (900, 700)])
  func fillsFrame(_ width: Int, _ height: Int) throws {
    let (_, alpha, confidence) = try BuiltInEngine.matte(of: face(width, height).picture())
    #expect(confidence < CutoutImage.leastConfidence)
    func isKept(_ x: Double, _ y: Double) -> Bool {
      alpha[Int(y * Double(height)) * width + Int(x * Double(width))] > 127
    }
    // Both eyes, and what is between them and below.
    for (x, y) in [(0.28, 0.42), (0.72, 0.42), (0.5, 0.42), (0.5, 0.6)] {
      #expect(isKept(x, y), "\(x), \(y)")
    }
    let kept = alpha.indices.filter { alpha[$0] > 127 }
    #expect(kept.count > alpha.count / 4 && kept.count < alpha.count)
    // A connected region: every kept pixel is reached from the one between the eyes.
    var reached = Set([Int(0.42 * Double(height)) * width + width / 2])
    var open = Array(reached)
    while let at = open.popLast() {
      for step in [-1, 1, -width, width] {
        let next = at + step
        guard alpha.indices.contains(next), alpha[next] > 127, reached.insert(next).inserted
        else { continue }
        open.append(next)
      }
    }
    #expect(reached.count > kept.count * 98 / 100)
  }

  @Test(
    "a small mark on a plain surface is the subject, whatever the surface's colour",
    arguments: [0, 31, 64, 127, 255], [1, 3, 8])
  func mark(_ grey: UInt8, _ side: Int) throws {
    let (width, height) = (300, 200)
    var raster = Raster(width: width, height: height)
    func isMark(_ index: Int) -> Bool {
      (20..<(20 + side)).contains(index % width) && (20..<(20 + side)).contains(index / width)
    }
    for index in 0..<(width * height) {
      let colour = isMark(index) ? [grey &+ 90, grey &+ 60, grey &+ 20] : [grey, grey, grey]
      raster.bytes.replaceSubrange((index * 3)..<(index * 3 + 3), with: colour)
    }
    // GrabCut would search for ten seconds, and the deadline cannot end it.
    let time = try ContinuousClock().measure {
      let (_, alpha, confidence) = try BuiltInEngine.matte(of: raster.picture())
      let wrong = alpha.indices.count { (alpha[$0] > 127) != isMark($0) }
      #expect(wrong <= 4 * side + 4 && confidence > 0.5, "\(wrong) pixels, \(confidence)")
    }
    #expect(time < .seconds(5))
  }

  @Test("a subject in front of a backdrop is told as certain")
  func confidence() throws {
    for (subject, ground) in [("a red apple", TestBackground.paper), ("a blue bottle", .gradient)] {
      let truth = try KnownTruth.composite(subject, on: ground, seed: 1, side: 320)
      let (_, _, confidence) = try BuiltInEngine.matte(of: truth.picture.picture())
      #expect(confidence > 0.9, "\(subject): \(confidence)")
    }
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
