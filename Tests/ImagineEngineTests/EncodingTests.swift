import Foundation
import ImagineAPI
import Testing

@testable import ImagineEngine

@Suite("Encoding")
struct EncodingTests {
  /// Noise of two bits a byte, which a PNG stores in about a third of its size.
  private static func noise(width: Int, height: Int) throws -> Bitmap {
    try Bitmap(width: width, height: height, channels: 3) { out in
      var state: UInt64 = 1
      for at in out.indices {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        out.initializeElement(at: at, to: UInt8(truncatingIfNeeded: state >> 62))
      }
    }
  }

  @Test("an image that is used again keeps its pixels, and its file is the same")
  func usedAgain() throws {
    let picture = try Self.noise(width: 2000, height: 1800)
    let before = picture.withPixels { Array($0) }
    let file = try Codec.encode(picture, as: .png)
    #expect(picture.withPixels { $0.elementsEqual(before) })
    #expect(try Codec.encode(Self.noise(width: 2000, height: 1800), as: .png) == file)
    #expect(try Codec.decode(file, field: "image").withPixels { $0.elementsEqual(before) })
  }

  #if os(Linux)
    @Test(
      "an image that is not used again is not whole in memory beside its file",
      .enabled(if: getenv("SANITIZED") == nil))
    func lastUse() async {
      await #expect(processExitsWith: .success) {
        let size = 4000
        let bytes = 3 * size * size
        let picture = try EncodingTests.noise(width: size, height: size)
        let before = peakMemory()
        let file = try Codec.encode(consume picture, as: .png)
        let growth = peakMemory() - before
        precondition(file.count > bytes / 4, "\(file.count)")
        precondition(growth < bytes / 4, "\(growth) of \(bytes)")
      }
    }
  #endif
}
