import HummingbirdCore
import NIOCore
import Synchronization

/// The open connections of a service, and which of them have nothing to do.
///
/// Where no more may be open, one that is idle makes way for a new one: the oldest of those that
/// never asked anything, unless those that did take more than half of all places; then the one of
/// these that has been idle for longest. So neither kind can crowd out the other: one that did ask
/// makes way for new ones only where no other idle one is there or about to be. Each is left a
/// moment to ask, so a flood of new connections is taken in slowly.
final class Connections: Sendable {
  /// Where a connection stands among those that are idle.
  struct Place {
    fileprivate let number: UInt64
    fileprivate let hasAsked: Bool
  }

  /// Connections in the order in which they became idle.
  private struct Queue {
    private var idle: [UInt64: (channel: any Channel, since: ContinuousClock.Instant)] = [:]
    /// No connection has a lower number.
    private var firstNumber: UInt64 = 0
    private var next: UInt64 = 0

    var count: Int { idle.count }

    mutating func append(_ channel: any Channel) -> UInt64 {
      idle[next] = (channel, .now)
      next += 1
      return next - 1
    }

    mutating func remove(_ number: UInt64) { idle[number] = nil }

    /// The one that has been idle for longest.
    mutating func first() -> (number: UInt64, channel: any Channel, since: ContinuousClock.Instant)?
    {
      while firstNumber < next {
        if let (channel, since) = idle[firstNumber] { return (firstNumber, channel, since) }
        firstNumber += 1
      }
      return nil
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
      var isKept = state.kept.count > limit / 2
      var oldest = isKept ? state.kept.first() : state.new.first()
      if oldest == nil, state.arriving == 0 {
        isKept = true
        oldest = state.kept.first()
      }
      guard let (number, channel, since) = oldest else { return nil }
      let wait = Self.leastIdle - (ContinuousClock.now - since)
      if wait > .zero {
        state.isTimerSet = true
      } else {
        state.isRoomWanted = false
        if isKept { state.kept.remove(number) } else { state.new.remove(number) }
      }
      return (channel, wait)
    }
    guard let (channel, wait) = chosen else { return }
    guard wait > .zero else { return channel.close(promise: nil) }
    channel.eventLoop.scheduleTask(in: TimeAmount(wait)) { [self] in
      state.withLock { $0.isTimerSet = false }
      makeRoom()
    }
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
