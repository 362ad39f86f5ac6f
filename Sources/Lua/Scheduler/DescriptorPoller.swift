import CLua
import Synchronization

/// Waits for file descriptors, on a thread that starts when first needed.
final class DescriptorPoller: Sendable {
  private struct Entry {
    let descriptor: Int32
    let events: Int16
    let wait: Wait
  }

  private struct State {
    var entries: [Entry] = []
    var isEnding = false
    var thread: PosixThread?
    /// Wakes the thread.
    var pipe: WakeupPipe?

    func wake() {
      var byte: UInt8 = 1
      if let pipe { _ = write(pipe.writeEnd, &byte, 1) }
    }
  }

  private let mailbox: Mailbox
  private let state = Mutex(State())

  init(mailbox: Mailbox) {
    self.mailbox = mailbox
  }

  deinit {
    state.withLock { $0.pipe?.close() }
  }

  /// Ends `wait`, through the mailbox, when the descriptor is ready. False if the system has no
  /// thread or descriptor left for that. The descriptor must stay open until the wait is over or
  /// ``remove(_:)`` was called.
  func add(_ descriptor: Int32, events: Int32, for wait: Wait) -> Bool {
    state.withLock { state in
      guard start(&state) else { return false }
      state.entries.append(Entry(descriptor: descriptor, events: Int16(events), wait: wait))
      state.wake()
      return true
    }
  }

  func remove(_ wait: Wait) {
    state.withLock { state in
      state.entries.removeAll { $0.wait === wait }
      state.wake()
    }
  }

  /// Ends the thread.
  func end() {
    let thread = state.withLock { state in
      state.isEnding = true
      state.wake()
      defer { state.thread = nil }
      return state.thread
    }
    thread?.join()
  }

  private func start(_ state: inout State) -> Bool {
    if state.thread != nil { return true }
    if state.pipe == nil { state.pipe = WakeupPipe() }
    guard let pipe = state.pipe else { return false }
    state.thread = try? PosixThread { self.runThread(pipe) }
    return state.thread != nil
  }

  // MARK: The thread

  private func runThread(_ pipe: WakeupPipe) {
    PosixThread.blockSignals()
    while true {
      let watched = state.withLock { $0.isEnding ? nil : $0.entries }
      guard let watched else { return }
      var polled = [pollfd(fd: pipe.readEnd, events: Int16(POLLIN), revents: 0)]
      polled += watched.map { pollfd(fd: $0.descriptor, events: $0.events, revents: 0) }
      guard poll(&polled, nfds_t(polled.count), -1) > 0 else { continue }
      if polled[0].revents != 0 {
        var bytes = [UInt8](repeating: 0, count: 64)
        _ = read(pipe.readEnd, &bytes, bytes.count)
      }
      for (entry, result) in zip(watched, polled.dropFirst()) where result.revents != 0 {
        finish(entry.wait)
      }
    }
  }

  private func finish(_ wait: Wait) {
    let isStillWaiting = state.withLock { state in
      guard let index = state.entries.firstIndex(where: { $0.wait === wait }) else { return false }
      state.entries.remove(at: index)
      return true
    }
    if isStillWaiting { mailbox.post(ended: wait) }
  }
}
