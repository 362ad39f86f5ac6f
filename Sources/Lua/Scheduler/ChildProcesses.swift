import CLua

/// The child processes that scripts start with `os.execute` and `io.popen`.
package enum ChildProcesses {
  /// Kills and reaps all of them, with their descendants; call before the process exits.
  package static func killAll() {
    clua_kill_children()
  }
}

// Other tasks run while a script waits for a child process. If the wait is interrupted, the child
// and its descendants are killed.
extension LuaState {
  /// Replaces `os.execute` in the table `os`.
  func replaceExecute() throws {
    guard case .table(let library) = try globals.get("os") else { return }
    try library.set("execute", to: Self.execute)
  }

  /// `os.execute([command])`.
  private static let execute = LuaNativeFunction.async { call in
    // Without a command it reports whether there is a shell; systems with `popen` have one.
    guard !call.isNil(1) else { return LuaAsyncCall(ready: call.results(true)) }
    return LuaAsyncCall(ChildProcessWait(try call.bytes(1)))
  }

  /// Waits in place until a descriptor is ready: the callback `wait_for`.
  func waitInPlace(for descriptor: Int32, _ events: Int32, _ stack: OpaquePointer) -> Int32 {
    guard let host, scheduler.inPlaceDepth <= Scheduler.maximumNesting,
      lua_checkstack(stack, 20) != 0
    else { return 0 }
    let wait = DescriptorWait(descriptor, events: events)
    guard poller.add(descriptor, events: events, for: wait) else { return 0 }
    let task = scheduler.current
    wait.owner = task
    wait.poller = poller
    scheduler.externalCount += 1
    _ = scheduler.waits.add(wait)
    waitInPlace(for: wait, stack)
    scheduler.waits.remove(wait)
    host.pointee.running = stack
    guard let failure = wait.failure else { return 1 }
    // C cannot raise it here, so request it again: the next instruction raises.
    if (failure as? PositionedError)?.kind == .cancelled {
      task?.hasPendingCancel = true
      clua_set_task_request(host, Int32(CLUA_TASK_DUE.rawValue))
    } else if clua_get_request(host) == CLUA_RUNNING.rawValue {
      clua_set_request(host, Int32(CLUA_RAISE_ONCE.rawValue))
    }
    clua_arm(host)
    return -1
  }
}

/// The wait for a descriptor to become ready.
final class DescriptorWait: Wait, @unchecked Sendable {
  private let descriptor: Int32
  private let events: Int32
  fileprivate var poller: DescriptorPoller?

  init(_ descriptor: Int32, events: Int32) {
    self.descriptor = descriptor
    self.events = events
  }

  override var purpose: String { "a child process" }
  override var isExternal: Bool { true }
  override func abandon() { poller?.remove(self) }
}

/// The wait for a child process to end.
final class ChildProcessWait: Wait, @unchecked Sendable {
  private let command: [UInt8]
  private var process = pid_t()
  /// Readable when the process has ended.
  private var descriptor: Int32 = -1
  private var startFailure: Int32 = 0
  private weak var poller: DescriptorPoller?

  init(_ command: [UInt8]) {
    self.command = command
  }

  override var purpose: String { "a child process" }
  override var isExternal: Bool { true }

  override func start(in state: LuaState) {
    startFailure = (command + [0]).withUnsafeBufferPointer { bytes in
      bytes.withMemoryRebound(to: CChar.self) { clua_spawn_child($0.baseAddress, &process) }
    }
    if startFailure == 0 {
      descriptor = clua_watch_child(process)
      poller = state.poller
      if descriptor >= 0, state.poller.add(descriptor, events: POLLIN, for: self) { return }
      // Without a descriptor, `finish` blocks the thread until the process ends.
    }
    _ = end()
  }

  override func finish(in state: LuaState) throws -> LuaResults {
    var status: Int32 = 0
    if startFailure == 0 { status = reap() }
    // The child took the Ctrl-C that was meant for the statement too.
    let isStatement =
      state.scheduler.foregroundStatement != 0 && state.host?.pointee.is_shielded == false
    if isStatement, status & 0x7f == SIGINT {
      throw PositionedError(message: "interrupted!", kind: .interrupted)
    }
    let stack = try state.runningStack()
    try state.check(clua_push_outcome(stack, status, startFailure), stack)
    return LuaResults(count: 3)
  }

  override func abandon() {
    poller?.remove(self)
    clua_kill_child(process)
    _ = reap()
  }

  private func reap() -> Int32 {
    var status: Int32 = 0
    _ = clua_reap_child(process, true, &status)
    if descriptor >= 0 { closeDescriptor(descriptor) }
    descriptor = -1
    return status
  }
}
