import CoreMetrics
import HummingbirdCore
import NIOCore
import Synchronization

/// Limits the open connections of a service. At the limit, evicts an idle connection for each new one.
///
/// Idle connections are *fresh* before their first request and *kept* after it. The choice:
///
/// 1. If kept connections take more than half of all places: the longest idle kept one.
/// 2. Else the median of the fresh ones, so that a flood of connections evicts itself, and neither the
///    oldest nor the newest is at risk. The last fresh one is spared while others are being accepted.
/// 3. Else, if none is being accepted, the longest idle kept one.
///
/// Every connection has ``minIdle`` to send a request before it can be evicted.
final class Connections: Sendable {
  /// The entry of an idle connection.
  struct Place {
    fileprivate let number: UInt64
    fileprivate let isKept: Bool
  }

  /// An idle connection.
  private struct Idle {
    let number: UInt64
    let channel: any Channel
    let since = ContinuousClock.now
  }

  /// Idle connections in the order in which they became idle.
  private struct Queue {
    private(set) var idle: [Idle] = []
    private var next: UInt64 = 0

    mutating func append(_ channel: any Channel) -> UInt64 {
      defer { next += 1 }
      idle.append(Idle(number: next, channel: channel))
      return next
    }

    mutating func remove(_ number: UInt64) {
      var (low, high) = (0, idle.count)
      while low < high {
        let middle = (low + high) / 2
        if idle[middle].number < number { low = middle + 1 } else { high = middle }
      }
      if low < idle.count, idle[low].number == number { idle.remove(at: low) }
    }
  }

  private struct State {
    var open = 0
    /// Accepted, but not set up yet.
    var arriving = 0
    var fresh = Queue()
    var kept = Queue()
    /// Whether a connection waits to be accepted.
    var isRoomWanted = false
    var isTimerSet = false
  }

  /// How long a connection must be idle before it can be evicted.
  private static let minIdle = Duration.milliseconds(250)

  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int) {
    self.limit = limit
  }

  /// - Parameter isKept: whether the connection has carried a request.
  func becameIdle(_ channel: any Channel, isKept: Bool) -> Place {
    let (place, isRoomWanted) = state.withLock { state in
      if !isKept { state.arriving = max(0, state.arriving - 1) }
      let number = isKept ? state.kept.append(channel) : state.fresh.append(channel)
      return (Place(number: number, isKept: isKept), state.isRoomWanted)
    }
    if isRoomWanted { makeRoom() }
    return place
  }

  /// Evicts a connection, now or when it has been idle long enough. If there is none to evict, the
  /// next connection that becomes idle calls this again.
  private func makeRoom() {
    let chosen = state.withLock { state -> (channel: any Channel, wait: Duration)? in
      guard state.isRoomWanted, state.open >= limit, !state.isTimerSet else { return nil }
      guard let place = connectionToEvict(in: state) else { return nil }
      let idle = place.isKept ? state.kept.idle[place.index] : state.fresh.idle[place.index]
      let wait = Self.minIdle - (ContinuousClock.now - idle.since)
      if wait > .zero {
        state.isTimerSet = true
      } else {
        state.isRoomWanted = false
        if place.isKept { state.kept.remove(idle.number) } else { state.fresh.remove(idle.number) }
      }
      return (idle.channel, wait)
    }
    guard let (channel, wait) = chosen else { return }
    guard wait > .zero else { return channel.close(promise: nil) }
    channel.eventLoop.scheduleTask(in: TimeAmount(wait)) { [self] in
      state.withLock { $0.isTimerSet = false }
      makeRoom()
    }
  }

  private func connectionToEvict(in state: State) -> (isKept: Bool, index: Int)? {
    let fresh = state.fresh.idle.count
    if state.kept.idle.count > limit / 2 { return (true, 0) }
    if fresh > 1 || fresh == 1 && state.arriving == 0 { return (false, fresh / 2) }
    return state.arriving == 0 && !state.kept.idle.isEmpty ? (true, 0) : nil
  }

  func becameBusy(_ place: Place?) {
    guard let place else { return }
    state.withLock { state in
      if place.isKept { state.kept.remove(place.number) } else { state.fresh.remove(place.number) }
    }
  }

  fileprivate func opened() {
    state.withLock { state in
      state.open += 1
      state.arriving += 1
    }
  }

  fileprivate func closed() {
    state.withLock { state in
      state.open -= 1
      // A connection that closed before it was set up no longer counts as arriving.
      state.arriving = min(state.arriving, state.open)
    }
  }

  /// Whether one more may be accepted. If not, evicts an idle connection; the server asks again when
  /// it has closed.
  fileprivate func hasRoom() -> Bool {
    let hasRoom = state.withLock { state in
      state.isRoomWanted = state.open >= limit
      return !state.isRoomWanted
    }
    if !hasRoom { makeRoom() }
    return hasRoom
  }
}

/// Tells Hummingbird when to accept connections.
struct ConnectionRoom: AvailableConnectionsDelegate {
  let connections: Connections
  /// Counts them.
  let meter: Meter

  func connectionOpened() {
    connections.opened()
    meter.increment()
  }

  func connectionClosed() {
    connections.closed()
    meter.decrement()
  }

  func isAcceptingNewConnections() -> Bool { connections.hasRoom() }
}
