public import ImagineAPI
import ImagineRuns
import ImagineSystem
public import MediaFiles

extension ImageTexts {
  /// Reads a file.
  ///
  /// - Throws: ``ImagineError`` of kind `io` if it cannot be read, and `validation` if it is no
  ///   image.
  public init(ofFile path: FilePath) throws(ImagineError) {
    let source = try FileReader(path).source(limit: FileAssetStore.maxImportBytes)
    let texts = ImageTexts(source)
    if let failure = source.failure { throw failure }
    guard let texts else {
      throw ImagineError(
        .validation, "\(path) is no image (expected \(ImageHeader.expectation))")
    }
    self = texts
  }
}
