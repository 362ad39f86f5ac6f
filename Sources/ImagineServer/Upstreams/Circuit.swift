import ImagineAPI
import Synchronization

/// Keeps calls from an upstream that fails.
///
/// After some faults in a row it opens: no call is sent. After a pause, which doubles with each
/// opening, it admits one call as a probe. The probe's success closes it, its fault opens it again.
final class Circuit: Sendable {
  private enum State {
    case closed(faults: Int)
    case open(until: ContinuousClock.Instant, pause: Double)
    case probing(pause: Double)
  }

  private let state = Mutex(State.closed(faults: 0))
  private let mostFaults: Int
  private let firstPause: Double
  private let now: @Sendable () -> ContinuousClock.Instant

  private static let maxPause = 60.0

  /// - Parameters:
  ///   - mostFaults: faults in a row that open it.
  ///   - pause: seconds until the first probe.
  init(
    mostFaults: Int, pause: Double,
    now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
  ) {
    self.mostFaults = mostFaults
    firstPause = pause
    self.now = now
  }

  /// Whether a call may be sent now.
  var isPassable: Bool {
    let now = now()
    return state.withLock { state in
      switch state {
      case .closed: true
      case .open(let until, _): until <= now
      case .probing: false
      }
    }
  }

  /// Seconds until it may admit a probe; 0 if a call may be sent now.
  var secondsLeft: Double {
    let now = now()
    return state.withLock { state in
      switch state {
      case .closed: 0
      case .open(let until, _): max(0, (until - now).seconds)
      case .probing: 1
      }
    }
  }

  /// Admits a call, which must end with one of the functions below. False if it must not be sent.
  func enter() -> Bool {
    let now = now()
    return state.withLock { state in
      switch state {
      case .closed: return true
      case .open(let until, let pause) where until <= now:
        state = .probing(pause: pause)
        return true
      case .open, .probing: return false
      }
    }
  }

  /// The upstream answered, whatever it said about the call.
  func succeeded() { state.withLock { $0 = .closed(faults: 0) } }

  func failed() {
    let now = now()
    state.withLock { state in
      switch state {
      case .closed(let faults) where faults + 1 < mostFaults:
        state = .closed(faults: faults + 1)
      case .closed:
        state = .open(until: now + .seconds(firstPause), pause: firstPause)
      case .probing(let pause):
        let pause = min(2 * pause, Self.maxPause)
        state = .open(until: now + .seconds(pause), pause: pause)
      // A call that was sent before it opened.
      case .open: break
      }
    }
  }

  /// The call was not sent, for another reason than the upstream's.
  func abandoned() {
    let now = now()
    state.withLock { state in
      if case .probing(let pause) = state { state = .open(until: now, pause: pause) }
    }
  }
}
