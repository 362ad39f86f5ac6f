/// Size and duration of a video, read from the movie box of its MP4 file.
public struct VideoHeader: Sendable, Hashable {
  /// Size in pixels after the rotation by quarter turns that the file asks for.
  public let size: PixelSize
  /// Seconds.
  public let duration: Double

  public init(size: PixelSize, duration: Double) {
    self.size = size
    self.duration = duration
  }
}
