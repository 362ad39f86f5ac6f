public import ImagineAPI
public import MediaFiles

/// What an image file is, and what it says about its making.
public struct InspectedImage: Sendable {
  public let asset: Asset
  public let header: ImageHeader
  /// How it was made, as its file says. Anybody can write that, so it is a claim.
  public let claims: ImageMetadata?
}

extension Workflow {
  /// Reads what a file is, without decoding its pixels.
  ///
  /// - Throws: ``ImagineError`` of kind `io` if it cannot be read, and `validation` if it is no image.
  public func inspect(_ input: ImageInput) async throws -> InspectedImage {
    let asset = try assets.stage(input)
    guard let header = asset.header else {
      throw ImagineError.invalid(
        field: "image", given: "a file that is not an image", expected: ImageHeader.expectation)
    }
    let texts = ImageTexts(MediaSource(try assets.content(of: asset)))
    return InspectedImage(asset: asset, header: header, claims: texts?.metadata)
  }
}
