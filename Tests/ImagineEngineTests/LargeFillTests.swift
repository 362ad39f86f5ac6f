import ImagineAPI
import Testing

@testable import ImagineEngine

@Suite("A fill of a large image")
struct LargeFillTests {
  private let mask = KnownTruth.mask(56..<100, 60..<104, width: 163, height: 161)

  /// A part of a texture whose sides are no multiples of a scale.
  private func truth(_ kind: Int) -> Raster {
    KnownTruth.texture(kind, side: 176).cropped(0..<163, 0..<161)
  }

  private func filled(_ truth: Raster, _ mask: Mask, atMost most: Int) throws -> Raster {
    var picture = truth
    for index in mask.values.indices where mask.values[index] != 0 {
      for channel in 0..<3 { picture.bytes[index * 3 + channel] = channel == 0 ? 255 : 0 }
    }
    try PatchFill(atMost: most).fill(&picture, mask)
    return picture
  }

  /// The mean difference of neighbours in the hole.
  private func sharpness(_ picture: Raster) -> Double {
    var (sum, count) = (0, 0)
    for row in 62..<102 {
      for column in 58..<98 {
        let at = (row * picture.width + column) * 3 + 1
        sum += abs(Int(picture.bytes[at]) - Int(picture.bytes[at + 3]))
        count += 1
      }
    }
    return Double(sum) / Double(count)
  }

  @Test(
    "changes no pixel outside the hole, is as sharp as its surroundings and as near to the truth",
    arguments: [10_000, 4000])
  func fills(most: Int) throws {
    var losses: [Double] = []
    for kind in 0..<4 {
      let truth = truth(kind)
      let whole = try filled(truth, mask, atMost: .max)
      let large = try filled(truth, mask, atMost: most)
      let changed = large.bytes.indices.count { index in
        mask.values[index / 3] == 0 && large.bytes[index] != truth.bytes[index]
      }
      #expect(changed == 0)
      #expect(sharpness(large) > 0.7 * sharpness(whole), "texture \(kind)")
      losses.append(
        KnownTruth.signalToNoise(whole.bytes, truth.bytes, where: mask.values)
          - KnownTruth.signalToNoise(large.bytes, truth.bytes, where: mask.values))
    }
    // What is repeated every few pixels is not met exactly by steps of a whole scale.
    #expect(losses.reduce(0, +) / 4 < 5, "\(losses) dB")
  }

  @Test("that reaches the edges is filled up to them")
  func edges() throws {
    let truth = truth(1)
    let strip = KnownTruth.mask(120..<163, 0..<161, width: 163, height: 161)
    let large = try filled(truth, strip, atMost: 10_000)
    // No pixel keeps the colour of the damage.
    let red = strip.values.indices.count { index in
      large.bytes[index * 3] == 255 && large.bytes[index * 3 + 1] == 0
    }
    #expect(red == 0)
  }
}
