import ImagineAPI

/// Decodes a part of an MP4 or MOV file to frames of one size and rate, upright.
///
/// Each frame is what is on the screen at its time. What is before the first picture shows that, and
/// what is after the last one shows the last.
final class VideoDecoder {
  private let process: FFmpegProcess
  private let size: PixelSize
  private let field: String

  /// A rate at which the first frame is the picture of its time, to a thousandth of a second.
  static let fineRate = 1000

  /// - Parameters:
  ///   - start: in seconds.
  ///   - rate: frames a second.
  ///   - size: of the frames; the video is scaled to `part`, and the rest is black.
  ///   - count: of frames.
  ///   - field: the field that is named in errors.
  init(
    _ path: String, from start: Double, rate: Int, count: Int, size: PixelSize,
    part: PixelRectangle? = nil, field: String, control: EngineControl
  ) throws {
    let part = part ?? PixelRectangle(x: 0, y: 0, size: size)
    let filters = [
      "tpad=stop=-1:stop_mode=clone", "fps=\(rate):start_time=0:round=up",
      "scale=\(part.size.width):\(part.size.height):flags=bicubic+accurate_rnd",
      "pad=\(size.width):\(size.height):\(part.x):\(part.y)",
    ]
    // An accurate search would drop the picture that is on the screen, which began before.
    let input = FFmpegProcess.input(
      path, format: "mov",
      [
        "-threads", "2", "-max_pixels", String(PixelBudget.area), "-noaccurate_seek", "-ss",
        "\(Int((start * 1_000_000).rounded()))us",
      ])
    let output = [
      "-map", "0:v:0", "-an", "-sn", "-dn", "-vf", filters.joined(separator: ","), "-frames:v",
      String(count), "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1",
    ]
    process = try FFmpegProcess(input + output, .writes, control: control)
    self.size = size
    self.field = field
  }

  /// The next frame.
  ///
  /// - Throws: ``EngineError/unusable(field:reason:)`` if there is none, though not all were taken.
  func next() throws -> Bitmap {
    var isWhole = false
    let frame = try Bitmap(width: size.width, height: size.height, channels: 3) { out in
      isWhole = try process.read(out)
    }
    if isWhole { return frame }
    let messages = try process.errors()
    throw EngineError.unusable(
      field: field,
      reason: "no picture of the video can be decoded" + (messages.isEmpty ? "" : ": \(messages)"))
  }
}
