import HummingbirdCore
import NIOCore
import Synchronization

/// The open connections of a service, and which of them have nothing to do.
///
/// Where no more may be open, one that is idle makes way for a new one: the oldest of those that
/// never asked anything, unless those that did take more than half of all places; then the one of
/// these that has been idle for longest. So neither kind can crowd out the other.
final class Connections: Sendable {
  /// Where a connection stands among those that are idle.
  struct Place {
    fileprivate let number: UInt64
    fileprivate let hasAsked: Bool
  }

  /// Connections in the order in which they became idle.
  private struct Queue {
    private var channels: [UInt64: any Channel] = [:]
    /// No connection has a lower number.
    private var first: UInt64 = 0
    private var next: UInt64 = 0

    var count: Int { channels.count }

    mutating func append(_ channel: any Channel) -> UInt64 {
      channels[next] = channel
      next += 1
      return next - 1
    }

    mutating func remove(_ number: UInt64) { channels[number] = nil }

    mutating func removeFirst() -> (any Channel)? {
      while first < next {
        defer { first += 1 }
        if let channel = channels.removeValue(forKey: first) { return channel }
      }
      return nil
    }
  }

  private struct State {
    var open = 0
    /// Those that never asked anything.
    var new = Queue()
    var kept = Queue()
    /// Whether somebody waits for a connection to become idle.
    var isRoomWanted = false
  }

  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int) {
    self.limit = limit
  }

  /// - Parameter hasAsked: whether a request has come by the connection.
  func becameIdle(_ channel: any Channel, hasAsked: Bool) -> Place {
    let (place, isUnlucky) = state.withLock { state in
      let number = hasAsked ? state.kept.append(channel) : state.new.append(channel)
      let isUnlucky = state.isRoomWanted && hasAsked
      if isUnlucky { state.isRoomWanted = false }
      return (Place(number: number, hasAsked: hasAsked), isUnlucky)
    }
    if isUnlucky { channel.close(promise: nil) }
    return place
  }

  func becameBusy(_ place: Place?) {
    guard let place else { return }
    state.withLock { state in
      if place.hasAsked { state.kept.remove(place.number) } else { state.new.remove(place.number) }
    }
  }

  fileprivate func opened() { state.withLock { $0.open += 1 } }

  fileprivate func closed() { state.withLock { $0.open -= 1 } }

  /// Whether one more may be accepted. If not, one that is idle is closed, and its end is the time
  /// to ask again.
  fileprivate func hasRoom() -> Bool {
    let (hasRoom, oldest) = state.withLock { state -> (Bool, (any Channel)?) in
      guard state.open >= limit else { return (true, nil) }
      let oldest =
        state.kept.count > limit / 2
        ? state.kept.removeFirst() : state.new.removeFirst() ?? state.kept.removeFirst()
      state.isRoomWanted = oldest == nil
      return (false, oldest)
    }
    oldest?.close(promise: nil)
    return hasRoom
  }
}

/// Tells the accepting socket when to go on.
struct ConnectionRoom: AvailableConnectionsDelegate {
  let connections: Connections

  func connectionOpened() { connections.opened() }

  func connectionClosed() { connections.closed() }

  func isAcceptingNewConnections() -> Bool { connections.hasRoom() }
}
