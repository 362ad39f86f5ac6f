import ImagineAPI
import Testing

@testable import ImagineEngine

@Suite struct EditingTests {
  let engine = BuiltInEngine()

  @Test("background removal gives a PNG of the same size with clear and solid parts")
  func removedIsPNG() throws {
    let truth = try KnownTruth.composite("a red apple", on: .gradient, side: 200)
    let bytes = try engine.removeBackground(KnownTruth.png(truth.picture)).png
    let picture = try Codec.decode(bytes, field: "image")
    let alpha = try #require(picture.alpha)
    #expect(picture.size == PixelSize(width: 200, height: 200))
    #expect(alpha.contains(0) && alpha.contains(255))
  }

  @Test("doubling is at least 0.1 dB nearer to the original than Lanczos alone")
  func upscale() throws {
    for prompt in ["a castle in the mountains", "a street", "a cat"] {
      let truth = try engine.picture(
        prompt: prompt, style: .sdxl, size: PixelSize(width: 256, height: 256), seed: 4)
      let whole = Raster(truth)
      var small = Raster(width: 128, height: 128)
      for row in 0..<128 {
        for column in 0..<128 {
          for channel in 0..<3 {
            func at(_ dy: Int, _ dx: Int) -> Int {
              Int(whole.bytes[((row * 2 + dy) * 256 + column * 2 + dx) * 3 + channel])
            }
            small.bytes[(row * 128 + column) * 3 + channel] = UInt8(
              (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1) + 2) / 4)
          }
        }
      }
      let ours = Raster(try BuiltInEngine.doubled(small.picture()))
      let plain = Raster(try Codec.scale(small.picture(), to: PixelSize(width: 256, height: 256)))
      let gain =
        KnownTruth.signalToNoise(ours.bytes, whole.bytes)
        - KnownTruth.signalToNoise(plain.bytes, whole.bytes)
      #expect(gain >= 0.1, "\(prompt): \(gain) dB")
    }
  }

  @Test("a mask of stripes all over leaves no whole square, but is filled")
  func stripes() throws {
    let truth = try KnownTruth.composite("a red apple", on: .gradient, side: 64)
    var mask = Raster(width: 64, height: 64)
    for index in mask.bytes.indices where index / 3 % 4 < 2 { mask.bytes[index] = 255 }
    let filled = try engine.retouch(
      KnownTruth.png(truth.picture), mask: KnownTruth.png(mask))
    #expect(try Codec.decode(filled, field: "image").size == PixelSize(width: 64, height: 64))
  }

  @Test("doubling leaves no trace of the strips that it works in")
  func upscaleStrips() throws {
    let tall = TestBackground.wood.raster(width: 40, height: 400)
    let whole = Raster(try BuiltInEngine.doubled(tall.picture()))
    // The same rows, cropped so that the strips fall differently.
    let part = Raster(try BuiltInEngine.doubled(tall.cropped(0..<40, 50..<400).picture()))
    let line = 80 * 3
    #expect(whole.bytes.dropFirst(140 * line) == part.bytes.dropFirst(40 * line))
  }

  @Test("doubling keeps alpha and gives a PNG of twice the size")
  func upscaleAlpha() throws {
    let subject = try engine.png(prompt: "a flower", aspectRatio: .square, seed: 1)
    let small = try engine.convert(
      subject, to: Conversion(format: .png, width: 96, height: 96))
    let picture = try Codec.decode(engine.upscale(small), field: "image")
    #expect(picture.size == PixelSize(width: 192, height: 192))
    let alpha = try #require(picture.alpha)
    #expect(alpha.contains(0) && alpha.contains(255))
  }

  @Test(
    "retouching changes no pixel outside the mask, and beats a fill from the rim on textures"
  )
  func retouch() throws {
    var gains: [Double] = []
    for kind in 0..<4 {
      let truth = KnownTruth.texture(kind, side: 160)
      let mask = KnownTruth.mask(56..<100, 60..<104, width: 160, height: 160)
      var damaged = truth
      for index in mask.values.indices where mask.values[index] != 0 {
        for channel in 0..<3 { damaged.bytes[index * 3 + channel] = channel == 0 ? 255 : 0 }
      }
      let edited = Raster(
        try Codec.decode(
          engine.retouch(KnownTruth.png(damaged), mask: mask.png()), field: "image"))
      for index in mask.values.indices where mask.values[index] == 0 {
        for channel in 0..<3
        where edited.bytes[index * 3 + channel] != damaged.bytes[index * 3 + channel] {
          Issue.record("pixel \(index) changed outside the mask")
          return
        }
      }
      var plain = damaged
      try PatchFill().inpaint(&plain, mask)
      gains.append(
        KnownTruth.signalToNoise(edited.bytes, truth.bytes, where: mask.values)
          - KnownTruth.signalToNoise(plain.bytes, truth.bytes, where: mask.values))
    }
    #expect(gains.reduce(0, +) > 0, "\(gains)")
    #expect(gains[1] > 3 && gains[3] > 3, "repetition is continued: \(gains)")
  }

  @Test("a fill paints the prompt's subject, only within the mask")
  func fill() throws {
    let picture = TestBackground.cloth.raster(width: 200, height: 150)
    let mask = KnownTruth.mask(60..<150, 30..<130, width: 200, height: 150)
    let file = try KnownTruth.png(picture)
    let boat = Raster(
      try Codec.decode(
        engine.fill(prompt: "a red boat", image: file, mask: mask.png()), field: "image"))
    let house = Raster(
      try Codec.decode(
        engine.fill(prompt: "a white house", image: file, mask: mask.png()), field: "image"))
    var isEqualOutside = true
    for index in mask.values.indices where mask.values[index] == 0 {
      for channel in 0..<3
      where boat.bytes[index * 3 + channel] != picture.bytes[index * 3 + channel] {
        isEqualOutside = false
      }
    }
    #expect(isEqualOutside)
    #expect(KnownTruth.signalToNoise(boat.bytes, house.bytes, where: mask.values) < 25)
  }

  @Test("a fill paints the prompt's place with its subjects, only within the mask")
  func fillPlace() throws {
    let picture = TestBackground.cloth.raster(width: 200, height: 150)
    let mask = KnownTruth.mask(40..<160, 20..<140, width: 200, height: 150)
    func filled(_ prompt: String) throws -> Raster {
      try Raster(
        Codec.decode(
          engine.fill(prompt: prompt, image: KnownTruth.png(picture), mask: mask.png()),
          field: "image"))
    }
    let boat = try filled("a red boat")
    let atSea = try filled("a red boat on the sea")
    #expect(KnownTruth.signalToNoise(boat.bytes, atSea.bytes, where: mask.values) < 30)
    let outside = mask.values.map { 255 - $0 }
    #expect(KnownTruth.signalToNoise(atSea.bytes, picture.bytes, where: outside) > 100)
  }

  @Test("the same edit gives the same bytes for any split into bands")
  func repeatable() throws {
    let picture = try KnownTruth.png(KnownTruth.texture(0, side: 120))
    let mask = try KnownTruth.mask(40..<80, 40..<80, width: 120, height: 120).png()
    let first = try engine.retouch(picture, mask: mask)
    let whole = try Bands.$isWhole.withValue(true) { try engine.retouch(picture, mask: mask) }
    #expect(first == whole)
  }

  @Test("the error for a mask of another size names the mask and both sizes")
  func maskSize() throws {
    let picture = try KnownTruth.png(KnownTruth.texture(0, side: 64))
    let mask = try KnownTruth.mask(0..<8, 0..<8, width: 32, height: 64).png()
    #expect(
      throws: EngineError.unusable(
        field: "mask", reason: "it is 32x64 but the image is 64x64; both must have the same size")
    ) { try engine.retouch(picture, mask: mask) }
  }

  @Test("a subject on a transparent background has clear and solid parts and no fringe")
  func png() throws {
    let bytes = try engine.png(prompt: "a red apple", aspectRatio: .square, seed: 3)
    let picture = try Codec.decode(bytes, field: "image")
    #expect(picture.size == AspectRatio.square.pixelSize)
    let alpha = try #require(picture.alpha)
    let colours = Raster(picture)
    #expect(alpha.count(where: { $0 == 0 }) > 100_000)
    #expect(alpha.count(where: { $0 == 255 }) > 100_000)
    // A half-covered pixel has the colour of a solid neighbour, not of an imagined background.
    var strays = 0
    var edges = 0
    let width = picture.width
    for row in 4..<(picture.height - 4) {
      for column in 4..<(width - 4) {
        let index = row * width + column
        guard alpha[index] > 40, alpha[index] < 215 else { continue }
        edges += 1
        var nearest = Int.max
        for dy in -4...4 {
          for dx in -4...4 {
            let other = index + dy * width + dx
            guard alpha[other] == 255 else { continue }
            let distance = (0..<3).reduce(0) {
              $0 + abs(Int(colours.bytes[index * 3 + $1]) - Int(colours.bytes[other * 3 + $1]))
            }
            nearest = min(nearest, distance)
          }
        }
        if nearest > 90 { strays += 1 }
      }
    }
    #expect(edges > 200)
    #expect(strays * 20 < edges, "\(strays) of \(edges)")
  }

  @Test("a portrait stays on the lower edge of its new background, and casts no shadow there")
  func portraitBackground() throws {
    let truth = try KnownTruth.composite(
      "a man in a blue shirt", on: .paper, pose: .portrait, side: 240)
    let file = try Codec.encode(truth.picture.picture(alpha: truth.alpha), as: .png)
    let picture = Raster(
      try Codec.decode(
        engine.addBackground(prompt: "in a meadow", image: file, seed: 2), field: "image"))
    let lowest = 239 * 240
    let solid = (0..<240).filter { truth.alpha[lowest + $0] == 255 }
    #expect(solid.count > 40)
    let isBlue = solid.count { column in
      let at = (lowest + column) * 3
      return picture.bytes[at + 2] > picture.bytes[at + 1]
        && picture.bytes[at + 2] > picture.bytes[at]
    }
    #expect(isBlue * 10 > solid.count * 8)
  }

  @Test("a background leaves the middle of the subject alone and replaces the rest")
  func addBackground() throws {
    let subject = try engine.convert(
      engine.png(prompt: "a green bottle", aspectRatio: .square, seed: 3),
      to: Conversion(format: .png, width: 240, height: 240))
    let table = try engine.addBackground(prompt: "on a marble table", image: subject, seed: 2)
    let beach = try engine.addBackground(prompt: "on a beach", image: subject, seed: 2)
    #expect(try ImageInspection(table).size == PixelSize(width: 240, height: 240))
    #expect(table != beach)
    #expect(try !ImageInspection(table).hasAlpha)
  }
}
