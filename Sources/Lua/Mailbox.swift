import CLua

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where other threads leave what the thread of Lua has to do, and where that thread
/// sleeps.
///
/// `@unchecked Sendable`: `lock` guards every stored property below it.
final class Mailbox: @unchecked Sendable {
  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let news = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let quiet = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  /// Work for the thread when it is idle: a whole `run`.
  private var jobs: [Job] = []
  /// Work for whatever scheduler loop comes first.
  private var errands: [@Sendable (LuaState) -> Void] = []
  private var endedWaits: [Wait] = []
  private var releasedReferences: [Int64] = []
  private var background: [ObjectIdentifier: any BackgroundWork] = [:]
  private var backgroundWaiters: [CheckedContinuation<Void, Never>] = []
  private var isWoken = false
  private var isClosing = false
  private var host: UnsafeMutablePointer<clua_host>?
  private var thread: pthread_t?

  init() {
    pthread_mutex_init(lock, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    #if canImport(Glibc)
      pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    #endif
    pthread_cond_init(news, &attributes)
    pthread_cond_init(quiet, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(news)
    pthread_cond_destroy(quiet)
    pthread_mutex_destroy(lock)
    news.deallocate()
    quiet.deallocate()
    lock.deallocate()
  }

  private func withLock<Result>(_ body: () throws -> Result) rethrows -> Result {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return try body()
  }

  // MARK: From any thread

  /// Adds a job; false where the interpreter is closing.
  func post(_ job: Job) -> Bool {
    withLock {
      guard !isClosing else { return false }
      jobs.append(job)
      pthread_cond_signal(news)
      return true
    }
  }

  /// Adds an errand; false where the interpreter is closing.
  func post(_ errand: @escaping @Sendable (LuaState) -> Void) -> Bool {
    withLock {
      guard !isClosing else { return false }
      errands.append(errand)
      pthread_cond_signal(news)
      return true
    }
  }

  /// The work behind a wait has ended.
  func post(ended wait: Wait) {
    let waiters: [CheckedContinuation<Void, Never>] = withLock {
      wait.isPosted = true
      endedWaits.append(wait)
      pthread_cond_signal(news)
      guard background.removeValue(forKey: ObjectIdentifier(wait)) != nil else { return [] }
      return takeWaitersIfQuiet()
    }
    for waiter in waiters { waiter.resume() }
  }

  /// A reference to a Lua value is gone.
  func release(_ index: Int64) {
    withLock {
      releasedReferences.append(index)
      // A burst of them should not wait for the next call.
      if releasedReferences.count == 256 { pthread_cond_signal(news) }
    }
  }

  /// Makes the thread look at its interrupt.
  func wake() {
    withLock {
      isWoken = true
      pthread_cond_signal(news)
    }
  }

  /// No job is taken from now on.
  func close() {
    withLock {
      isClosing = true
      pthread_cond_signal(news)
    }
  }

  /// Runs `body` with the host and its thread while both live.
  func withRunning(_ body: (UnsafeMutablePointer<clua_host>, pthread_t) -> Void) {
    withLock {
      if let host, let thread { body(host, thread) }
    }
  }

  // MARK: Work in the background

  /// Keeps the work of a wait, which goes on without it, unless it has ended.
  func keep(_ wait: Wait, _ work: any BackgroundWork) {
    withLock {
      if !wait.isPosted { background[ObjectIdentifier(wait)] = work }
    }
  }

  var backgroundCount: Int {
    withLock { background.count }
  }

  func waitForBackground() {
    withLock {
      while !background.isEmpty { pthread_cond_wait(quiet, lock) }
    }
  }

  func waitForBackground() async {
    await withCheckedContinuation { continuation in
      let isQuiet = withLock {
        if background.isEmpty { return true }
        backgroundWaiters.append(continuation)
        return false
      }
      if isQuiet { continuation.resume() }
    }
  }

  func abandonBackground() {
    let (works, waiters) = withLock {
      let works = Array(background.values)
      background.removeAll()
      return (works, takeWaitersIfQuiet())
    }
    for work in works { work.cancel() }
    for waiter in waiters { waiter.resume() }
  }

  private func takeWaitersIfQuiet() -> [CheckedContinuation<Void, Never>] {
    guard background.isEmpty else { return [] }
    pthread_cond_broadcast(quiet)
    defer { backgroundWaiters.removeAll() }
    return backgroundWaiters
  }

  // MARK: On the thread of Lua

  func attach(_ host: UnsafeMutablePointer<clua_host>?) {
    withLock {
      self.host = host
      thread = host == nil ? nil : pthread_self()
    }
  }

  struct Delivery {
    var errands: [@Sendable (LuaState) -> Void] = []
    var endedWaits: [Wait] = []

    var isEmpty: Bool { errands.isEmpty && endedWaits.isEmpty }
  }

  /// What has arrived for a scheduler loop.
  func collect() -> Delivery {
    withLock {
      var delivery = Delivery()
      swap(&delivery.errands, &errands)
      swap(&delivery.endedWaits, &endedWaits)
      return delivery
    }
  }

  /// The next job; none is taken any more where the interpreter is closing.
  func takeJob() -> Job? {
    withLock { jobs.isEmpty || isClosing ? nil : jobs.removeFirst() }
  }

  func takeAllJobs() -> [Job] {
    withLock {
      defer { jobs.removeAll() }
      return jobs
    }
  }

  func takeReleasedReferences() -> [Int64] {
    withLock {
      if releasedReferences.isEmpty { return [] }
      defer { releasedReferences.removeAll(keepingCapacity: true) }
      return releasedReferences
    }
  }

  /// Whether the interpreter should end, once it is idle.
  var shouldClose: Bool {
    withLock { isClosing }
  }

  /// Sleeps until something arrives, or until `deadline` in nanoseconds of the monotonic
  /// clock. `jobs` says whether a job counts.
  func sleep(until deadline: UInt64?, jobs countsJobs: Bool) {
    withLock {
      while errands.isEmpty && endedWaits.isEmpty && !isWoken
        && releasedReferences.count < 256
        && !(countsJobs && (!jobs.isEmpty || isClosing))
      {
        guard let deadline else {
          pthread_cond_wait(news, lock)
          continue
        }
        if !waitOnce(until: deadline) { break }
      }
      isWoken = false
    }
  }

  /// False where the time is over.
  private func waitOnce(until deadline: UInt64) -> Bool {
    #if canImport(Glibc)
      var time = timespec(
        tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
      return pthread_cond_timedwait(news, lock, &time) != ETIMEDOUT
    #else
      let now = MonotonicClock.now
      guard deadline > now else { return false }
      let left = deadline - now
      var time = timespec(tv_sec: Int(left / 1_000_000_000), tv_nsec: Int(left % 1_000_000_000))
      return pthread_cond_timedwait_relative_np(news, lock, &time) != ETIMEDOUT
    #endif
  }
}

/// Work that goes on although nobody waits for it, and can still be given up.
protocol BackgroundWork: Sendable {
  func cancel()
}

/// A `run` on its way to the thread of Lua.
struct Job: Sendable {
  /// Runs it there.
  var body: @Sendable (LuaState) -> Void
  /// Is called instead where the interpreter closes before.
  var refuse: @Sendable () -> Void
}

/// Nanoseconds of a clock that never jumps.
enum MonotonicClock {
  static var now: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// The time `duration` from now; far away where that is not finite.
  static func after(_ duration: Duration) -> UInt64 {
    let (seconds, attoseconds) = duration.components
    guard seconds < 1 << 32 else { return now + (1 << 62) }
    guard seconds >= 0, attoseconds >= 0 else { return now }
    return now + UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
  }

  /// The time so many seconds from now; far away where a script asks for more than there are.
  static func after(seconds: Double) -> UInt64 {
    seconds < 0x1p32 ? now + UInt64(max(0, seconds) * 1e9) : now + (1 << 62)
  }
}
