import Synchronization

/// How many jobs are queued or processing, as of a second ago.
///
/// A counter in the database would be a row that every job locks. A count for each job would read the
/// whole queue.
final class LiveJobs: Sendable {
  private struct State {
    var count = 0
    var readAt: ContinuousClock.Instant?
    var isReading = false
  }

  private let state = Mutex(State())

  /// The number. If it is older than a second, it is read again, and nobody waits for that; if it is
  /// much older, the caller does.
  func count(_ read: @escaping @Sendable () async throws -> Int) async throws -> Int {
    let (count, age, reads) = state.withLock { state in
      let age = state.readAt.map { .now - $0 } ?? .seconds(60)
      let reads = age >= .seconds(1) && !state.isReading
      if reads { state.isReading = true }
      return (state.count, age, reads)
    }
    guard age < .seconds(5) else { return try await self.read(read) }
    // If it cannot be read, the next caller tries again.
    if reads { Task { _ = try? await self.read(read) } }
    return count
  }

  private func read(_ read: () async throws -> Int) async throws -> Int {
    defer { state.withLock { $0.isReading = false } }
    let count = try await read()
    state.withLock { state in
      state.count = count
      state.readAt = .now
    }
    return count
  }

  func added(_ number: Int) { state.withLock { $0.count += number } }
}
