import ImagineAPI
import ServerStore

/// The images that `/v1` returns by address, kept until their addresses expire.
struct TemporaryImages: Sendable {
  private let media: ExpiringMedia
  private let keys: LinkKeys

  /// - Parameter limit: bytes of all images that this server stored.
  init(
    _ storage: any MediaStorage, store: any RemovalStore, keys: LinkKeys, limit: Int
  ) {
    // Whoever begins at the last second has a minute.
    media = ExpiringMedia(
      storage, store: store, lifetime: keys.lifetime + 60, limit: limit)
    self.keys = keys
  }

  /// Stores an image, and returns path and query of its address.
  func store(_ bytes: [UInt8], as format: ImageFormat) async throws -> String {
    let links = try await keys.current()
    let (id, file) = (try RandomID.next(), MediaLinks.File(format))
    try await media.put(
      bytes, as: MediaName.picture(id, file), below: MediaName.folder(ofPicture: id),
      type: file.mediaType, of: "")
    return links.path(id, file)
  }
}
