import ImagineAPI
import MediaFiles
import Testing

@testable import ImagineEngine

@Suite("The size that a file declares is that of its pixels")
struct StepInputTests {
  /// A JPEG of 40 × 10 whose EXIF segments stand before its frame, or before its scan.
  private func file(first: Bool, _ segments: [[UInt8]]) throws -> [UInt8] {
    let plain = try Codec.encode(
      Bitmap(width: 40, height: 10, channels: 3) { $0.initialize(repeating: 90) }, as: .jpeg)
    var file = plain
    let scan = try #require(
      file.indices.dropLast().last { file[$0] == 0xFF && file[$0 + 1] == 0xDA })
    let start = first ? 2 : scan
    for segment in segments.reversed() {
      file = Array(file[..<start]) + JPEGFile.segment(0xE1, segment) + file[start...]
    }
    return file
  }

  private func exif(_ block: [UInt8]) -> [UInt8] { Array("Exif".utf8) + [0, 0] + block }

  @Test("the first EXIF segment before the scan counts, in the header and in the decoder")
  func exifPlaces() throws {
    let turned = exif(Exif.orientation(6))
    let silent = exif([0x49, 0x49, 0x2A, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    for first in [true, false] {
      for segments in [[turned], [silent, turned], [turned, silent], [silent]] {
        let file = try file(first: first, segments)
        let decoded = try Codec.decode(file, field: "image", control: EngineControl()).size
        #expect(ImageHeader(file)?.size == decoded, "first \(first), \(segments.map(\.count))")
      }
    }
  }

  @Test("a step that was checked with another size than the pixels have is refused")
  func otherSize() throws {
    let file = try file(first: true, [])
    for (name, fields) in [("rotate", ["degrees": 90]), ("flip", ["direction": "horizontal"])]
      as [(String, [String: Value])]
    {
      let operation = try #require(PictureOperation.named(name))
      let step = try PictureStep(
        operation, fields, images: [PictureOperation.base: [.bytes(file)]],
        facts: { _, _, _ in PictureStep.MediaFacts(size: PixelSize(width: 10, height: 40)) })
      #expect(throws: EngineError.self) { try BuiltInEngine().perform(step) }
    }
  }
}
