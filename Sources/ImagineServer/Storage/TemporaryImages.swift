import ImagineAPI
import ImagineSystem
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The images that `/v1` returns by address, kept until their addresses expire.
final class TemporaryImages: Sendable {
  private struct State {
    /// Seconds since 1970.
    var sweptAt = 0.0
    /// Bytes that the last sweep kept, plus bytes stored since.
    var bytes = 0
  }

  private let directory: DataDirectory
  private let links: MediaLinks
  /// Bytes of all images.
  private let limit: Int
  private let state = Mutex(State())

  init(_ directory: DataDirectory, links: MediaLinks, limit: Int) {
    self.directory = directory
    self.links = links
    self.limit = limit
  }

  /// Stores an image, and returns path and query of its address.
  func store(_ bytes: [UInt8], as format: ImageFormat) throws -> String {
    makeRoom(for: bytes.count)
    let id = try RandomID.next()
    guard try FilePath(path(of: id)).createPrivateFile(bytes) else {
      throw ImagineError(.io, "cannot write \(path(of: id)): the file exists")
    }
    return links.path(id, .init(format))
  }

  func path(of id: String) -> String { "\(directory.temporaryImages)/\(id)" }

  /// Removes expired images every quarter of their lifetime and whenever the limit is exceeded. If
  /// the rest still exceeds the limit, removes the oldest.
  private func makeRoom(for bytes: Int) {
    let now = links.now()
    state.withLock { state in
      state.bytes += bytes
      guard now - state.sweptAt > links.lifetime / 4 || state.bytes > limit else { return }
      state = State(sweptAt: now, bytes: bytes + sweep(at: now, room: limit - bytes))
    }
  }

  /// - Returns: bytes of the images that are kept.
  private func sweep(at now: Double, room: Int) -> Int {
    var kept: [(path: FilePath, facts: FileStatus)] = []
    for name in FilePath(directory.temporaryImages).children {
      let path = FilePath(path(of: name))
      guard let facts = FileStatus(path) else { continue }
      if facts.modifiedAt + links.lifetime + 60 < now {
        path.removeAll()
      } else {
        kept.append((path, facts))
      }
    }
    var bytes = kept.reduce(0) { $0 + $1.facts.byteCount }
    guard bytes > room else { return bytes }
    for (path, facts) in kept.sorted(by: { $0.facts.modifiedAt < $1.facts.modifiedAt })
    where bytes > room - room / 10 {
      path.removeAll()
      bytes -= facts.byteCount
    }
    return bytes
  }
}
