import Synchronization

/// How many jobs are queued or processing, as of a second ago.
///
/// A counter in the database would be a row that every job locks. A count for each job would read the
/// whole queue.
final class LiveJobs: Sendable {
  private struct State {
    var count = 0
    var readAt: ContinuousClock.Instant?
  }

  private let state = Mutex(State())

  /// The number, read again if it is older than a second. Others use the old one meanwhile.
  func count(_ read: () async throws -> Int) async throws -> Int {
    let (known, isFresh) = state.withLock { state in
      let isFresh = state.readAt.map { ContinuousClock.now - $0 < .seconds(1) } ?? false
      if !isFresh { state.readAt = .now }
      return (state.count, isFresh)
    }
    if isFresh { return known }
    do {
      let count = try await read()
      state.withLock { $0.count = count }
      return count
    } catch {
      state.withLock { $0.readAt = nil }
      throw error
    }
  }

  func added(_ number: Int) { state.withLock { $0.count += number } }
}
