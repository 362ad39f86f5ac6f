import CProcess
package import ImagineAPI
import Synchronization

/// Checks that descriptors and threads are available before calling code that aborts the process
/// when it gets none. Functions throw ``ImagineError`` of kind `io`.
package enum ProcessLimits {
  private static let hasPassed = Atomic(false)
  /// For the event queue that Swift's concurrency runtime opens with its first thread.
  private static let runtimeDescriptors = 8

  /// Checks once, before the first call leaves the Lua thread.
  package static func checkBeforeFirstCall() throws(ImagineError) {
    guard !hasPassed.load(ordering: .relaxed) else { return }
    try require(descriptors: runtimeDescriptors)
    hasPassed.store(true, ordering: .relaxed)
  }

  package static func require(descriptors count: Int) throws(ImagineError) {
    let failure = imagine_try_descriptors(Int32(count))
    guard failure == 0 else {
      throw ImagineError(
        .io,
        "cannot make a call: fewer than \(count) file descriptors are left"
          + " (\(SystemError.reason(failure))); close files, or raise `ulimit -n`")
    }
  }

  package static func require(threads count: Int) throws(ImagineError) {
    let failure = imagine_try_threads(Int32(count))
    guard failure == 0 else {
      throw ImagineError(
        .io,
        "cannot make a call: no thread can be started (\(SystemError.reason(failure)))")
    }
  }
}
