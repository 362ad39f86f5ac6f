import CLua

/// A POSIX thread. Join or detach it once.
///
/// `@unchecked Sendable`: any thread may use a `pthread_t`.
package struct PosixThread: @unchecked Sendable {
  private let handle: pthread_t

  private init(_ handle: pthread_t) {
    self.handle = handle
  }

  /// Starts a thread that runs `body`.
  /// - Parameter stackSize: in bytes; `nil` takes the system's default.
  /// - Throws: ``LuaError`` of kind `memory` if the system refuses.
  package init(stackSize: Int? = nil, _ body: @escaping @Sendable () -> Void) throws {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    if let stackSize { pthread_attr_setstacksize(&attributes, stackSize) }
    let context = Unmanaged.passRetained(ThreadBody(body))
    #if canImport(Darwin)
      var created: pthread_t?
      let status = pthread_create(&created, &attributes, { runBody($0) }, context.toOpaque())
      let handle = created
    #else
      var created = pthread_t()
      let status = pthread_create(&created, &attributes, { runBody($0) }, context.toOpaque())
      let handle: pthread_t? = created
    #endif
    guard status == 0, let handle else {
      context.release()
      throw LuaError("cannot start a thread: error \(status)", kind: .memory)
    }
    self.handle = handle
  }

  static var current: PosixThread { PosixThread(pthread_self()) }

  var isCurrent: Bool { pthread_equal(handle, pthread_self()) != 0 }

  package func join() {
    pthread_join(handle, nil)
  }

  package func detach() {
    pthread_detach(handle)
  }

  func send(signal: Int32) {
    pthread_kill(handle, signal)
  }

  /// Blocks all signals on the calling thread, so that other threads handle them.
  package static func blockSignals() {
    clua_block_signals()
  }
}

private final class ThreadBody {
  let run: @Sendable () -> Void
  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private func runBody(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  if let context { Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run() }
  return nil
}
