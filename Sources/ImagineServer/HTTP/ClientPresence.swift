import Synchronization

/// Whether the client is still connected; readable from any thread.
final class ClientPresence: Sendable {
  private let connected = Atomic(true)

  /// False once the system reports that the connection is gone. A client that has only closed its
  /// sending side counts as connected: it waits for the answer.
  var isConnected: Bool { connected.load(ordering: .relaxed) }

  func disconnect() { connected.store(false, ordering: .relaxed) }
}
