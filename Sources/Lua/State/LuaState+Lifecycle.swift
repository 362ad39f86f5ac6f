import CLua

// Opening, running and closing a state, on its thread.
extension LuaState {
  func open() throws {
    let callbacks = clua_callbacks(
      wait_in_place: { context, stack, number in
        guard let context, let stack else { return }
        let state = Unmanaged<LuaState>.fromOpaque(context).takeUnretainedValue()
        guard let wait = state.scheduler.waits[number] else { return }
        state.waitInPlace(for: wait, stack)
      },
      take_results: { context, stack, number in
        guard let context, let stack else { return 0 }
        let state = Unmanaged<LuaState>.fromOpaque(context).takeUnretainedValue()
        return state.takeResults(of: number, stack)
      },
      task_due: { context, stack in
        guard let context, let stack else { return 0 }
        let state = Unmanaged<LuaState>.fromOpaque(context).takeUnretainedValue()
        return state.handleTaskDue(stack)
      },
      wait_for: { context, stack, descriptor, events in
        guard let context, let stack else { return 0 }
        let state = Unmanaged<LuaState>.fromOpaque(context).takeUnretainedValue()
        return state.waitInPlace(for: descriptor, events, stack)
      },
      will_exit: { context, succeeds in
        guard let context else { return false }
        let state = Unmanaged<LuaState>.fromOpaque(context).takeUnretainedValue()
        guard state.configuration.allowsExit else { return false }
        state.configuration.willExit?(succeeds)
        return true
      },
      write: { context, stream, bytes, count in
        guard let context else { return }
        let state = Unmanaged<LuaState>.fromOpaque(context).takeUnretainedValue()
        state.configuration.output?(
          stream == Int32(CLUA_STDOUT.rawValue) ? .output : .error,
          Array(UnsafeRawBufferPointer(start: bytes, count: count)))
      })
    let context = Unmanaged.passUnretained(self).toOpaque()
    guard let host = clua_open(account.memory, callbacks, context) else {
      throw LuaError("not enough memory", kind: .memory)
    }
    self.host = host
    clua_bind_thread(host)
    try prepareReferences(host.pointee.main)
    if configuration.ignoresEnvironment {
      try check(clua_ignore_environment(host.pointee.main), host.pointee.main)
    }
    try open(configuration.libraries)
    if configuration.output != nil {
      try check(clua_capture_output(host.pointee.main), host.pointee.main)
    }
  }

  private func open(_ libraries: LuaLibraries) throws {
    guard libraries.isSuperset(of: .basic) || !libraries.contains(.task) else {
      throw LuaError("the library 'task' needs the basic libraries", kind: .misuse)
    }
    let stack = try runningStack()
    try check(clua_open_libraries(stack, libraries.rawValue), stack)
    if libraries.contains(.os) { try replaceExecute() }
    if libraries.contains(.task) { try openTaskLibrary() }
  }

  /// Executes queued runs, and the tasks of calls from Swift, until the interpreter closes.
  func runLoop() {
    guard let main = host?.pointee.main else { return }
    while true {
      // Tasks that keep each other ready must not starve the statements of a session.
      if scheduler.ready.isEmpty || scheduler.consecutiveResumes >= 64 {
        if let run = mailbox.takeRun() {
          run.body(self)
          continue
        }
        if mailbox.shouldClose { return }
      }
      step(main, acceptsRuns: true, onDeadlock: {})
    }
  }

  func close() {
    guard let host else { return }
    for wait in scheduler.waits.pending { end(wait, failure: CancellationError()) }
    self.host?.pointee.running = host.pointee.main
    if lastRunWasInterrupted { clua_kill_stream_children(host) }
    clua_close(host)
    clua_bind_thread(nil)
    self.host = nil
    userdataTypes = [:]
    poller.end()
    idleRunner?.end()
    idleRunner = nil
  }
}
