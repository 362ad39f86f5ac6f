import ImagineAPI
import MediaFiles
import Testing

@Suite("The format and size of an image are read from its first bytes")
struct ImageHeaderTests {
  static let png: [UInt8] =
    [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13] + Array("IHDR".utf8)
    + [0, 0, 5, 0, 0, 0, 2, 0xD0, 8, 6, 0, 0, 0]

  static let jpeg: [UInt8] =
    [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, 0xFF, 0xC4, 0, 2]
    + [0xFF, 0xC2, 0, 11, 8, 2, 0xD0, 5, 0, 1, 1, 0x11, 0]

  static let lossyWebP: [UInt8] =
    Array("RIFF".utf8) + [0, 0, 0, 0] + Array("WEBPVP8 ".utf8)
    + [0, 0, 0, 0, 0x10, 0, 0, 0x9D, 1, 0x2A, 0, 5, 0xD0, 2]

  static let extendedWebP: [UInt8] =
    Array("RIFF".utf8) + [0, 0, 0, 0] + Array("WEBPVP8X".utf8)
    + [10, 0, 0, 0, 0, 0, 0, 0, 0xFF, 4, 0, 0xCF, 2, 0]

  static let losslessWebP: [UInt8] =
    Array("RIFF".utf8) + [0, 0, 0, 0] + Array("WEBPVP8L".utf8)
    + [0, 0, 0, 0, 0x2F, 0xFF, 0xC4, 0xB3, 0]

  static let gif: [UInt8] = Array("GIF89a".utf8) + [0, 5, 0xD0, 2]

  /// Little-endian, with the directory after the pixels; `bigTIFF` has the other byte order.
  static let littleTIFF: [UInt8] =
    [0x49, 0x49, 0x2A, 0, 12, 0, 0, 0, 9, 9, 9, 9, 2, 0]
    + [0, 1, 3, 0, 1, 0, 0, 0, 0, 5, 0, 0] + [1, 1, 4, 0, 1, 0, 0, 0, 0xD0, 2, 0, 0]

  static let bigTIFF: [UInt8] =
    [0x4D, 0x4D, 0, 0x2A, 0, 0, 0, 8, 0, 2]
    + [1, 0, 0, 4, 0, 0, 0, 1, 0, 0, 5, 0] + [1, 1, 0, 3, 0, 0, 0, 1, 2, 0xD0, 0, 0]

  @Test(
    "the header of a PNG, JPEG, WebP, GIF or TIFF is read",
    arguments: [
      (ImageFormat.png, png), (.jpeg, jpeg), (.webp, lossyWebP), (.webp, extendedWebP),
      (.webp, losslessWebP), (.gif, gif),
      (.tiff, littleTIFF), (.tiff, bigTIFF),
    ])
  func known(format: ImageFormat, bytes: [UInt8]) throws {
    let header = try #require(ImageHeader(bytes))
    #expect(header.format == format)
    #expect(header.size == PixelSize(width: 1280, height: 720))
  }

  @Test(
    "a truncated header is no image",
    arguments: [
      (png, 24), (jpeg, 22), (lossyWebP, 30), (extendedWebP, 30), (losslessWebP, 25), (gif, 10),
      (littleTIFF, 38), (bigTIFF, 32),
    ])
  func cut(bytes: [UInt8], needed: Int) {
    for count in 0..<needed { #expect(ImageHeader(bytes.prefix(count)) == nil) }
    #expect(ImageHeader(bytes.prefix(needed)) != nil)
  }

  @Test("an error page is no image", arguments: ["{\"status\":\"error\"}", "<html>", ""])
  func text(page: String) {
    #expect(ImageHeader(Array(page.utf8)) == nil)
  }
}
