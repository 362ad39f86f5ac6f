import ImagineAPI

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What belongs to the whole process: its id, signals, and the descriptors that children inherit.
package enum ProcessState {
  package static var id: Int32 { getpid() }

  /// Blocks every signal while `body` runs. Threads that start meanwhile inherit the mask, so they
  /// never receive a signal.
  package static func withSignalsBlocked<Result>(_ body: () -> Result) -> Result {
    var all = sigset_t()
    var previous = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &previous)
    defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
    return body()
  }

  /// Restores the handler of SIGPIPE after `body`.
  package static func restoringSIGPIPE(_ body: () -> Void) {
    var before = sigaction()
    sigaction(SIGPIPE, nil, &before)
    body()
    sigaction(SIGPIPE, &before, nil)
  }

  /// Sets FD_CLOEXEC, so that no child inherits the descriptor.
  package static func closeOnExec(_ descriptor: Int32) {
    let flags = fcntl(descriptor, F_GETFD)
    if flags >= 0 { _ = fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) }
  }

  /// The open epoll descriptors; empty on other systems than Linux.
  package static var epollDescriptors: Set<Int32> {
    let folder = FilePath("/proc/self/fd")
    let names = (try? folder.names(recursively: false)) ?? []
    return Set(
      names.filter { folder.appending($0).linkDestination == "anon_inode:[eventpoll]" }
        .compactMap { $0.text.flatMap { Int32($0) } })
  }
}
