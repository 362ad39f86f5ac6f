import CLua

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Ends runs: once politely, and after a grace at every instruction. Tells a task whose code runs
/// that a time of it has come.
///
/// A signal may come just before the thread blocks in a read, so it is sent again and
/// again until the script has met it. The thread that does so is started when it is first
/// needed, and ends with the thread of Lua.
///
/// `@unchecked Sendable`: `lock` guards every stored property below it.
final class Interrupter: @unchecked Sendable {
  /// Why a run was interrupted.
  enum Reason {
    case asked, timeLimit, cancelled, closed
  }

  private let mailbox: Mailbox
  private let configuration: LuaConfiguration
  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let news = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  private enum Stage {
    case quiet
    /// Asked for: raises once.
    case asked(graceEnd: UInt64)
    /// Raises always.
    case insisting(end: UInt64)
    /// Nothing helps.
    case givenUp
  }

  private struct Deadline {
    var time: UInt64
    var message: String
  }

  private var stage = Stage.quiet
  private var reason: Reason?
  private var current: RunToken?
  /// Of the current run, by its own limit and by ``interrupt(after:_:)``.
  private var deadlines: [Deadline] = []
  /// Of ``interrupt(after:_:)`` while nothing ran: for the next run.
  private var nextDeadline: Deadline?
  /// When the task whose code runs is to be told.
  private var taskTime: UInt64?
  private var isClosing = false
  private var isFinished = false
  private var worker: pthread_t?

