import ServerStore
import Synchronization

/// Whether the service is well and still takes work. A load balancer learns that it does not before
/// connections are refused.
final class Readiness: Sendable {
  /// How long it is believed that the store's files are there.
  private static let presenceAge = Duration.milliseconds(100)

  private let presenceChecked = Mutex<ContinuousClock.Instant?>(nil)
  private let draining = Atomic(false)

  /// Whether the service is about to shut down.
  var isDraining: Bool { draining.load(ordering: .relaxed) }

  /// - Throws: ``StoreUnreachable`` if the store is gone for good. Looks at most ten times a second.
  func checkPresence(of store: any ServiceStore) throws {
    let now = ContinuousClock.now
    try presenceChecked.withLock { checked in
      if let checked, now - checked < Self.presenceAge { return }
      try store.checkPresence()
      checked = now
    }
  }

  func beginDraining() { draining.store(true, ordering: .relaxed) }
}
