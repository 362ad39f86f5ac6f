/// A file in an asset store: an image or a video, identified by the hash of its content.
public struct Asset: Sendable, Hashable {
  /// SHA-256 of the content, 64 lower-case hexadecimal digits.
  public let sha256: String
  /// Path of the file. It belongs to the store: never write to it or remove it.
  public let path: String
  public let byteCount: Int
  /// Read from the first bytes; nil for anything but an image.
  public let header: ImageHeader?

  public init(sha256: String, path: String, byteCount: Int, header: ImageHeader?) {
    self.sha256 = sha256
    self.path = path
    self.byteCount = byteCount
    self.header = header
  }

  /// Whether a text is a valid ``sha256``.
  public static func isSHA256(_ text: String) -> Bool {
    text.utf8.count == 64
      && text.utf8.allSatisfy {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
          || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
      }
  }
}
