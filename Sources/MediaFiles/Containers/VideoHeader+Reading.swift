public import ImagineAPI

extension VideoHeader {
  /// Reads size and duration from the boxes of ISO/IEC 14496-12.
  ///
  /// - Returns: nil if the file is no MP4 with a video track.
  public init?(_ source: MediaSource) {
    guard let header = MovieFile.header(source) else { return nil }
    self = header
  }

  /// Whether a file with these first bytes may be a video.
  public static func begins(_ head: [UInt8]) -> Bool {
    MovieFile.begins(MediaSource(head))
  }
}
