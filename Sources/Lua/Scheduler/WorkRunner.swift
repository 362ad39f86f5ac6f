import CLua

/// A Swift task that runs work items one after the other on the Lua thread, so that a call whose
/// work does not suspend needs no task of its own.
///
/// Between work items the task is parked as an enqueued job of this executor. If an item suspends,
/// the task finishes elsewhere and a new one is started.
///
/// The variables belong to the Lua thread.
actor WorkRunner: SerialExecutor {
  private let mailbox: Mailbox
  /// `nil` once the task has ended or left; it retains the runner.
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
      // The task suspended elsewhere; let it finish there.
      globalConcurrentExecutor.enqueue(job)
    }
  }

  /// This actor's code runs only in `init` and ``resumeParkedJob()``, both on the Lua thread.
  nonisolated func checkIsolated() {}

  /// Whether it can take another work item.
  nonisolated var isParked: Bool { parked != nil && task?.isCancelled == false }

  /// Runs a work item on this thread until it first suspends. Returns its task.
  nonisolated func run(_ wait: WorkWait) -> Task<Void, Never>? {
    if parked == nil { assumeIsolated { $0.begin() } }
    next = wait
    // A new task may be enqueued more than once before it takes the item.
    while next != nil, resumeParkedJob() {}
    return task
  }

  /// Ends the task, unless a work item has suspended in it.
  nonisolated func end() {
    while resumeParkedJob() {}
    task = nil
  }

  /// Resumes the parked job; false if there is none.
  private nonisolated func resumeParkedJob() -> Bool {
    guard let job = parked else { return false }
    parked = nil
    // This actor's executor works too, but costs a thread switch for each item.
    let executor = UnownedSerialExecutor.hasKnownLayout ? .generic : unownedExecutor
    job.runSynchronously(on: executor)
    return true
  }

  /// The closure is isolated to this actor, so its task is enqueued here. After a suspension the
  /// task does not touch the actor again.
  private func begin() {
    task = Task {
      while let item = takeNext(), await item.runWork() {}
    }
  }

  private func takeNext() -> WorkWait? {
    defer { next = nil }
    return next
  }
}

extension UnownedSerialExecutor {
  /// Whether an executor has the layout that ``generic`` assumes.
  static var hasKnownLayout: Bool {
    MemoryLayout<UnownedSerialExecutor>.size == MemoryLayout<(Int, Int)>.size
  }

  /// The executor of code without isolation. Swift has no name for it; in the runtime's ABI it is
  /// two zero words. A job on it calls other nonisolated code without a thread switch.
  fileprivate static var generic: UnownedSerialExecutor {
    unsafeBitCast((0, 0), to: UnownedSerialExecutor.self)
  }
}

extension LuaState {
  /// Runs a work item on this thread until it first suspends. Returns its task.
  func run(_ wait: WorkWait) -> Task<Void, Never>? {
    // The work may call Lua, which needs another runner for nested work.
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
