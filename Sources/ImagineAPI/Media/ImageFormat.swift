/// An image file format that the host and the server read or write.
public enum ImageFormat: String, CaseIterable, Sendable, Hashable, Codable {
  case png, jpeg, webp, avif, tiff, gif

  /// The format of a file name extension; nil if it is none of these.
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

  /// The file name extension, without the dot.
  public var pathExtension: String { self == .jpeg ? "jpg" : rawValue }

  public var mediaType: String { "image/\(rawValue)" }

  /// The formats that `/x/convert` writes.
  public static let writable: [ImageFormat] = [.png, .jpeg, .webp, .avif]
}
