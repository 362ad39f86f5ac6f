import ImagineAPI

/// Decodes a part of an MP4 or MOV file to frames of one size and rate, upright.
final class VideoDecoder {
  private let process: FFmpegProcess
  private let size: PixelSize
  private let field: String

  /// - Parameters:
  ///   - start: in seconds.
  ///   - rate: frames a second; nil for those of the file.
  ///   - size: of the frames; the video is scaled to `part`, and the rest is black.
  ///   - field: the field that is named in errors.
  init(
    _ path: String, from start: Double, rate: Int? = nil, size: PixelSize,
    part: PixelRectangle? = nil, count: Int? = nil, field: String, control: EngineControl
  ) throws {
    let part = part ?? PixelRectangle(x: 0, y: 0, size: size)
    let filters =
      (rate.map { ["fps=\($0):start_time=0"] } ?? []) + [
        "scale=\(part.size.width):\(part.size.height):flags=bicubic+accurate_rnd",
        "pad=\(size.width):\(size.height):\(part.x):\(part.y)",
      ]
    let input = FFmpegProcess.input(
      path, format: "mov",
      ["-threads", "2", "-max_pixels", String(PixelBudget.area)]
        + (start > 0 ? ["-ss", String(start)] : []))
    let output =
      ["-map", "0:v:0", "-an", "-sn", "-dn", "-vf", filters.joined(separator: ",")]
      + (count.map { ["-frames:v", String($0)] } ?? []) + [
        "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1",
      ]
    process = try FFmpegProcess(input + output, .writes, control: control)
    self.size = size
    self.field = field
  }

  /// The next frame; nil at the end.
  func next() throws -> Bitmap? {
    var isWhole = false
    let frame = try Bitmap(width: size.width, height: size.height, channels: 3) { out in
      isWhole = try process.read(out)
    }
    return isWhole ? frame : nil
  }

  /// The error of a video that gave no frame.
  func fault() throws -> EngineError {
    let messages = try process.errors()
    return .unusable(
      field: field,
      reason: "no picture of the video can be decoded"
        + (messages.isEmpty ? "" : ": \(Self.withoutPath(messages))"))
  }

  /// The server's paths are not the caller's concern.
  static func withoutPath(_ messages: String) -> String {
    messages.split(separator: " ").map { $0.contains("/") ? "the file:" : $0 }
      .joined(separator: " ")
  }
}
