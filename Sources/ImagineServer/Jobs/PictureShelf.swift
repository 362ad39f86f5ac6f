import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Pictures that are fetched by address (`/v1` answers with addresses), for as long as those work.
final class PictureShelf: Sendable {
  private let home: Home
  private let links: MediaLinks
  /// Seconds since 1970.
  private let sweptAt = Mutex(0.0)

  init(home: Home, links: MediaLinks) {
    self.home = home
    self.links = links
  }

  /// Keeps a picture, and gives path and query of its address.
  func place(_ bytes: [UInt8]) throws -> String {
    sweepNowAndThen()
    let id = UUID().uuidString.lowercased()
    _ = try SmallFile.create(path(of: id), bytes)
    return links.path(id, .picture)
  }

  func path(of id: String) -> String { "\(home.pictures)/\(id)" }

  /// Removes the pictures whose addresses work no longer, every quarter of their lifetime.
  private func sweepNowAndThen() {
    let now = links.now()
    let isDue = sweptAt.withLock { sweptAt in
      guard now - sweptAt > links.lifetime / 4 else { return false }
      sweptAt = now
      return true
    }
    guard isDue else { return }
    for name in Folder.names(in: home.pictures) {
      let path = path(of: name)
      if let changed = Folder.changed(path), changed + links.lifetime + 60 < now {
        Folder.remove(path)
      }
    }
  }
}
