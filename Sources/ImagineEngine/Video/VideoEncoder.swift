import ImagineAPI

/// Encodes raw frames (8-bit RGB) into an H.264 file.
final class VideoEncoder {
  /// A sound file, by the name of ffmpeg's reader for it.
  struct Sound {
    let path: String
    let format: String
    /// The length that it is cut or filled to.
    let seconds: Double
  }

  private let process: FFmpegProcess

  /// Starts the process for frames of `size`; it writes the video to `path`.
  ///
  /// The number of threads is fixed, because x264's choices depend on it.
  ///
  /// - Parameter program: the path of `ffmpeg`; nil searches the `PATH`.
  init(
    size: PixelSize, framesPerSecond: Int, path: String, sound: Sound? = nil,
    control: EngineControl, program: String? = nil
  ) throws {
    let frames = [
      "-f", "rawvideo", "-pixel_format", "rgb24", "-video_size", size.description, "-framerate",
      String(framesPerSecond), "-i", "pipe:0",
    ]
    let audio: [String] =
      if let sound {
        FFmpegProcess.input(sound.path, format: sound.format) + [
          "-map", "0:v:0", "-map", "1:a:0", "-af", "apad", "-t", String(sound.seconds), "-c:a",
          "aac", "-b:a", "160k", "-ac", "2", "-ar", "48000", "-flags:a", "+bitexact",
        ]
      } else {
        ["-an"]
      }
    let video = [
      "-vf", "scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+bicubic", "-c:v",
      "libx264", "-preset", "veryfast", "-crf", "19", "-threads", "2", "-pix_fmt", "yuv420p",
      "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-fflags",
      "+bitexact", "-flags:v", "+bitexact", "-movflags", "+faststart", "-f", "mp4", path,
    ]
    process = try FFmpegProcess(
      frames + audio + video, .reads, control: control, program: program)
  }

  /// Sends one frame; throws with ffmpeg's error output when the process has died.
  func write(_ frame: UnsafeBufferPointer<UInt8>) throws { try process.write(frame) }

  /// Closes the input and waits until the file is complete.
  func finish() throws {
    if let messages = try process.finish() {
      throw EngineError.failed("ffmpeg could not encode the video: \(messages)")
    }
  }
}
