/// An encoded image of a request: bytes, or the file that has them.
///
/// The host keeps images in files, so that a script may hold thousands; the server receives bytes.
public enum ImageInput: Sendable, Hashable {
  case bytes([UInt8])
  case file(path: FilePath)

  /// The SHA-256 of the content if the image is a file of an asset store, which names files by it;
  /// otherwise nil.
  public var storedSHA256: String? {
    guard case .file(let path) = self, let name = path.name.text else { return nil }
    let stem = String(name.prefix { $0 != "." })
    return Asset.isSHA256(stem) ? stem : nil
  }
}
