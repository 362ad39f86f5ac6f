import ImagineRuns
import ImagineScripting
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Kills this process after a given change of the journal, so that tests see what a crash there
/// leaves: `IMAGINE_KILL_AT=stored:3` kills when a call becomes *stored* for the third time.
final class KillPoint: Sendable {
  private let state: JournaledCall.State
  private let left: Mutex<Int>

  init?(environment: [String: String]) {
    guard let parts = environment["IMAGINE_KILL_AT"]?.split(separator: ":"), parts.count == 2,
      let state = JournaledCall.State(rawValue: String(parts[0])), let count = Int(parts[1])
    else { return nil }
    self.state = state
    left = Mutex(count)
  }

  @Sendable func observe(_ call: JournaledCall) {
    guard call.state == state else { return }
    let isHere = left.withLock { left in
      left -= 1
      return left == 0
    }
    if isHere { kill(getpid(), SIGKILL) }
  }
}
