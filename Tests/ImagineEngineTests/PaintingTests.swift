import ImagineAPI
import Testing

@testable import ImagineEngine

@Suite struct PaintingTests {
  let engine = BuiltInEngine()

  private func paint(
    _ prompt: String = "a red boat on a blue lake", _ style: ImageStyle = .imagineTurbo,
    _ aspectRatio: AspectRatio = .sixteenToNine, seed: Int64 = 5
  ) throws -> [UInt8] {
    try engine.paint(prompt: prompt, style: style, aspectRatio: aspectRatio, seed: seed)
  }

  @Test("an image is a PNG of the exact size of its aspect ratio", arguments: AspectRatio.allCases)
  func size(_ aspectRatio: AspectRatio) throws {
    let header = try ImageInspection(paint(aspectRatio: aspectRatio))
    #expect(header.format == .png)
    #expect(header.size == aspectRatio.pixelSize)
    #expect(!header.hasAlpha)
  }

  private func paint(aspectRatio: AspectRatio) throws -> [UInt8] {
    try paint("a red boat on a blue lake", .imagineTurbo, aspectRatio)
  }

  @Test("the same request gives the same bytes")
  func repeatable() throws {
    #expect(try paint() == paint())
  }

  @Test("another seed, style or prompt gives another image, even if no word is known")
  func sensitive() throws {
    let first = try paint()
    #expect(try paint(seed: 6) != first)
    #expect(try paint("a red boat on a blue lake", .sdxl) != first)
    #expect(try paint("a red boat on a green lake") != first)
    #expect(try paint("zyxgo") != paint("zyxga"))
  }

  @Test("a prompt with no word, or with thousands, is painted", arguments: ["", "🦀", "…"])
  func oddPrompts(_ prompt: String) throws {
    _ = try engine.picture(
      prompt: prompt, style: .imagineTurbo, size: PixelSize(width: 96, height: 64), seed: 1)
    _ = try engine.picture(
      prompt: String(repeating: prompt + " castle ", count: 2000), style: .anime,
      size: PixelSize(width: 96, height: 64), seed: .max)
  }

  @Test("every place and every subject is painted in every style", arguments: ImageStyle.allCases)
  func everything(_ style: ImageStyle) throws {
    let prompts = [
      "a city skyline at night", "a street in the rain", "a forest", "mountains at dawn", "the sea",
      "a beach", "an autumn lake", "a desert", "a meadow", "a snowfield", "stars over hills",
      "a galaxy", "a living room", "a bottle on a marble table", "a person and a cat and a dog",
      "a bird over a tree", "a flower, a house", "a castle", "a car", "a boat in a storm",
      "a rocket", "a cup", "an apple", "a robot", "a lighthouse", "a fish", "a horse",
      "a hot air balloon", "a palm and a pine", "waves on a beach", "a whale underwater",
      "a coral reef with a shark, a turtle and a jellyfish", "dolphins jumping out of the sea",
      "a cactus and a camel", "a lion, an elephant and a rabbit", "a butterfly on a branch",
      "a cat on a sofa", "a king on a throne", "a wizard on a rock", "a knight on a bench",
      "a dog on a bed", "a cat on a table in a kitchen", "a child with a balloon",
      "a vase of flowers", "a bowl of fruit", "a dog in a boat", "a snowman", "a mushroom",
      "a bicycle", "a train", "a windmill", "a bridge", "a waterfall", "a dragon", "a pizza",
      "a cake", "a bear", "a candle", "a woman with an umbrella", "a library",
      "a fox and a wolf", "three cows grazing", "a leopard running", "a zebra", "a deer lying down",
      "a sleeping tiger", "a knight riding a horse", "a bouquet of tulips",
      "an old man with a beard and a hat", "portrait of a queen",
    ]
    for prompt in prompts {
      let picture = try engine.picture(
        prompt: prompt, style: style, size: PixelSize(width: 160, height: 120), seed: 3)
      var lowest: UInt8 = 255
      var highest: UInt8 = 0
      picture.withPixels { pixels in
        for value in pixels {
          lowest = min(lowest, value)
          highest = max(highest, value)
        }
      }
      #expect(highest - lowest > 60, "\(prompt) is nearly flat")
    }
  }

  @Test(
    "no pixel depends on how the work is split into bands",
    arguments: [
      "a castle by the sea at dusk", "a forest", "an autumn forest", "a city skyline at night",
      "a street in the rain", "mountains", "the sea in a storm", "a galaxy", "a cosy living room",
      "a bottle on a table", "fog over a lake", "snow falls on a village", "waves on a beach",
      "a coral reef with fish", "dolphins leaping in the sea", "a camel in the desert at dusk",
      "portrait of an old woman",
    ])
  func bands(_ prompt: String) throws {
    let scene = Composer.scene(of: prompt, aspect: 1.5, seed: 9)
    for rendering in [Rendering(.realistic), Rendering(.anime), Rendering(.fluxSchnell)] {
      func pixels() throws -> [UInt8] {
        let canvas = try Canvas(PixelSize(width: 243, height: 161))
        Painter(scene, rendering).paint(canvas)
        return try ToneMapping.picture(canvas, rendering).withPixels { Array($0) }
      }
      let stripped = try pixels()
      let whole = try Bands.$isWhole.withValue(true) { try pixels() }
      // Compare here: a failed expectation would print whole arrays.
      let isSame = stripped == whole
      #expect(isSame, "\(rendering.shading)")
    }
  }
}
