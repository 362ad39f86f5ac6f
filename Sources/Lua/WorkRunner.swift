import CLua

/// A Swift task that runs pieces of work one after the other, so that a call whose work
/// does not suspend needs no task of its own.
///
/// Between two pieces the task stands at the door of this actor, whose executor is the
/// actor itself: a job that is enqueued here waits until the thread of Lua runs it with
/// the next piece. A piece that suspends takes the task along, which ends with it.
///
/// The variables belong to the thread of Lua.
actor WorkRunner: SerialExecutor {
  private let mailbox: Mailbox
  /// As long as it is here: the task holds the runner too.
  private nonisolated(unsafe) var task: Task<Void, Never>?
  private nonisolated(unsafe) var parked: UnownedJob?
  private nonisolated(unsafe) var next: WorkWait?

  init(mailbox: Mailbox) {
    self.mailbox = mailbox
  }

  nonisolated var unownedExecutor: UnownedSerialExecutor { asUnownedSerialExecutor() }

  nonisolated func enqueue(_ job: consuming ExecutorJob) {
    if LuaState.current?.mailbox === mailbox {
      parked = UnownedJob(job)
    } else {
      // It has been away, and ends.
      globalConcurrentExecutor.enqueue(job)
    }
  }

  /// Code of this actor runs only where a runner is made and where ``proceed()`` lets it.
  nonisolated func checkIsolated() {}

  /// Whether it can take another piece.
  nonisolated var isParked: Bool { parked != nil && task?.isCancelled == false }

  /// Runs a piece of work on this thread, up to its first suspension. Returns the task it
  /// runs in.
  nonisolated func run(_ wait: WorkWait) -> Task<Void, Never>? {
    if parked == nil { assumeIsolated { $0.begin() } }
    next = wait
    // A new task may come to the door more than once before it takes the piece.
    while next != nil, proceed() {}
    return task
  }

  /// Ends the task, unless it is away with a piece.
  nonisolated func end() {
    while proceed() {}
    task = nil
  }

  /// Lets the task go on from the door; false where it is not there.
  private nonisolated func proceed() -> Bool {
    guard let job = parked else { return false }
    parked = nil
    // On this actor's executor it works too, with a change of threads for each piece.
    let executor = UnownedSerialExecutor.isTwoWords ? .generic : unownedExecutor
    job.runSynchronously(on: executor)
    return true
  }

  /// A closure that is isolated to this actor makes a task that begins at its door. Where
  /// it has been away it touches nothing here.
  private func begin() {
    task = Task {
      while let piece = takeNext(), await piece.runWork() {}
    }
  }

  private func takeNext() -> WorkWait? {
    defer { next = nil }
    return next
  }
}

extension UnownedSerialExecutor {
  /// Whether an executor is what ``generic`` takes it to be.
  static var isTwoWords: Bool {
    MemoryLayout<UnownedSerialExecutor>.size == MemoryLayout<(Int, Int)>.size
  }

  /// The executor of code that is isolated to nothing, which has no name in Swift: in the
  /// runtime's binary interface it is the one of two zero words. A job that runs on it calls
  /// other such code without a change of threads.
  fileprivate static var generic: UnownedSerialExecutor {
    unsafeBitCast((0, 0), to: UnownedSerialExecutor.self)
  }
}

extension LuaState {
  /// Runs a piece of work on this thread, up to its first suspension. Returns the task it
  /// runs in.
  func run(_ wait: WorkWait) -> Task<Void, Never>? {
    // Work may itself call Lua while it runs here: then it needs another runner.
    let runner = idleRunner ?? WorkRunner(mailbox: mailbox)
    idleRunner = nil
    let task = runner.run(wait)
    if runner.isParked, idleRunner == nil {
      idleRunner = runner
    } else {
      runner.end()
    }
    return task
  }
}
