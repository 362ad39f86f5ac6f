import ImagineCore
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Tries whether descriptors are left, once before the first call that leaves Lua's thread.
///
/// The runtime of Swift's concurrency opens an event queue with its first thread, and ends the
/// process where it gets none. Afterwards it holds what it needs.
enum DescriptorCheck {
  private static let hasPassed = Atomic(false)
  /// What the runtime opens, and some for whoever is first.
  private static let wanted = 8

  /// - Throws: ``ImagineError`` of kind `io`.
  static func run() throws(ImagineError) {
    guard !hasPassed.load(ordering: .relaxed) else { return }
    var opened: [Int32] = []
    defer { for descriptor in opened { close(descriptor) } }
    while opened.count < wanted {
      let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else {
        throw ImagineError(
          .io,
          "no call can be made: fewer than \(wanted) file descriptors are left"
            + " (\(String(cString: strerror(errno)))); close files, or raise `ulimit -n`")
      }
      opened.append(descriptor)
    }
    hasPassed.store(true, ordering: .relaxed)
  }
}
