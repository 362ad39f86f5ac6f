import CProcess
import ImagineCore
import NIOCore
import NIOPosix
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The threads that carry the connections of this process, and what they may not change for the
/// script: signals and descriptors.
enum NetworkThreads {
  private static let opened = Mutex<MultiThreadedEventLoopGroup?>(nil)

  /// Descriptors beside those of the threads that must be free: for connections, files on their way
  /// into the store, and the timers of the standard library.
  private static let spareDescriptors = 16
  private static let descriptorsPerThread = 3

  /// The threads, started by the first call and never ended.
  ///
  /// The HTTP library ends the process where it gets no descriptor or thread for its event loops, so
  /// that is tried first.
  ///
  /// - Parameter restoresSIGPIPE: whether SIGPIPE keeps the disposition that it has. The library
  ///   ignores it for the whole process; its threads, which are the only ones that write to sockets,
  ///   have the signal blocked instead. False where other code of the process uses the same library.
  /// - Throws: ``ImagineError`` of kind `io`.
  static func group(restoresSIGPIPE: Bool) throws(ImagineError) -> MultiThreadedEventLoopGroup {
    try opened.withLock { opened throws(ImagineError) in
      if let opened { return opened }
      let count = NIOSingletons.groupLoopCountSuggestion
      try check(threads: count)
      let before = eventDescriptors()
      let group = withSignalsBlocked { MultiThreadedEventLoopGroup(numberOfThreads: count) }
      for descriptor in eventDescriptors() where !before.contains(descriptor) {
        closeOnExec(descriptor)
      }
      if restoresSIGPIPE { restoringSIGPIPE { openSocket(in: group) } }
      opened = group
      return group
    }
  }

  private static func check(threads: Int) throws(ImagineError) {
    let wanted = threads * descriptorsPerThread + spareDescriptors
    var failure = imagine_try_descriptors(Int32(wanted))
    guard failure == 0 else {
      throw ImagineError(
        .io,
        "no call can be made: fewer than \(wanted) file descriptors are left"
          + " (\(String(cString: strerror(failure)))); close files, or raise `ulimit -n`")
    }
    failure = imagine_try_threads(Int32(threads))
    guard failure == 0 else {
      throw ImagineError(
        .io,
        "no call can be made: no thread can be started (\(String(cString: strerror(failure))))")
    }
  }

  /// Whether an error says that descriptors, threads or memory have run out.
  static func isExhaustion(_ code: Int32) -> Bool {
    [EMFILE, ENFILE, ENOMEM, ENOBUFS].contains(code)
  }

  /// Lets no child inherit a descriptor. The library sets the flag on some of its own only.
  static func closeOnExec(_ descriptor: Int32) {
    let flags = fcntl(descriptor, F_GETFD)
    if flags >= 0 { _ = fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) }
  }

  /// The descriptors that event loops wait on.
  private static func eventDescriptors() -> Set<Int32> {
    var found: Set<Int32> = []
    #if os(Linux)
      guard let folder = opendir("/proc/self/fd") else { return [] }
      defer { closedir(folder) }
      while let entry = readdir(folder) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        var target = [CChar](repeating: 0, count: 64)
        guard let descriptor = Int32(name),
          readlink("/proc/self/fd/\(name)", &target, target.count - 1) > 0,
          strcmp(target, "anon_inode:[eventpoll]") == 0
        else { continue }
        found.insert(descriptor)
      }
    #endif
    return found
  }

  /// Threads that are started meanwhile inherit the mask: no signal that is meant for the script
  /// reaches one of them.
  private static func withSignalsBlocked<Result>(_ body: () -> Result) -> Result {
    var all = sigset_t()
    var previous = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &previous)
    defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
    return body()
  }

  private static func restoringSIGPIPE(_ body: () -> Void) {
    var before = sigaction()
    sigaction(SIGPIPE, nil, &before)
    body()
    sigaction(SIGPIPE, &before, nil)
  }

  /// Makes the library do what it does once, with its first socket.
  private static func openSocket(in group: MultiThreadedEventLoopGroup) {
    let channel = ClientBootstrap(group: group).connect(unixDomainSocketPath: "/dev/null/none")
    _ = try? channel.wait()
  }
}
