import ImagineCore
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Pictures that are fetched by address (`/v1` answers with addresses), for as long as those work.
final class PictureShelf: Sendable {
  private struct State {
    /// Seconds since 1970.
    var sweptAt = 0.0
    /// What was placed since then, and what was there.
    var bytes = 0
  }

  private let home: Home
  private let links: MediaLinks
  /// Bytes of all pictures.
  private let limit: Int
  private let state = Mutex(State())

  init(home: Home, links: MediaLinks, limit: Int) {
    self.home = home
    self.links = links
    self.limit = limit
  }

  /// Keeps a picture, and gives path and query of its address.
  func place(_ bytes: [UInt8], as format: PictureFormat) throws -> String {
    makeRoom(for: bytes.count)
    let id = try RandomID.next()
    guard try SmallFile.create(path(of: id), bytes) else {
      throw HomeError("write", path(of: id), because: "the file is there already")
    }
    return links.path(id, .init(format))
  }

  func path(of id: String) -> String { "\(home.pictures)/\(id)" }

  /// Every quarter of their lifetime, and where they are too many, removes the pictures whose
  /// addresses work no longer, and then the oldest of those that are still too many.
  private func makeRoom(for bytes: Int) {
    let now = links.now()
    state.withLock { state in
      state.bytes += bytes
      guard now - state.sweptAt > links.lifetime / 4 || state.bytes > limit else { return }
      state = State(sweptAt: now, bytes: bytes + sweep(at: now, room: limit - bytes))
    }
  }

  /// - Returns: bytes of the pictures that stay.
  private func sweep(at now: Double, room: Int) -> Int {
    var kept: [(path: String, file: Folder.File)] = []
    for name in Folder.names(in: home.pictures) {
      let path = path(of: name)
      guard let file = Folder.file(path) else { continue }
      if file.changed + links.lifetime + 60 < now {
        Folder.remove(path)
      } else {
        kept.append((path, file))
      }
    }
    var bytes = kept.reduce(0) { $0 + $1.file.size }
    guard bytes > room else { return bytes }
    for (path, file) in kept.sorted(by: { $0.file.changed < $1.file.changed })
    where bytes > room - room / 10 {
      Folder.remove(path)
      bytes -= file.size
    }
    return bytes
  }
}
