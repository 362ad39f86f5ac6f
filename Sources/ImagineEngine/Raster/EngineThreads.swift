import CImaging
import Dispatch
import Synchronization

/// How many threads the calls of this process use.
public enum EngineThreads {
  private static let most = Atomic(Int.max)

  /// Limits the threads of each later call: where every call has a process of its own, all of them
  /// together use as many threads as there are cores. The number never shows in the pixels.
  public static func limit(to count: Int) {
    let count = max(1, count)
    guard most.exchange(count, ordering: .relaxed) != count else { return }
    imaging_limit_threads(Int32(clamping: count))
  }

  /// Calls `work` with 0 ..< `count`, several at once, and waits for all.
  static func perform(_ count: Int, _ work: @Sendable (Int) -> Void) {
    let threads = most.load(ordering: .relaxed)
    if threads == 1 {
      for index in 0..<count { work(index) }
    } else if threads >= count {
      DispatchQueue.concurrentPerform(iterations: count, execute: work)
    } else {
      let next = Counter()
      DispatchQueue.concurrentPerform(iterations: threads) { _ in
        while case let index = next.increase(), index < count { work(index) }
      }
    }
  }

  private final class Counter: Sendable {
    private let value = Atomic(0)

    func increase() -> Int { value.add(1, ordering: .relaxed).oldValue }
  }
}
