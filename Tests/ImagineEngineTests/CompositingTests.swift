import ImagineAPI
import Testing

@testable import ImagineEngine

/// What puts an original back outside the mask of an edit, byte by byte.
@Suite struct CompositingTests {
  private let engine = BuiltInEngine()
  private let width = 40
  private let height = 30

  /// The bytes of a pixel, differing from place to place.
  private static func shade(_ index: Int, _ salt: Int) -> UInt8 {
    UInt8((index &* 73 &+ salt &* 31 &+ index / 7) % 256)
  }

  private func picture(_ channels: Int, salt: Int, _ scale: Int = 1) throws -> Bitmap {
    try Bitmap(width: width * scale, height: height * scale, channels: channels) { out in
      for index in out.indices { out[index] = Self.shade(index, salt) }
    }
  }

  private func png(_ picture: Bitmap) throws -> [UInt8] { try Codec.encode(picture, as: .png) }

  private func mask(_ columns: Range<Int>, _ rows: Range<Int>) -> Mask {
    KnownTruth.mask(columns, rows, width: width, height: height)
  }

  /// The bytes of a pixel, with alpha.
  private func pixel(_ picture: Bitmap, _ index: Int) -> [UInt8] {
    picture.withPixels { pixels in
      let bytes = Array(pixels[(index * picture.channels)..<((index + 1) * picture.channels)])
      return bytes.count == 4 ? bytes : bytes + [255]
    }
  }

  @Test(
    "outside the mask no byte differs, and its middle is the edit's, with alpha or without",
    arguments: [3, 4], [3, 4])
  func exact(_ imageChannels: Int, _ editedChannels: Int) throws {
    let image = try picture(imageChannels, salt: 1)
    let edited = try picture(editedChannels, salt: 2)
    let mask = mask(10..<34, 4..<28)
    let composite = try engine.composite(png(edited), over: png(image), mask: mask.png())
    let result = try Codec.decode(try #require(composite.png), field: "image")
    #expect(result.size == image.size)
    #expect(result.channels == max(imageChannels, editedChannels))
    let outside = mask.values.indices.filter { mask.values[$0] == 0 }
    #expect(outside.allSatisfy { pixel(result, $0) == pixel(image, $0) })
    // The transition is at most 8 pixels wide.
    for row in 12..<20 {
      for column in 18..<26 {
        let at = row * width + column
        #expect(pixel(result, at) == pixel(edited, at))
      }
    }
    // The transition lies inside the mask, at its edge.
    #expect(pixel(result, 16 * width + 10) != pixel(edited, 16 * width + 10))
    #expect(composite.drift > 0.1 && composite.drift < 1)
  }

  @Test("a thin mask is edited in its whole width", arguments: [1, 2])
  func thin(_ thickness: Int) throws {
    let (image, edited) = (try picture(3, salt: 1), try picture(3, salt: 2))
    let mask = mask(20..<(20 + thickness), 0..<height)
    let composite = try engine.composite(png(edited), over: png(image), mask: mask.png())
    let result = try Codec.decode(try #require(composite.png), field: "image")
    for at in mask.values.indices {
      #expect(pixel(result, at) == pixel(mask.values[at] == 0 ? image : edited, at))
    }
  }

  @Test("the drift is the mean difference outside the mask, and 0 only if none differs")
  func drift() throws {
    func drift(_ mask: Mask, _ change: (Int, inout [UInt8]) -> Void) throws -> Double {
      var raster = Raster(width: width, height: height)
      for index in raster.bytes.indices { raster.bytes[index] = 100 }
      let image = raster
      for index in mask.values.indices {
        var pixel = Array(raster.bytes[(index * 3)..<(index * 3 + 3)])
        change(index, &pixel)
        raster.bytes.replaceSubrange((index * 3)..<(index * 3 + 3), with: pixel)
      }
      let composite = try engine.composite(
        KnownTruth.png(raster), over: KnownTruth.png(image), mask: mask.png(), measuresOnly: true)
      #expect(composite.png == nil)
      return composite.drift
    }
    let mask = mask(0..<20, 0..<height)
    #expect(try drift(mask) { _, _ in } == 0)
    #expect(try drift(mask) { index, pixel in if index % 40 < 20 { pixel = [0, 0, 0] } } == 0)
    let one = try drift(mask) { index, pixel in if index == 39 { pixel[1] += 1 } }
    #expect(one > 0 && abs(one - 1.0 / 3 / 255 / 600) < 1e-12)
    let all = try drift(mask) { _, pixel in pixel = [151, 151, 151] }
    #expect(abs(all - 0.2) < 1e-12)
    // Nothing is outside.
    #expect(try drift(self.mask(0..<width, 0..<height)) { _, pixel in pixel = [0, 0, 0] } == 0)
  }

  @Test("an edit of the image's shape is scaled to its size; one of another shape is refused")
  func sizes() throws {
    let image = try picture(3, salt: 1)
    let mask = try mask(10..<30, 5..<25).png()
    let composite = try engine.composite(
      png(picture(3, salt: 2, 3)), over: png(image), mask: mask)
    let result = try Codec.decode(try #require(composite.png), field: "image")
    #expect(result.size == image.size)
    #expect(pixel(result, 0) == pixel(image, 0))
    let other = try Bitmap(width: 40, height: 40, channels: 3) { $0.initialize(repeating: 9) }
    #expect {
      try engine.composite(png(other), over: png(image), mask: mask)
    } throws: { error in
      if case EngineError.unusable(let field, let reason) = error {
        field == "edited" && reason.contains("40x40") && reason.contains("40x30")
      } else {
        false
      }
    }
  }
}
