import ImagineAPI
import ImagineSystem
import Logging
import ServerStore
import Synchronization

/// Removes media that are due: the store lists them until they are gone.
///
/// Only the store whose id the media carry removes anything: another database that was set up on the
/// same storage, for a test perhaps, must not touch what is not its own.
final class MediaRemoval: Sendable {
  /// Seconds for which a successful look at the marker counts.
  private static let markerSeconds = 60.0
  /// Media that are removed at once.
  private static let width = 8
  /// Seconds until what could not be removed is tried again.
  private static let retrySeconds = 600.0

  let storage: any MediaStorage
  private let store: any ServiceStore
  private let logger: Logger
  /// When the marker was the store's own, in seconds since 1970.
  private let checkedAt = Mutex(0.0)

  init(_ storage: any MediaStorage, store: any ServiceStore, logger: Logger) {
    self.storage = storage
    self.store = store
    self.logger = logger
  }

  /// Checks that the media are this store's; marks media that have no marker yet.
  ///
  /// - Throws: ``ImagineError`` of kind `io` if they are another store's, or the storage fails;
  ///   ``StoreUnreachable``.
  func checkOwner() async throws {
    let now = WallClock.now
    guard checkedAt.withLock({ abs(now - $0) > Self.markerSeconds }) else { return }
    let id = try await store.identity(ifNone: RandomID.next())
    var marker = try await storage.bytes(of: MediaName.marker)
    if marker == nil {
      try await storage.put(Array(id.utf8), as: MediaName.marker, type: "text/plain")
      marker = try await storage.bytes(of: MediaName.marker)
    }
    guard marker == Array(id.utf8) else {
      throw ImagineError(
        .io,
        "nothing is removed: '\(MediaName.marker)' in the storage says that the media belong to "
          + "another database than this one, '\(id)'")
    }
    checkedAt.withLock { $0 = now }
  }

  /// Removes media now whose removal is recorded. What fails is done later.
  func remove(below beginning: String) async {
    do {
      try await checkOwner()
      try await storage.remove(below: beginning)
      try await store.recordRemoval(of: [beginning])
    } catch {
      log(error, beginning)
    }
  }

  /// Removes all that is due.
  func removeDue() async {
    do {
      try await checkOwner()
      while case let due = try await store.dueRemovals(limit: 100), !due.isEmpty {
        try Task.checkCancellation()
        let removed = try await removed(due)
        try await store.recordRemoval(of: removed)
        // Else the next look would find the same ones again.
        for beginning in Set(due).subtracting(removed) {
          try await store.scheduleRemoval(of: beginning, after: Self.retrySeconds)
        }
        if removed.isEmpty { return }
        logger.debug(
          "removed media", metadata: ["count": .stringConvertible(removed.count)])
      }
    } catch {
      logger.error("media were not removed", metadata: ["cause": .string("\(error)")])
    }
  }

  /// - Returns: those that are gone, or are needed after all.
  private func removed(_ due: [String]) async throws -> [String] {
    try await withThrowingTaskGroup(of: String?.self) { group in
      var removed: [String] = []
      for (index, beginning) in due.enumerated() {
        if index >= Self.width, let next = try await group.next() {
          removed += next.map { [$0] } ?? []
        }
        group.addTask {
          if try await self.isNeeded(beginning) { return beginning }
          do {
            try await self.storage.remove(below: beginning)
            return beginning
          } catch {
            self.log(error, beginning)
            return nil
          }
        }
      }
      for try await next in group { removed += next.map { [$0] } ?? [] }
      return removed
    }
  }

  /// Whether media belong to a job after all: their removal was recorded before they were stored, in
  /// case that the job would not be.
  private func isNeeded(_ beginning: String) async throws -> Bool {
    guard beginning.hasPrefix(MediaName.jobs) else { return false }
    let parts = beginning.dropFirst(MediaName.jobs.count).split(separator: "/").map(String.init)
    guard let id = parts.first else { return false }
    if parts.count > 1 { return try await store.videoFolder(of: id) == parts[1] }
    return try await !store.existing(among: [id]).isEmpty
  }

  private func log(_ error: any Error, _ beginning: String) {
    logger.error(
      "media were not removed",
      metadata: ["media": .string(beginning), "cause": .string("\(error)")])
  }
}
