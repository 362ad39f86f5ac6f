/// A file format of pictures, as the host and the server read and write them.
public enum PictureFormat: String, CaseIterable, Sendable, Hashable {
  case png, jpeg, webp, avif, tiff, gif

  /// The format that a path's extension names; nil where it names none of ours.
  public init?(pathExtension: some StringProtocol) {
    switch pathExtension.lowercased() {
    case "png": self = .png
    case "jpg", "jpeg": self = .jpeg
    case "webp": self = .webp
    case "avif": self = .avif
    case "tif", "tiff": self = .tiff
    case "gif": self = .gif
    default: return nil
    }
  }

  /// The extension that files of this format are given.
  public var pathExtension: String { self == .jpeg ? "jpg" : rawValue }

  public var mediaType: String { "image/\(rawValue)" }

  /// The formats that `/x/convert` writes.
  public static let writable: [PictureFormat] = [.png, .jpeg, .webp, .avif]
}
