/// An encoded picture that a request carries: bytes, or a file that holds them.
///
/// The host keeps pictures in files, so that a script may hold thousands; the server gets them as
/// bytes. Nothing here decodes a pixel.
public enum Picture: Sendable, Hashable {
  case bytes([UInt8])
  case file(path: FilePath)

  /// The SHA-256 of the content, where the picture is a file of an asset store, which is named by
  /// it; nil for any other.
  public var storedSHA256: String? {
    guard case .file(let path) = self, let name = path.name.text else { return nil }
    let stem = String(name.prefix { $0 != "." })
    return Asset.isSHA256(stem) ? stem : nil
  }
}
