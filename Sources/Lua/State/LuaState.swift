import CLua

/// A Lua state, on its own thread.
///
/// Closures that run on the Lua thread get it: the body of ``LuaInterpreter/run(timeLimit:timeMessage:_:)``, functions,
/// userdata methods. It is not `Sendable`. Using it elsewhere, or after the interpreter is closed,
/// throws ``LuaError`` of kind `misuse`.
public final class LuaState {
  var host: UnsafeMutablePointer<clua_host>?
  let mailbox: Mailbox
  let interrupter: Interrupter
  let configuration: LuaConfiguration
  let account: MemoryAccount
  /// Waits for pipes and child processes.
  let poller: DescriptorPoller
  var references = ReferenceTable()
  let scheduler = Scheduler()
  /// Takes the next work item.
  var idleRunner: WorkRunner?
  /// If true, closing kills the processes of open `io.popen` streams instead of waiting for them.
  var lastRunWasInterrupted = false
  /// The userdata types that have a metatable here; retains them.
  var userdataTypes: [UnsafeRawPointer: AnyObject] = [:]

  /// What stands for nil in the tables of ``encode(_:)``, and counts as nil for
  /// ``decode(_:from:)``: a null pointer, unless a library has its own.
  public var null = LuaValue.lightUserdata(0)

  /// The number of task errors that were reported because nobody awaited the task.
  public internal(set) var unobservedFailures = 0

  init(mailbox: Mailbox, interrupter: Interrupter, configuration: LuaConfiguration) {
    self.mailbox = mailbox
    self.interrupter = interrupter
    poller = DescriptorPoller(mailbox: mailbox)
    self.configuration = configuration
    account = MemoryAccount(limit: max(0, configuration.memoryLimit ?? 0))
  }

  /// The state of the calling thread; `nil` if that is no Lua thread.
  static var current: LuaState? {
    guard let host = clua_current() else { return nil }
    return of(host)
  }

  static func of(_ host: UnsafeMutablePointer<clua_host>) -> LuaState {
    Unmanaged<LuaState>.fromOpaque(host.pointee.context).takeUnretainedValue()
  }

  static func of(_ stack: OpaquePointer) -> LuaState {
    of(clua_host_of(stack))
  }

  /// The running `lua_State`, with room for `slots` more values.
  func runningStack(reserving slots: Int = 0) throws -> OpaquePointer {
    guard let host, clua_current() == host, let stack = host.pointee.running else {
      throw LuaError("a Lua state was used away from its thread", kind: .misuse)
    }
    guard lua_checkstack(stack, Int32(clamping: slots &+ Int(CLUA_SLOTS))) != 0 else {
      throw LuaError("stack overflow", kind: .memory)
    }
    return stack
  }

  /// Unless the status is `LUA_OK`, pops the error value and throws it.
  func check(_ status: Int32, _ stack: OpaquePointer) throws {
    if status != LUA_OK { throw takeError(status, stack) }
  }

  /// Runs `body` and restores the stack top, also after an error.
  func balanced<Result>(
    _ slots: Int = 0, _ body: (OpaquePointer) throws -> Result
  ) throws -> Result {
    let stack = try runningStack(reserving: slots)
    let top = lua_gettop(stack)
    defer { lua_settop(stack, top) }
    return try body(stack)
  }

  // MARK: The state

  /// The table of global variables.
  public var globals: LuaTable {
    get throws {
      let stack = try runningStack()
      clua_push_globals(stack)
      return LuaTable(reference: try takeReference(stack))
    }
  }

  /// The number of bytes that Lua holds.
  public var memoryInUse: Int {
    get throws {
      _ = try runningStack()
      return Int(clua_memory_used(account.memory))
    }
  }

  /// Runs a full garbage collection.
  public func collectGarbage() throws {
    let stack = try runningStack()
    try check(clua_collect(stack), stack)
    releaseReferences(stack)
  }

  /// Switches the collector to generational mode, as the command `lua` does.
  public func useGenerationalCollector() throws {
    let stack = try runningStack()
    try check(clua_set_generational(stack), stack)
  }

  /// Sets whether `warn` writes to stderr.
  public func showWarnings(_ show: Bool) throws {
    clua_set_warnings(try runningStack(), show)
  }

  /// The call stack, as `debug.traceback` formats it. Level 0 is the running function, level 1 its
  /// caller.
  public func traceback(level: Int = 1) throws -> String {
    try balanced { stack in
      try check(clua_traceback(stack, stack, nil, Int32(level)), stack)
      return text(stack, -1)
    }
  }

  /// The position of the function at `level`, as in `script.lua:3: `; empty if unknown.
  public func position(level: Int = 1) throws -> String {
    try balanced { stack in
      try check(clua_where(stack, Int32(level)), stack)
      return text(stack, -1)
    }
  }
}

@available(*, unavailable)
extension LuaState: Sendable {}

extension LuaState {
  /// Makes growing allocations fail from the `count`-th on; 0 stops that. For tests.
  func failAllocations(from count: Int) {
    account.memory.pointee.allocations = 0
    account.memory.pointee.fail_allocation = Int64(count)
  }

  /// The number of growing allocations since ``failAllocations(from:)``.
  var allocationCount: Int { Int(account.memory.pointee.allocations) }
}
