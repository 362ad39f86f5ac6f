import CLua

/// Passes work from other threads to the Lua thread, which sleeps here while it has none.
///
/// `@unchecked Sendable`: `monitor` guards every stored property below it. Only the Lua thread
/// waits on it.
final class Mailbox: @unchecked Sendable {
  /// This many released references wake the Lua thread; fewer wait for its next call.
  private static let releaseBatch = 256

  private let monitor = Monitor()
  /// Start when the thread is idle.
  private var runs: [QueuedRun] = []
  /// Called by whichever scheduler loop comes first.
  private var callbacks: [@Sendable (LuaState) -> Void] = []
  /// The same, or by the running task at its next instruction.
  private var urgentCallbacks: [@Sendable (LuaState) -> Void] = []
  private var endedWaits: [Wait] = []
  private var releasedReferences: [Int64] = []
  private var background: [ObjectIdentifier: any BackgroundWork] = [:]
  private var backgroundWaiters: [@Sendable () -> Void] = []
  private var isWoken = false
  private var isClosing = false
  private var host: UnsafeMutablePointer<clua_host>?
  private var thread: PosixThread?

  // MARK: From any thread

  /// Queues a run; false if the interpreter is closing.
  func post(_ run: QueuedRun) -> Bool {
    monitor.withLock {
      guard !isClosing else { return false }
      runs.append(run)
      monitor.signal()
      return true
    }
  }

  /// Queues a callback; false if the interpreter is closing.
  func post(_ callback: @escaping @Sendable (LuaState) -> Void) -> Bool {
    monitor.withLock {
      guard !isClosing else { return false }
      callbacks.append(callback)
      monitor.signal()
      return true
    }
  }

  /// Queues a callback that need not wait until the running task waits. It must not run Lua code.
  func postUrgent(_ callback: @escaping @Sendable (LuaState) -> Void) -> Bool {
    monitor.withLock {
      guard !isClosing else { return false }
      urgentCallbacks.append(callback)
      monitor.signal()
      return true
    }
  }

  /// Takes a run back; false if it has begun.
  func withdraw(_ token: RunToken) -> Bool {
    monitor.withLock {
      let count = runs.count
      runs.removeAll { $0.token === token }
      return runs.count < count
    }
  }

  /// Reports that the work behind a wait has ended.
  func post(ended wait: Wait) {
    let waiters: [@Sendable () -> Void] = monitor.withLock {
      wait.isPosted = true
      endedWaits.append(wait)
      monitor.signal()
      guard background.removeValue(forKey: ObjectIdentifier(wait)) != nil else { return [] }
      return takeWaitersIfIdle()
    }
    for waiter in waiters { waiter() }
  }

  /// Frees the registry slot of a reference.
  func release(_ index: Int64) {
    monitor.withLock {
      releasedReferences.append(index)
      if releasedReferences.count == Self.releaseBatch { monitor.signal() }
    }
  }

  /// Makes the thread check for an interrupt.
  func wake() {
    monitor.withLock {
      isWoken = true
      monitor.signal()
    }
  }

  /// Refuses runs from now on.
  func close() {
    monitor.withLock {
      isClosing = true
      monitor.signal()
    }
  }

  /// Calls `body` with the host and its thread if both exist; they stay until it returns.
  func withRunning(_ body: (UnsafeMutablePointer<clua_host>, PosixThread) -> Void) {
    monitor.withLock {
      if let host, let thread { body(host, thread) }
    }
  }

  // MARK: Background work

  /// Counts work that continues when its wait is abandoned, unless it has ended.
  func trackBackground(_ wait: Wait, _ work: any BackgroundWork) {
    monitor.withLock {
      if !wait.isPosted { background[ObjectIdentifier(wait)] = work }
    }
  }

  var backgroundCount: Int {
    monitor.withLock { background.count }
  }

  func waitForBackground() {
    let idle = OneShotEvent()
    whenBackgroundIdle { idle.set() }
    idle.wait()
  }

  func waitForBackground() async {
    await withCheckedContinuation { continuation in
      whenBackgroundIdle { continuation.resume() }
    }
  }

  private func whenBackgroundIdle(_ waiter: @escaping @Sendable () -> Void) {
    let isIdle = monitor.withLock {
      if background.isEmpty { return true }
      backgroundWaiters.append(waiter)
      return false
    }
    if isIdle { waiter() }
  }

  func abandonBackground() {
    let (works, waiters) = monitor.withLock {
      let works = Array(background.values)
      background.removeAll()
      return (works, takeWaitersIfIdle())
    }
    for work in works { work.cancel() }
    for waiter in waiters { waiter() }
  }

  private func takeWaitersIfIdle() -> [@Sendable () -> Void] {
    guard background.isEmpty else { return [] }
    defer { backgroundWaiters.removeAll() }
    return backgroundWaiters
  }

  // MARK: On the Lua thread

  func attach(_ host: UnsafeMutablePointer<clua_host>?) {
    monitor.withLock {
      self.host = host
      thread = host == nil ? nil : .current
    }
  }

  struct Delivery {
    var callbacks: [@Sendable (LuaState) -> Void] = []
    var endedWaits: [Wait] = []

    var isEmpty: Bool { callbacks.isEmpty && endedWaits.isEmpty }
  }

  /// Takes what has arrived for a scheduler loop.
  func collect() -> Delivery {
    monitor.withLock {
      var delivery = Delivery()
      delivery.callbacks = urgentCallbacks + callbacks
      urgentCallbacks.removeAll()
      callbacks.removeAll()
      swap(&delivery.endedWaits, &endedWaits)
      return delivery
    }
  }

  var hasUrgentCallbacks: Bool { monitor.withLock { !urgentCallbacks.isEmpty } }

  func takeUrgentCallbacks() -> [@Sendable (LuaState) -> Void] {
    monitor.withLock {
      defer { urgentCallbacks.removeAll() }
      return urgentCallbacks
    }
  }

  /// Takes the next run; `nil` if the interpreter is closing.
  func takeRun() -> QueuedRun? {
    monitor.withLock { runs.isEmpty || isClosing ? nil : runs.removeFirst() }
  }

  func takeAllRuns() -> [QueuedRun] {
    monitor.withLock {
      defer { runs.removeAll() }
      return runs
    }
  }

  func takeReleasedReferences() -> [Int64] {
    monitor.withLock {
      if releasedReferences.isEmpty { return [] }
      defer { releasedReferences.removeAll(keepingCapacity: true) }
      return releasedReferences
    }
  }

  var shouldClose: Bool {
    monitor.withLock { isClosing }
  }

  /// Sleeps until something arrives, or until `deadline` (``MonotonicClock``). With `wakesForRuns`
  /// a queued run or closing ends the sleep too.
  func sleep(until deadline: UInt64?, wakesForRuns: Bool) {
    monitor.withLock {
      while callbacks.isEmpty && urgentCallbacks.isEmpty && endedWaits.isEmpty && !isWoken
        && releasedReferences.count < Self.releaseBatch
        && !(wakesForRuns && (!runs.isEmpty || isClosing))
      {
        if !monitor.wait(until: deadline) { break }
      }
      isWoken = false
    }
  }
}

/// Work that continues when nobody waits for it, and can be cancelled.
protocol BackgroundWork: Sendable {
  func cancel()
}

/// A run on its way to the Lua thread.
struct QueuedRun: Sendable {
  let token: RunToken
  var body: @Sendable (LuaState) -> Void
  /// Called instead if the interpreter closes first.
  var reject: @Sendable () -> Void
}
