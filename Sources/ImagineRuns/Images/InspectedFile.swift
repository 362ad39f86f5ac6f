public import ImagineAPI
public import MediaFiles

/// What an image or a video is, and what it says about its making.
public struct InspectedFile: Sendable {
  public let asset: Asset
  /// `png` and the like, or `mp4`.
  public let format: String
  public let size: PixelSize
  public let hasAlpha: Bool
  /// Seconds; nil for an image.
  public let duration: Double?
  /// How it was made, as its file says. Anybody can write that, so it is a claim.
  public let claims: ImageMetadata?
}

extension Workflow {
  /// Reads what a file is, without decoding its pixels.
  ///
  /// - Throws: ``ImagineError`` of kind `io` if it cannot be read, and `validation` if it is neither.
  public func inspect(_ input: ImageInput) async throws -> InspectedFile {
    let asset = try assets.stage(input)
    if let header = asset.header {
      let texts = ImageTexts(MediaSource(try assets.content(of: asset)))
      return InspectedFile(
        asset: asset, format: header.format.rawValue, size: header.size,
        hasAlpha: header.hasAlpha, duration: nil, claims: texts?.metadata)
    }
    guard let header = try videoHeader(of: asset) else {
      throw ImagineError.invalid(
        field: "image", given: "a file that is neither an image nor a video",
        expected: "\(ImageHeader.expectation), or an MP4")
    }
    return InspectedFile(
      asset: asset, format: "mp4", size: header.size, hasAlpha: false, duration: header.duration,
      claims: ImageMetadata(movie: source(of: asset)))
  }
}
