public import ImagineAPI

extension PictureStep.Medium {
  /// What a file says about itself; nil for a sound.
  ///
  /// - Parameter field: the field of the file, for errors.
  /// - Throws: ``ImagineError`` of kind `validation` for a file of another kind, and what reading it
  ///   throws.
  public func facts(
    of source: MediaSource, in field: String
  ) throws(ImagineError) -> PictureStep.MediaFacts? {
    let image = ImageHeader(source)
    switch self {
    case .image:
      if let image { return .init(size: image.size) }
    case .video:
      if image == nil, let video = VideoHeader(source) {
        return .init(size: video.size, seconds: video.duration)
      }
    case .audio:
      if image == nil, AudioFormat(source) != nil { return nil }
    }
    if let failure = source.failure { throw failure }
    throw .invalid(field: field, given: "a file that is not \(name)", expected: expectation)
  }
}
