import CLua

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Waits for descriptors, on a thread of its own that is started when it is first needed.
///
/// `@unchecked Sendable`: `lock` guards every stored property below it.
final class DescriptorPoller: @unchecked Sendable {
  private struct Entry {
    let descriptor: Int32
    let events: Int16
    let wait: Wait
  }

  private let mailbox: Mailbox
  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private var entries: [Entry] = []
  private var isEnding = false
  private var thread: pthread_t?
  /// What the thread polls too, and where it is woken.
  private var pipe: (read: Int32, write: Int32) = (-1, -1)

  init(mailbox: Mailbox) {
    self.mailbox = mailbox
    pthread_mutex_init(lock, nil)
  }

  deinit {
    for end in [pipe.read, pipe.write] where end >= 0 { close(end) }
    pthread_mutex_destroy(lock)
    lock.deallocate()
  }

  private func withLock<Result>(_ body: () -> Result) -> Result {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return body()
  }

  /// Ends a wait when the descriptor is ready, by way of the mailbox; false where there is no
  /// thread or descriptor left for that. The descriptor must stay open until the wait is over or
  /// ``remove(_:)`` was called.
  func add(_ descriptor: Int32, events: Int32, for wait: Wait) -> Bool {
    withLock {
      guard start() else { return false }
      entries.append(Entry(descriptor: descriptor, events: Int16(events), wait: wait))
      wake()
      return true
    }
  }

  /// Nobody waits any more.
  func remove(_ wait: Wait) {
    withLock {
      entries.removeAll { $0.wait === wait }
      wake()
    }
  }

  /// Ends the thread.
  func end() {
    let thread: pthread_t? = withLock {
      isEnding = true
      wake()
      defer { self.thread = nil }
      return self.thread
    }
    if let thread { pthread_join(thread, nil) }
  }

  // MARK: Under the lock

  private func start() -> Bool {
    if thread != nil { return true }
    if pipe.read < 0, !openPipe() { return false }
    let context = Unmanaged.passRetained(self)
    #if canImport(Glibc)
      var created = pthread_t()
      let status = pthread_create(&created, nil, { runPoller($0) }, context.toOpaque())
      if status == 0 { thread = created }
    #else
      let status = pthread_create(&thread, nil, { runPoller($0) }, context.toOpaque())
    #endif
    if status != 0 { context.release() }
    return status == 0
  }

  private func openPipe() -> Bool {
    var ends: [Int32] = [-1, -1]
    guard clua_make_pipe(&ends) else { return false }
    pipe = (ends[0], ends[1])
    return true
  }

  private func wake() {
    var byte: UInt8 = 1
    if pipe.write >= 0 { _ = write(pipe.write, &byte, 1) }
  }

  // MARK: The thread

  fileprivate func runThread() {
    clua_block_signals()
    while true {
      let watched: [Entry]? = withLock { isEnding ? nil : entries }
      guard let watched else { return }
      var polled = [pollfd(fd: pipe.read, events: Int16(POLLIN), revents: 0)]
      polled += watched.map { pollfd(fd: $0.descriptor, events: $0.events, revents: 0) }
      guard poll(&polled, nfds_t(polled.count), -1) > 0 else { continue }
      if polled[0].revents != 0 {
        var bytes = [UInt8](repeating: 0, count: 64)
        _ = read(pipe.read, &bytes, bytes.count)
      }
      for (entry, answer) in zip(watched, polled.dropFirst()) where answer.revents != 0 {
        take(entry.wait)
      }
    }
  }

  private func take(_ wait: Wait) {
    let isWaitedFor = withLock {
      guard let index = entries.firstIndex(where: { $0.wait === wait }) else { return false }
      entries.remove(at: index)
      return true
    }
    if isWaitedFor { mailbox.post(ended: wait) }
  }
}

private func runPoller(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let context else { return nil }
  Unmanaged<DescriptorPoller>.fromOpaque(context).takeRetainedValue().runThread()
  return nil
}
