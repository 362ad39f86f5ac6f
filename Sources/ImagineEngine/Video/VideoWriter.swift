import ImagineAPI

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Encodes frames into a video and its thumbnail.
struct VideoWriter {
  static let framesPerSecond = VideoFiles.framesPerSecond
  static let seconds = VideoFiles.standardSeconds

  let size: PixelSize
  let folder: String

  /// Encodes the frames that `frame` returns for each moment (in seconds).
  ///
  /// The files get their final names once they are complete. On an error, all files are removed.
  func run(
    _ control: EngineControl, frame: @Sendable (Float) throws -> Bitmap
  ) throws -> VideoFiles {
    let video = folder + "/film.mp4"
    let thumbnail = folder + "/thumbnail.jpg"
    let unfinished = folder + "/.film.unfinished.mp4"
    let unfinishedThumbnail = folder + "/.thumbnail.unfinished.jpg"
    do {
      try encode(to: unfinished, thumbnail: unfinishedThumbnail, control, frame)
      try Self.rename(unfinished, to: video)
      try Self.rename(unfinishedThumbnail, to: thumbnail)
    } catch {
      for path in [unfinished, unfinishedThumbnail, video, thumbnail] { unlink(path) }
      throw error
    }
    return VideoFiles(
      video: video, thumbnail: thumbnail, size: size, duration: Double(Self.seconds))
  }

  private func encode(
    to path: String, thumbnail: String, _ control: EngineControl,
    _ frame: @Sendable (Float) throws -> Bitmap
  ) throws {
    let encoder = try VideoEncoder(
      size: size, framesPerSecond: Self.framesPerSecond, path: path, control: control)
    let count = Self.framesPerSecond * Self.seconds
    for start in stride(from: 0, to: count, by: Self.framesAtOnce) {
      let indices = start..<min(start + Self.framesAtOnce, count)
      let frames = Bitmap.inParallel(indices) { try frame(Float($0) / Float(Self.framesPerSecond)) }
      for (index, picture) in zip(indices, frames) {
        try control.report(Double(index) / Double(count))
        let picture = try picture.get()
        if index == count / 4 {
          try Self.write(Codec.encode(picture, as: .jpeg, quality: 88), to: thumbnail)
        }
        try picture.withPixels { try encoder.write($0) }
      }
    }
    try encoder.finish()
    try control.report(1)
  }

  /// Painting two frames in parallel hides the sequential steps of each.
  private static let framesAtOnce = 2

  private static func write(_ bytes: [UInt8], to path: String) throws {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw failure(path) }
    defer { close(file) }
    var written = 0
    while written < bytes.count {
      let count = bytes[written...].withUnsafeBytes { put(file, $0) }
      if count < 0, errno != EINTR { throw failure(path) }
      written += max(count, 0)
    }
  }

  private static func put(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    #if canImport(Glibc)
      Glibc.write(file, bytes.baseAddress, bytes.count)
    #else
      Darwin.write(file, bytes.baseAddress, bytes.count)
    #endif
  }

  private static func rename(_ from: String, to path: String) throws {
    #if canImport(Glibc)
      let result = Glibc.rename(from, path)
    #else
      let result = Darwin.rename(from, path)
    #endif
    guard result == 0 else { throw failure(path) }
  }

  private static func failure(_ path: String) -> EngineError {
    .failed("\(path): \(String(cString: strerror(errno)))")
  }
}