  init(mailbox: Mailbox, configuration: LuaConfiguration) {
    self.mailbox = mailbox
    self.configuration = configuration
    pthread_mutex_init(lock, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    #if canImport(Glibc)
      pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    #endif
    pthread_cond_init(news, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(news)
    pthread_mutex_destroy(lock)
    news.deallocate()
    lock.deallocate()
  }

  private func withLock<Result>(_ body: () -> Result) -> Result {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return body()
  }

  // MARK: Runs

  /// A run begins, on the thread of Lua.
  func begin(_ run: RunToken) {
    withLock {
      current = run
      deadlines = [nextDeadline].compactMap { $0 }
      nextDeadline = nil
      if let limit = run.limit {
        deadlines.append(Deadline(time: MonotonicClock.after(limit.time), message: limit.message))
      }
      if isClosing {
        ask(Self.closedText, .closed)
      } else if run.isCancelled {
        ask("cancelled", .cancelled)
      }
      if !deadlines.isEmpty { wakeWorker() }
    }
  }

  /// A run has ended; what was asked of it is over. Returns why it was interrupted, if it was.
  func end(_ run: RunToken) -> Reason? {
    withLock {
      current = nil
      stage = .quiet
      deadlines = []
      mailbox.withRunning { host, _ in clua_set_request(host, Int32(CLUA_RUNNING.rawValue)) }
      defer { reason = nil }
      return reason
    }
  }

  /// Interrupts the run that is under way.
  func interrupt(_ message: String) {
    withLock { if current != nil { ask(message, .asked) } }
  }

  /// Interrupts a run, now or as soon as it begins.
  func cancel(_ run: RunToken) {
    withLock {
      run.isCancelled = true
      if current === run { ask("cancelled", .cancelled) }
    }
  }

  func interrupt(after time: Duration, _ message: String) {
    withLock {
      let deadline = Deadline(time: MonotonicClock.after(time), message: message)
      guard current != nil else { return nextDeadline = deadline }
      deadlines.append(deadline)
      wakeWorker()
    }
  }

  static let closedText = "the interpreter is closed"

  /// The interpreter closes: the run under way, and any that begins yet, is interrupted.
  func close() {
    withLock {
      isClosing = true
      if current != nil { ask(Self.closedText, .closed) }
    }
  }

  /// The thread of Lua ends.
  func finish() {
    withLock {
      isFinished = true
      pthread_cond_signal(news)
    }
  }

  /// Waits for the end of the worker, after ``finish()``.
  func join() {
    let worker: pthread_t? = withLock {
      defer { self.worker = nil }
      return self.worker
    }
    guard let worker else { return }
    if pthread_equal(worker, pthread_self()) != 0 {
      pthread_detach(worker)
    } else {
      pthread_join(worker, nil)
    }
  }

  // MARK: Tasks

  /// Makes the code that runs now be told when that time has come; `nil`: never. On the thread of
  /// Lua.
  func watch(until time: UInt64?) {
    withLock {
      taskTime = time
      if time != nil { wakeWorker() }
    }
  }

  // MARK: Under the lock

  private func ask(_ message: String, _ reason: Reason) {
    // That the interpreter is closed is the last word.
    if self.reason == nil || reason == .closed { self.reason = reason }
    guard case .quiet = stage else { return }
    guard clua_install_interrupt() else { return }
    stage = .asked(graceEnd: MonotonicClock.after(configuration.grace))
    mailbox.withRunning { host, thread in
      clua_set_message(host, message)
      clua_set_request(host, Int32(CLUA_RAISE_ONCE.rawValue))
    }
    signal()
    wakeWorker()
  }

  private func signal() {
    mailbox.withRunning { _, thread in pthread_kill(thread, clua_interrupt_signal()) }
    mailbox.wake()
  }

  private func wakeWorker() {
    if worker == nil, !isFinished {
      let context = Unmanaged.passRetained(self)
      #if canImport(Glibc)
        var thread = pthread_t()
        let status = pthread_create(&thread, nil, { runInterrupter($0) }, context.toOpaque())
        if status == 0 { worker = thread } else { context.release() }
      #else
        let status = pthread_create(&worker, nil, { runInterrupter($0) }, context.toOpaque())
        if status != 0 { context.release() }
      #endif
    }
    pthread_cond_signal(news)
  }

  // MARK: The worker

  fileprivate func runWorker() {
    clua_block_signals()
    pthread_mutex_lock(lock)
    while !isFinished {
      let next = step(MonotonicClock.now)
      if isFinished { break }
      wait(until: next)
    }
    pthread_mutex_unlock(lock)
  }

  /// Does what is due and says when the next thing is.
  private func step(_ now: UInt64) -> UInt64? {
    if let due = deadlines.firstIndex(where: { $0.time <= now }) {
      ask(deadlines.remove(at: due).message, .timeLimit)
    }
    let isTaskDue = taskTime.map { $0 <= now } ?? false
    if isTaskDue {
      guard clua_install_interrupt() else { return nil }
      mailbox.withRunning { host, _ in
        clua_set_task_request(host, Int32(CLUA_TASK_DUE.rawValue))
      }
    }
    let soon = now + 20_000_000
    switch stage {
    case .quiet, .givenUp:
      if isTaskDue {
        signal()
        return soon
      }
      return (deadlines.map(\.time) + [taskTime].compactMap { $0 }).min()
    case .asked(let graceEnd):
      if now >= graceEnd {
        stage = .insisting(end: MonotonicClock.after(configuration.grace))
        mailbox.withRunning { host, _ in
          clua_set_request(host, Int32(CLUA_RAISE_ALWAYS.rawValue))
        }
      }
      signal()
      return soon
    case .insisting(let end):
      if now >= end {
        stage = .givenUp
        if let whenUninterruptible = configuration.whenUninterruptible {
          pthread_mutex_unlock(lock)
          whenUninterruptible()
          pthread_mutex_lock(lock)
        }
      }
      signal()
      return soon
    }
  }

  private func wait(until deadline: UInt64?) {
    guard let deadline else {
      pthread_cond_wait(news, lock)
      return
    }
    #if canImport(Glibc)
      var time = timespec(
        tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
      pthread_cond_timedwait(news, lock, &time)
    #else
      let now = MonotonicClock.now
      let left = deadline > now ? deadline - now : 0
      var time = timespec(tv_sec: Int(left / 1_000_000_000), tv_nsec: Int(left % 1_000_000_000))
      pthread_cond_timedwait_relative_np(news, lock, &time)
    #endif
  }
}

/// Tells one run from another.
///
/// `@unchecked Sendable`: the lock of the interrupter guards `isCancelled`.
final class RunToken: @unchecked Sendable {
  /// How long the run may take, and what it raises then.
  let limit: (time: Duration, message: String)?
  fileprivate(set) var isCancelled = false

  init(limit: (time: Duration, message: String)? = nil) {
    self.limit = limit
  }
}

private func runInterrupter(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let context else { return nil }
  Unmanaged<Interrupter>.fromOpaque(context).takeRetainedValue().runWorker()
  return nil
}
