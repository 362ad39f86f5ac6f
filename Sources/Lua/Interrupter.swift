import CLua

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Ends scripts: once politely, and after a grace at every instruction.
///
/// A signal may come just before the thread blocks in a read, so it is sent again and
/// again until the script has met it. The thread that does so is started when it is first
/// needed.
///
/// `@unchecked Sendable`: `lock` guards every stored property below it.
final class Interrupter: @unchecked Sendable {
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

  private var stage = Stage.quiet
  private var current: RunToken?
  private var pendingRun: RunToken?
  private var deadline: (time: UInt64, message: String)?
  private var isClosed = false
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
      if pendingRun === run {
        pendingRun = nil
        ask("cancelled")
      }
      if deadline != nil { wakeWorker() }
    }
  }

  /// A run has ended; what was asked of it is over.
  func end(_ run: RunToken) {
    withLock {
      current = nil
      stage = .quiet
      mailbox.withRunning { host, _ in clua_set_request(host, Int32(CLUA_RUNNING.rawValue)) }
    }
  }

  /// Interrupts a run, or the one that runs now.
  func interrupt(_ message: String, run: RunToken?) {
    withLock {
      guard !isClosed else { return }
      if let run, current !== run {
        // It has not begun, or it is over.
        if current == nil { pendingRun = run }
        return
      }
      if current != nil { ask(message) }
    }
  }

  func interrupt(after time: Duration, _ message: String) {
    withLock {
      guard !isClosed else { return }
      deadline = (MonotonicClock.after(time), message)
      wakeWorker()
    }
  }

  func close() {
    let worker: pthread_t? = withLock {
      isClosed = true
      pthread_cond_signal(news)
      defer { self.worker = nil }
      return self.worker
    }
    if let worker { pthread_join(worker, nil) }
  }

  // MARK: Under the lock

  private func ask(_ message: String) {
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
    if worker == nil {
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
    pthread_mutex_lock(lock)
    while !isClosed {
      let next = step(MonotonicClock.now)
      if isClosed { break }
      wait(until: next)
    }
    pthread_mutex_unlock(lock)
  }

  /// Does what is due and says when the next thing is.
  private func step(_ now: UInt64) -> UInt64? {
    if let deadline, deadline.time <= now, current != nil {
      self.deadline = nil
      ask(deadline.message)
    }
    // One that has passed while nothing runs waits for the next run.
    let nextDeadline = deadline.flatMap { current == nil && $0.time <= now ? nil : $0.time }
    let soon = now + 20_000_000
    switch stage {
    case .quiet, .givenUp:
      return nextDeadline
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

private func runInterrupter(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let context else { return nil }
  Unmanaged<Interrupter>.fromOpaque(context).takeRetainedValue().runWorker()
  return nil
}
