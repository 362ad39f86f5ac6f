import CImaging
import ImagineAPI
import ImagineEngine

/// Images to measure with, painted by the engine.
enum Images {
  static let engine = BuiltInEngine()

  static func painted(_ prompt: String, side: Int) throws -> [UInt8] {
    let whole = try engine.paint(
      prompt: prompt, style: .realistic, aspectRatio: .square, seed: 3)
    return try engine.convert(whole, to: Conversion(format: .png, width: side, height: side))
  }

  /// The pixels of a PNG, for a library's call: R, G, B.
  static func pixels(_ file: [UInt8]) -> [UInt8] {
    var image = ImagingPicture()
    guard imaging_decode(file, file.count, Int32(IMAGING_PNG), 1, 1, nil, &image, nil) != 0
    else { return [] }
    defer { imaging_free(image.pixels) }
    let all = UnsafeBufferPointer(
      start: image.pixels, count: Int(image.width * image.height * image.channels))
    guard image.channels == 4 else { return Array(all) }
    return (0..<(all.count / 4 * 3)).map { all[$0 / 3 * 4 + $0 % 3] }
  }

  /// A PNG of R, G, B.
  static func png(_ pixels: [UInt8], width: Int, height: Int) -> [UInt8] {
    var bytes: UnsafeMutablePointer<UInt8>?
    var count = 0
    var pixels = pixels
    guard
      imaging_encode(
        &pixels, Int32(width), Int32(height), 3, 0, Int32(IMAGING_PNG), 90, 0, nil, &bytes, &count,
        nil) != 0
    else { return [] }
    defer { imaging_free(bytes) }
    return Array(UnsafeBufferPointer(start: bytes, count: count))
  }
}
