/// A file in an asset store: an image or a video, identified by the hash of its content.
public struct Asset: Sendable, Hashable {
  /// SHA-256 of the content, 64 lower-case hexadecimal digits.
  public let sha256: String
  /// Path of the file. It belongs to the store: never write to it or remove it.
  public let path: String
  public let byteCount: Int
  /// Read from the first bytes; nil for anything but an image.
  public let header: ImageHeader?
  /// How it was derived from others on this machine; nil for a file from elsewhere.
  public let derivation: Derivation?

  public init(
    sha256: String, path: String, byteCount: Int, header: ImageHeader?,
    derivation: Derivation? = nil
  ) {
    self.sha256 = sha256
    self.path = path
    self.byteCount = byteCount
    self.header = header
    self.derivation = derivation
  }

  /// The same file as the result of a derivation.
  public func derived(by derivation: Derivation) -> Asset {
    Asset(
      sha256: sha256, path: path, byteCount: byteCount, header: header, derivation: derivation)
  }

  /// What the file is: its recipe, else its hash.
  public var identity: String { derivation?.recipe ?? sha256 }

  /// Whether a text is a valid ``sha256``.
  public static func isSHA256(_ text: String) -> Bool {
    text.utf8.count == 64
      && text.utf8.allSatisfy {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
          || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
      }
  }
}

/// How a file was derived on this machine.
public struct Derivation: Sendable, Hashable, Codable {
  /// A hash of what it was derived from and of the step. Another version of the engine gives other
  /// bytes for the same recipe.
  public var recipe: String
  /// The version of the engine; nil if it is not known.
  public var engine: String?

  public init(recipe: String, engine: String? = nil) {
    self.recipe = recipe
    self.engine = engine
  }
}
