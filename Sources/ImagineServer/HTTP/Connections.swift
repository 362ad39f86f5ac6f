import HummingbirdCore
import NIOCore
import Synchronization

/// The open connections of a service, and which of them have nothing to do.
///
/// Where no more may be open, one that is idle makes way for a new one. Of those that never asked
/// anything it is the oldest of the younger half, so a flood of new connections takes places from
/// itself. Those that did ask make way only where they take more than half of all places, or where
/// no other idle one is there or about to be; then it is the one that has been idle for longest.
/// Each is left a moment to ask, so a flood is taken in slowly.
final class Connections: Sendable {
  /// Where a connection stands among those that are idle.
  struct Place {
    fileprivate let number: UInt64
    fileprivate let hasAsked: Bool
  }

  /// An idle connection.
  private struct Idle {
    let number: UInt64
    let channel: any Channel
    let since = ContinuousClock.now
  }

  /// Idle connections in the order in which they became so.
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
    /// Accepted, and not idle yet for the first time.
    var arriving = 0
    /// Those that never asked anything.
    var new = Queue()
    var kept = Queue()
    /// Whether a connection waits to be accepted.
    var isRoomWanted = false
    var isTimerSet = false
  }

  /// How long a connection is left to ask before it makes way.
  private static let leastIdle = Duration.milliseconds(250)

  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int) {
    self.limit = limit
  }

  /// - Parameter hasAsked: whether a request has come by the connection.
  func becameIdle(_ channel: any Channel, hasAsked: Bool) -> Place {
    let (place, isRoomWanted) = state.withLock { state in
      if !hasAsked { state.arriving = max(0, state.arriving - 1) }
      let number = hasAsked ? state.kept.append(channel) : state.new.append(channel)
      return (Place(number: number, hasAsked: hasAsked), state.isRoomWanted)
    }
    if isRoomWanted { makeRoom() }
    return place
  }

  /// Closes the connection that makes way for another, at once or when it has been idle for long
  /// enough. Where there is none yet, the next one that becomes idle is asked.
  private func makeRoom() {
    let chosen = state.withLock { state -> (channel: any Channel, wait: Duration)? in
      guard state.isRoomWanted, state.open >= limit, !state.isTimerSet else { return nil }
      guard let place = place(toLeaveIn: state) else { return nil }
      let idle = place.hasAsked ? state.kept.idle[place.index] : state.new.idle[place.index]
      let wait = Self.leastIdle - (ContinuousClock.now - idle.since)
      if wait > .zero {
        state.isTimerSet = true
      } else {
        state.isRoomWanted = false
        if place.hasAsked { state.kept.remove(idle.number) } else { state.new.remove(idle.number) }
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

  private func place(toLeaveIn state: State) -> (hasAsked: Bool, index: Int)? {
    let new = state.new.idle.count
    if state.kept.idle.count > limit / 2 { return (true, 0) }
    if new > 1 || new == 1 && state.arriving == 0 { return (false, new / 2) }
    return state.arriving == 0 && !state.kept.idle.isEmpty ? (true, 0) : nil
  }

  func becameBusy(_ place: Place?) {
    guard let place else { return }
    state.withLock { state in
      if place.hasAsked { state.kept.remove(place.number) } else { state.new.remove(place.number) }
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
      // One that broke off before it was set up is not on its way any more.
      state.arriving = min(state.arriving, state.open)
    }
  }

  /// Whether one more may be accepted. If not, one that is idle is closed, and its end is the time
  /// to ask again.
  fileprivate func hasRoom() -> Bool {
    let hasRoom = state.withLock { state in
      state.isRoomWanted = state.open >= limit
      return !state.isRoomWanted
    }
    if !hasRoom { makeRoom() }
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
