import CLua

/// Interrupts runs: raises one error, and after the grace period one at every instruction. Also
/// interrupts the running task when a deadline or the grace of that task expires.
///
/// A signal may arrive just before the thread blocks in a read, so it is sent repeatedly until the
/// script has raised. The worker thread that sends it starts when first needed and ends with the
/// Lua thread.
///
/// `@unchecked Sendable`: `monitor` guards every stored property below it.
final class Interrupter: @unchecked Sendable {
  /// Why a run was interrupted.
  enum Reason {
    case requested, timeLimit, cancelled, closed
  }

  private let mailbox: Mailbox
  private let configuration: LuaConfiguration
  private let monitor = Monitor()

  private enum Stage {
    case idle
    /// The next instruction raises, once.
    case raisingOnce(graceEnd: UInt64)
    /// Every instruction raises.
    case raisingAlways(graceEnd: UInt64)
    /// The script runs where no hook runs; `whenUninterruptible` was called.
    case uninterruptible
  }

  private struct Deadline {
    var time: UInt64
    var message: String
  }

  private var stage = Stage.idle
  private var reason: Reason?
  private var current: RunToken?
  /// Of the current run: its time limit, and those of ``interrupt(after:_:)``.
  private var deadlines: [Deadline] = []
  /// Set by ``interrupt(after:_:)`` while nothing ran, for the next run.
  private var nextDeadline: Deadline?
  /// When to interrupt the running task.
  private var taskDeadline: UInt64?
  private var isClosing = false
  private var isFinished = false
  private var worker: PosixThread?

  init(mailbox: Mailbox, configuration: LuaConfiguration) {
    self.mailbox = mailbox
    self.configuration = configuration
  }

  // MARK: Runs

  /// Call when a run begins, on the Lua thread.
  func begin(_ run: RunToken) {
    monitor.withLock {
      current = run
      deadlines = [nextDeadline].compactMap { $0 }
      nextDeadline = nil
      if let limit = run.limit {
        deadlines.append(Deadline(time: MonotonicClock.after(limit.time), message: limit.message))
      }
      if isClosing {
        requestInterrupt(Self.closedText, .closed)
      } else if run.isCancelled {
        requestInterrupt("cancelled", .cancelled)
      }
      if !deadlines.isEmpty { wakeWorker() }
    }
  }

  /// Call when a run has ended; withdraws its interrupt. Returns why it was interrupted, if it was.
  func end(_ run: RunToken) -> Reason? {
    monitor.withLock {
      current = nil
      stage = .idle
      deadlines = []
      mailbox.withRunning { host, _ in clua_set_request(host, Int32(CLUA_RUNNING.rawValue)) }
      defer { reason = nil }
      return reason
    }
  }

  /// Interrupts the current run, if any.
  func interrupt(_ message: String) {
    monitor.withLock { if current != nil { requestInterrupt(message, .requested) } }
  }

  /// Interrupts a run now, or when it begins.
  func cancel(_ run: RunToken) {
    monitor.withLock {
      run.isCancelled = true
      if current === run { requestInterrupt("cancelled", .cancelled) }
    }
  }

  func interrupt(after time: Duration, _ message: String) {
    monitor.withLock {
      let deadline = Deadline(time: MonotonicClock.after(time), message: message)
      guard current != nil else { return nextDeadline = deadline }
      deadlines.append(deadline)
      wakeWorker()
    }
  }

  static let closedText = "the interpreter is closed"

  /// Interrupts the current run and every later one, because the interpreter closes.
  func close() {
    monitor.withLock {
      isClosing = true
      if current != nil { requestInterrupt(Self.closedText, .closed) }
    }
  }

  /// Ends the worker; call when the Lua thread ends.
  func finish() {
    monitor.withLock {
      isFinished = true
      monitor.signal()
    }
  }

  /// Waits until the worker has ended, after ``finish()``.
  func join() {
    let worker = monitor.withLock {
      defer { self.worker = nil }
      return self.worker
    }
    guard let worker else { return }
    if worker.isCurrent { worker.detach() } else { worker.join() }
  }

  // MARK: Tasks

  /// Sets when to interrupt the running task; `nil` for never. On the Lua thread.
  func setTaskDeadline(_ time: UInt64?) {
    monitor.withLock {
      taskDeadline = time
      if time != nil { wakeWorker() }
    }
  }

  /// Makes the running task take urgent callbacks at its next instruction.
  func nudge() {
    monitor.withLock {
      guard clua_install_interrupt() else { return }
      mailbox.withRunning { host, _ in
        clua_set_task_request(host, Int32(CLUA_TASK_DUE.rawValue))
      }
      signalThread()
    }
  }

  // MARK: Under the lock

  private func requestInterrupt(_ message: String, _ reason: Reason) {
    // `closed` overrides any earlier reason.
    if self.reason == nil || reason == .closed { self.reason = reason }
    guard case .idle = stage else { return }
    guard clua_install_interrupt() else { return }
    stage = .raisingOnce(graceEnd: MonotonicClock.after(configuration.grace))
    mailbox.withRunning { host, thread in
      clua_set_message(host, message)
      clua_set_request(host, Int32(CLUA_RAISE_ONCE.rawValue))
    }
    signalThread()
    wakeWorker()
  }

  private func signalThread() {
    mailbox.withRunning { _, thread in thread.send(signal: clua_interrupt_signal()) }
    mailbox.wake()
  }

  private func wakeWorker() {
    if worker == nil, !isFinished { worker = try? PosixThread { self.runWorker() } }
    monitor.signal()
  }

  // MARK: The worker

  private func runWorker() {
    PosixThread.blockSignals()
    monitor.withLock {
      while !isFinished {
        let next = step(MonotonicClock.now)
        if isFinished { break }
        monitor.wait(until: next)
      }
    }
  }

  /// Does what is due; returns the time of the next step.
  private func step(_ now: UInt64) -> UInt64? {
    if let due = deadlines.firstIndex(where: { $0.time <= now }) {
      requestInterrupt(deadlines.remove(at: due).message, .timeLimit)
    }
    let isTaskDue = taskDeadline.map { $0 <= now } ?? false
    if isTaskDue {
      guard clua_install_interrupt() else { return nil }
      mailbox.withRunning { host, _ in
        clua_set_task_request(host, Int32(CLUA_TASK_DUE.rawValue))
      }
    }
    let soon = now + 20_000_000
    switch stage {
    case .idle, .uninterruptible:
      if isTaskDue {
        signalThread()
        return soon
      }
      return (deadlines.map(\.time) + [taskDeadline].compactMap { $0 }).min()
    case .raisingOnce(let graceEnd):
      if now >= graceEnd {
        stage = .raisingAlways(graceEnd: MonotonicClock.after(configuration.grace))
        mailbox.withRunning { host, _ in
          clua_set_request(host, Int32(CLUA_RAISE_ALWAYS.rawValue))
        }
      }
      signalThread()
      return soon
    case .raisingAlways(let graceEnd):
      if now >= graceEnd {
        stage = .uninterruptible
        if let whenUninterruptible = configuration.whenUninterruptible {
          monitor.unlocked { whenUninterruptible() }
        }
      }
      signalThread()
      return soon
    }
  }
}

/// Identifies one run.
///
/// `@unchecked Sendable`: the interrupter's monitor guards `isCancelled`.
final class RunToken: @unchecked Sendable {
  /// How long the run may take, and the message it raises after that.
  let limit: (time: Duration, message: String)?
  fileprivate(set) var isCancelled = false

  init(limit: (time: Duration, message: String)? = nil) {
    self.limit = limit
  }
}
