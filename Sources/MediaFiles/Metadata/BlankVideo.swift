public import ImagineAPI

/// A video with a size and a duration, but no frames.
public enum BlankVideo {
  /// The boxes of an MP4 (ISO/IEC 14496-12) that contain size and duration.
  public static func mp4(size: PixelSize, duration: Double) -> [UInt8] {
    let scale = 1000
    let movieHeader = box(
      "mvhd",
      zeros(12) + big(scale) + big(Int(duration * Double(scale))) + zeros(80))
    let trackHeader = box("tkhd", zeros(76) + big(size.width << 16) + big(size.height << 16))
    return box("ftyp", Array("isom".utf8) + zeros(4) + Array("isom".utf8))
      + box("moov", movieHeader + box("trak", trackHeader))
  }

  private static func box(_ type: String, _ content: [UInt8]) -> [UInt8] {
    big(content.count + 8) + Array(type.utf8) + content
  }

  private static func big(_ value: Int) -> [UInt8] {
    withUnsafeBytes(of: UInt32(truncatingIfNeeded: value).bigEndian, Array.init)
  }

  private static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }
}
