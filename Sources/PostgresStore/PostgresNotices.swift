import ServerStore
import Synchronization

/// Tells the servers on a database that something may have changed. Notices are empty and may be lost.
///
/// They are sent after the transaction that they tell of, because a `NOTIFY` makes all committing
/// transactions that have one wait for each other. At most 20 a second are sent, unsynced.
final class PostgresNotices: Sendable {
  enum Subject: String, CaseIterable {
    case addedJobs = "imagine_added_jobs"
    case grantedTurns = "imagine_granted_turns"
  }

  private struct Sending {
    var pending: Set<Subject> = []
    var isScheduled = false
    var next = ContinuousClock.now
  }

  private let address: PostgresAddress
  private let pool: PostgresPool
  private let sending = Mutex(Sending())
  private let listener = Mutex<PostgresListener?>(nil)
  /// The least time between two notices.
  private static let pause = Duration.milliseconds(50)

  init(_ address: PostgresAddress, _ pool: PostgresPool) {
    self.address = address
    self.pool = pool
  }

  /// Sends a notice soon, or has it sent with the next one. Servers of this process hear it at once.
  func notify(_ subject: Subject) {
    listener.withLock { $0 }?.subscriptions.yield(subject)
    let due: ContinuousClock.Instant? = sending.withLock { sending in
      sending.pending.insert(subject)
      guard !sending.isScheduled else { return nil }
      sending.isScheduled = true
      return max(.now, sending.next)
    }
    guard let due else { return }
    Task {
      try? await Task.sleep(until: due, clock: .continuous)
      await send()
    }
  }

  private func send() async {
    let subjects = sending.withLock { sending in
      defer {
        sending.pending = []
        sending.isScheduled = false
        sending.next = .now + Self.pause
      }
      return sending.pending
    }
    let calls = subjects.map { "pg_notify('\($0.rawValue)', '')" }.joined(separator: ", ")
    // A lost notice is found by whoever looks regularly.
    _ = try? await pool.transaction(
      [PostgresStatement("SELECT \(calls)")], TransactionSettings(isSynced: false))
  }

  /// A stream with an element for each notice, or for several. The first stream opens the connection
  /// that listens.
  func stream(of subject: Subject) -> AsyncStream<Void> {
    let listener = listener.withLock { listener in
      let open = listener ?? PostgresListener(address)
      listener = open
      return open
    }
    return listener.subscriptions.stream(of: subject)
  }
}
