/// The format of a sound file, by its first bytes.
public enum AudioFormat: String, Sendable, CaseIterable {
  case wav, mp3, mp4, flac, ogg

  /// Nil for anything else.
  public init?(_ source: MediaSource) {
    if source.matches("RIFF", at: 0), source.matches("WAVE", at: 8) {
      self = .wav
    } else if source.matches("fLaC", at: 0) {
      self = .flac
    } else if source.matches("OggS", at: 0) {
      self = .ogg
    } else if source.matches("ftyp", at: 4) {
      self = .mp4
    } else if source.matches("ID3", at: 0) || Self.isLayer3(source) {
      self = .mp3
    } else {
      return nil
    }
  }

  /// A frame of MPEG audio, layer III: eleven bits of sync, then version and layer.
  private static func isLayer3(_ source: MediaSource) -> Bool {
    guard let head = source.bigEndian(0, 2) else { return false }
    return head & 0xFFE6 == 0xFFE2
  }
}
