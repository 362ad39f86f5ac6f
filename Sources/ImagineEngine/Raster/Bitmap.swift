import CImaging
import ImagineAPI

/// Decoded pixels: interleaved 8-bit sRGB, upright, three channels or four (straight alpha).
///
/// It owns memory that CImaging allocated. Nobody writes to it once it is shared, so sharing it between
/// threads is safe.
final class Bitmap: @unchecked Sendable {
  let width: Int
  let height: Int
  /// 3 (R, G, B) or 4 (and alpha).
  let channels: Int
  private let pixels: UnsafeMutableBufferPointer<UInt8>

  /// Takes ownership of CImaging's memory.
  init(_ picture: ImagingPicture) {
    width = Int(picture.width)
    height = Int(picture.height)
    channels = Int(picture.channels)
    pixels = UnsafeMutableBufferPointer(
      start: picture.pixels, count: width * height * channels)
  }

  /// An image that `fill` draws; `fill` gets all the bytes, uninitialised.
  ///
  /// - Throws: ``EngineError/unusable(field:reason:)`` for a size over the ``PixelBudget``.
  init(
    width: Int, height: Int, channels: Int,
    fill: (UnsafeMutableBufferPointer<UInt8>) throws -> Void
  ) throws {
    try PixelBudget.check(PixelSize(width: width, height: height), field: "image")
    let count = width * height * channels
    guard let memory = imaging_allocate(count) else {
      throw EngineError.failed("out of memory for an image of \(width)x\(height)")
    }
    self.width = width
    self.height = height
    self.channels = channels
    pixels = UnsafeMutableBufferPointer(
      start: memory.bindMemory(to: UInt8.self, capacity: count), count: count)
    try fill(pixels)
  }

  /// Calls `body` with the bytes to change them. Only for who has the image alone.
  func withOwnPixels<Result>(
    _ body: (UnsafeMutableBufferPointer<UInt8>) throws -> Result
  ) rethrows -> Result {
    try withExtendedLifetime(self) { try body(pixels) }
  }

  deinit { imaging_free(pixels.baseAddress) }

  /// Calls `body` with the `width * height * channels` bytes, rows from the top.
  func withPixels<Result>(_ body: (UnsafeBufferPointer<UInt8>) throws -> Result) rethrows -> Result
  {
    try withExtendedLifetime(self) { try body(UnsafeBufferPointer(pixels)) }
  }
}

extension Bitmap {
  var size: PixelSize { PixelSize(width: width, height: height) }

  func copy() throws -> Bitmap { try cropped(left: 0, top: 0, width: width, height: height) }

  /// A rectangle of the image; it must lie within it.
  func cropped(left: Int, top: Int, width: Int, height: Int) throws -> Bitmap {
    try Bitmap(width: width, height: height, channels: channels) { out in
      withPixels { pixels in
        for row in 0..<height {
          let start = ((top + row) * self.width + left) * channels
          let line = UnsafeMutableBufferPointer(
            rebasing: out[(row * width * channels)..<((row + 1) * width * channels)])
          _ = line.initialize(fromContentsOf: pixels[start..<(start + width * channels)])
        }
      }
    }
  }
}
