import Synchronization

/// When a search for the next job reads the whole queue, and not only what is behind the last lease.
///
/// A job may be before the last lease if their transactions met. While somebody holds a snapshot, a
/// search of the whole queue reads all that were leased since then. So it is done as often as it takes a
/// twentieth of the time: every few milliseconds mostly, more seldom the longer the snapshot is held.
final class WholeSearches: Sendable {
  /// When the next one may begin, by whether it is for jobs at upstreams.
  private let next = Mutex<[Bool: ContinuousClock.Instant]>([:])
  private static let pauses = 20

  /// - Parameter search: takes whether it is of the whole queue.
  func perform<Found>(
    atUpstream isAtUpstream: Bool, _ search: (_ isWhole: Bool) async throws -> Found
  ) async rethrows -> Found {
    let start = ContinuousClock.now
    let isWhole = next.withLock { next in
      let isDue = next[isAtUpstream].map { $0 <= start } ?? true
      // None begins while this one is in work.
      if isDue { next[isAtUpstream] = start + .seconds(PostgresPool.patience) }
      return isDue
    }
    defer {
      if isWhole {
        let end = ContinuousClock.now
        next.withLock { $0[isAtUpstream] = end + (end - start) * Self.pauses }
      }
    }
    return try await search(isWhole)
  }
}
