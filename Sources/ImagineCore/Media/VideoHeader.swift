/// What an MP4's movie box says of it.
public struct VideoHeader: Sendable, Hashable {
  /// Pixels of the upright film: a quarter of a turn that the file asks for is applied.
  public let size: PixelSize
  /// Seconds.
  public let duration: Double

  public init(size: PixelSize, duration: Double) {
    self.size = size
    self.duration = duration
  }

  /// Reads the boxes of ISO/IEC 14496-12 that tell size and duration.
  ///
  /// - Returns: nil where the file is no MP4 with a picture track.
  public init?(_ source: MediaSource) {
    guard let header = MovieFile.header(source) else { return nil }
    self = header
  }

  /// Whether a file that begins so may be a film.
  public static func begins(_ head: [UInt8]) -> Bool {
    MovieFile.begins(MediaSource(head))
  }
}
