import CImaging
import ImagineCore

/// Files of pictures: reading, writing, scaling, by CImaging.
enum Codec {
  /// No picture with more pixels is decoded.
  static let pixelLimit: Int64 = 100_000_000

  /// Decodes a picture that came in as `field`.
  static func decode(_ bytes: [UInt8], field: String) throws -> Bitmap {
    var picture = ImagingPicture()
    try call(field) { imaging_decode(bytes, bytes.count, pixelLimit, &picture, $0) }
    return Bitmap(picture)
  }

  static func encode(_ picture: Bitmap, as format: PictureFormat, quality: Int = 90) throws
    -> [UInt8]
  {
    var memory: UnsafeMutablePointer<UInt8>?
    var count = 0
    try picture.withPixels { pixels in
      try call("format") {
        imaging_encode(
          pixels.baseAddress, Int32(picture.width), Int32(picture.height),
          Int32(picture.channels), format.code, Int32(quality), &memory, &count, $0)
      }
    }
    defer { imaging_free(memory) }
    return Array(UnsafeBufferPointer(start: memory, count: count))
  }

  /// Scales to exactly a size.
  static func scale(_ picture: Bitmap, to size: PixelSize) throws -> Bitmap {
    var scaled = ImagingPicture()
    try picture.withPixels { pixels in
      try call("image") {
        imaging_resize(
          pixels.baseAddress, Int32(picture.width), Int32(picture.height),
          Int32(picture.channels), Int32(size.width), Int32(size.height), &scaled, $0)
      }
    }
    return Bitmap(scaled)
  }

  /// Calls a function of CImaging; a fault becomes an ``EngineError``.
  static func call(_ field: String, _ body: (UnsafeMutablePointer<ImagingFault>) -> Int32) throws {
    var fault = ImagingFault()
    guard body(&fault) == 0 else { return }
    let message = withUnsafeBytes(of: fault.message) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    if fault.kind == Int32(IMAGING_UNUSABLE) {
      throw EngineError.unusable(field: field, reason: message)
    }
    throw EngineError.failed(message)
  }
}

extension PictureFormat {
  /// The number by which CImaging knows it.
  var code: Int32 {
    switch self {
    case .png: Int32(IMAGING_PNG)
    case .jpeg: Int32(IMAGING_JPEG)
    case .webp: Int32(IMAGING_WEBP)
    case .avif: Int32(IMAGING_AVIF)
    case .tiff: Int32(IMAGING_TIFF)
    case .gif: Int32(IMAGING_GIF)
    }
  }

  init?(code: Int32) {
    guard let format = Self.allCases.first(where: { $0.code == code }) else { return nil }
    self = format
  }
}
