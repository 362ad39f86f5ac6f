import ImagineAPI
import ImagineSystem
import NIOCore
import NIOPosix
import Synchronization

/// The network threads of this process. They do not change the script's signals or leak descriptors
/// to its children.
enum NetworkThreads {
  private static let opened = Mutex<MultiThreadedEventLoopGroup?>(nil)

  /// Further descriptors that must be available: for connections, files that are being stored, and
  /// timers of the standard library.
  private static let spareDescriptors = 16
  private static let descriptorsPerThread = 3

  /// The threads; started by the first call and never stopped.
  ///
  /// The HTTP library aborts the process if it gets no descriptor or thread for its event loops, so
  /// this function tries them first.
  ///
  /// - Parameter restoresSIGPIPE: whether to restore the handler of SIGPIPE, which the library
  ///   ignores for the whole process; its threads, the only ones that write to sockets, block the
  ///   signal instead. False if other code of the process uses the same library.
  /// - Throws: ``ImagineError`` of kind `io`.
  static func group(restoresSIGPIPE: Bool) throws(ImagineError) -> MultiThreadedEventLoopGroup {
    try opened.withLock { opened throws(ImagineError) in
      if let opened { return opened }
      let count = NIOSingletons.groupLoopCountSuggestion
      try check(threads: count)
      let before = ProcessState.epollDescriptors
      let group = ProcessState.withSignalsBlocked {
        MultiThreadedEventLoopGroup(numberOfThreads: count)
      }
      for descriptor in ProcessState.epollDescriptors where !before.contains(descriptor) {
        ProcessState.closeOnExec(descriptor)
      }
      if restoresSIGPIPE { ProcessState.restoringSIGPIPE { openSocket(in: group) } }
      opened = group
      return group
    }
  }

  private static func check(threads: Int) throws(ImagineError) {
    try ProcessLimits.require(descriptors: threads * descriptorsPerThread + spareDescriptors)
    try ProcessLimits.require(threads: threads)
  }

  /// Makes the library ignore SIGPIPE now, which it does once, with its first socket.
  private static func openSocket(in group: MultiThreadedEventLoopGroup) {
    let channel = ClientBootstrap(group: group).connect(unixDomainSocketPath: "/dev/null/none")
    _ = try? channel.wait()
  }
}
