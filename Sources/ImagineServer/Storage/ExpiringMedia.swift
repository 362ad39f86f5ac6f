import ImagineAPI
import ImagineSystem
import ServerStore
import Synchronization

/// Media that are stored for a while: their removal is recorded before they are.
///
/// So that they do not fill the storage, each owner has a number of bytes on each server; the oldest
/// make room. A server counts what it stored itself since its start. To count in the database would
/// be a synced write more for each picture, to bound more sharply what expires within the hour.
final class ExpiringMedia: Sendable {
  private struct Medium {
    var beginning: String
    var bytes: Int
    /// Seconds since 1970.
    var until: Double
  }

  private let storage: any MediaStorage
  private let store: any RemovalStore
  /// Seconds that a medium is kept.
  private let lifetime: Double
  /// Bytes of one owner.
  private let limit: Int
  private let kept = Mutex<[String: [Medium]]>([:])

  init(_ storage: any MediaStorage, store: any RemovalStore, lifetime: Double, limit: Int) {
    self.storage = storage
    self.store = store
    self.lifetime = lifetime
    self.limit = limit
  }

  /// Stores a medium; nothing if it alone is beyond the limit.
  ///
  /// - Parameters:
  ///   - beginning: of its name and of no other.
  ///   - owner: whose bytes are counted.
  func put(
    _ bytes: [UInt8], as name: String, below beginning: String, type: String, of owner: String
  ) async throws {
    guard bytes.count <= limit else { return }
    for old in makeRoom(for: bytes.count, as: beginning, of: owner) {
      // If it fails, it is removed when it is due.
      try? await storage.remove(below: old)
    }
    try await store.scheduleRemoval(of: beginning, after: lifetime)
    try await storage.put(bytes, as: name, type: type)
  }

  /// Counts a medium.
  ///
  /// - Returns: what must be removed for it.
  private func makeRoom(for bytes: Int, as beginning: String, of owner: String) -> [String] {
    let now = WallClock.now
    return kept.withLock { kept in
      for (name, media) in kept where media.allSatisfy({ $0.until < now }) { kept[name] = nil }
      var media = kept[owner, default: []].filter {
        $0.until >= now && $0.beginning != beginning
      }
      var room = limit - bytes - media.reduce(0) { $0 + $1.bytes }
      var removed: [String] = []
      while room < 0, !media.isEmpty {
        let oldest = media.removeFirst()
        room += oldest.bytes
        removed.append(oldest.beginning)
      }
      media.append(Medium(beginning: beginning, bytes: bytes, until: now + lifetime))
      kept[owner] = media
      return removed
    }
  }
}
