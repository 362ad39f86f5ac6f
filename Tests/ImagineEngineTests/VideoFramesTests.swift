import ImagineAPI
import Testing

@testable import ImagineEngine

/// The frames of a video before they are encoded.
@Suite struct VideoFramesTests {
  private let size = PixelSize(width: 256, height: 144)

  private func video(_ prompt: String, style: String = "fast-svd") -> VideoFrames {
    VideoFrames(prompt: prompt, style: style, size: size, seed: 6)
  }

  @Test(
    "a video does not flicker: it changes evenly from frame to frame",
    arguments: [
      "a house in a meadow", "the sea", "waves rolling onto a beach", "a coral reef with fish",
      "mountains at dawn, zoom in", "a forest",
      "a lake, pan left",
      "a street at night", "a city skyline at night", "a beach with palms", "a desert",
      "stars over hills", "a cosy living room", "a boat on the sea in the rain",
    ])
  func even(_ prompt: String) throws {
    let video = video(prompt)
    let frames = try (0..<25).map { try video.frame(at: 1 + Float($0) / 24) }
    let steps = zip(frames, frames.dropFirst()).map { $0.meanDifference(to: $1) }
    let usual = steps.sorted()[steps.count / 2]
    #expect(usual < 9, "\(prompt): \(usual) of 255 a frame")
    #expect((steps.max() ?? 0) < usual * 1.6 + 0.3, "\(prompt): \(steps)")
  }

  @Test(
    "no pixel blinks when the camera stands still",
    arguments: [
      "a house in a meadow, static camera", "a city skyline at night, static camera",
      "mountains at dawn, static camera", "a cosy living room, static camera",
      "a boat on a lake, static camera", "a forest, static camera",
    ])
  func blinking(_ prompt: String) throws {
    let video = video(prompt)
    let frames = try (0..<9).map { try video.frame(at: 1 + Float($0) / 24).bytes }
    var blinks = 0
    var still = 0
    for at in frames[0].indices {
      var isStill = true
      for number in 1..<8 {
        let before = Int(frames[number - 1][at])
        let here = Int(frames[number][at])
        let after = Int(frames[number + 1][at])
        isStill = isStill && here == before
        // It changed and changed back within two frames.
        if abs(here - before) > 10, abs(after - before) < 3 { blinks += 1 }
      }
      still += isStill ? 1 : 0
    }
    let values = Double(frames[0].count)
    #expect(Double(blinks) < values * 7 * 0.001, "\(prompt): \(Double(blinks) / values / 7)")
    #expect(Double(still) > values * 0.2, "\(prompt): \(Double(still) / values) stay")
  }

  @Test("parts that do not move stay equal to the bit")
  func still() throws {
    let video = video("a bottle on a marble table, static camera")
    let first = try video.frame(at: 0)
    let last = try video.frame(at: 3.5)
    #expect(first.meanDifference(to: last) == 0)
  }

  @Test(
    "water, clouds, rain, lights and subjects move while the camera stands still",
    arguments: [
      "the sea, static camera", "clouds over a meadow, static camera",
      "a street in the rain, static camera", "stars, static camera",
      "a boat on a lake, static camera", "a bird over a desert, static camera",
      "snow in a forest, static camera",
    ])
  func moving(_ prompt: String) throws {
    let video = video(prompt)
    let difference = try video.frame(at: 0).meanDifference(to: video.frame(at: 2))
    #expect(difference > 0.05, "\(prompt): \(difference)")
  }

  @Test(
    "the camera moves as the prompt says",
    arguments: [("zoom in", 1), ("zoom out", -1)] as [(String, Int)])
  func camera(_ words: String, _ direction: Int) {
    let prompt = "a castle, \(words)"
    let scene = Composer.scene(of: prompt, aspect: 1.5, seed: 1)
    let move = CameraMove(prompt: prompt, scene: scene)
    let growth = move.view(at: 4).zoom - move.view(at: 0).zoom
    #expect(growth * Float(direction) > 0.02)
  }
}

extension Bitmap {
  var bytes: [UInt8] { withPixels { Array($0) } }

  /// The mean difference of two images of one size, 0 … 255.
  func meanDifference(to other: Bitmap) -> Double {
    withPixels { here in
      other.withPixels { there in
        var sum = 0
        for index in here.indices { sum += abs(Int(here[index]) - Int(there[index])) }
        return Double(sum) / Double(here.count)
      }
    }
  }
}
