/// An encoded image of a request.
///
/// The host keeps images in files, so that a script may hold thousands; the server receives bytes.
public enum ImageInput: Sendable, Hashable {
  case bytes([UInt8])
  /// A user's file.
  case file(path: FilePath)
  /// A file of the asset store.
  case asset(Asset)
}
