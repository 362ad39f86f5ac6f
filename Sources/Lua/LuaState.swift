import CLua

/// Lua, on the one thread that may touch it.
///
/// A state is handed to closures that run on that thread: the body of
/// ``LuaInterpreter/run(_:)``, functions, userdata methods. It is not `Sendable`, and a
/// use of it elsewhere, or after the interpreter is closed, throws ``LuaError`` of kind
/// `misuse`.
public final class LuaState {
  var host: UnsafeMutablePointer<clua_host>?
  let mailbox: Mailbox
  let interrupter: Interrupter
  let configuration: LuaConfiguration
  let account: MemoryAccount
  /// Waits for the pipes and the ends of programs.
  let poller: DescriptorPoller
  var references = ReferenceTable()
  let scheduler = Scheduler()
  /// Waits for the next piece of Swift work.
  var idleRunner: WorkRunner?
  /// Whether the last run was interrupted: the finalizers of its streams wait for no program then.
  var wasBrokenOff = false
  /// Which types of userdata have a metatable here; also keeps them alive.
  var userdataTypes: [UnsafeRawPointer: AnyObject] = [:]

  /// How many errors of tasks were reported because nobody had awaited them.
  public internal(set) var unseenFailures = 0

  init(mailbox: Mailbox, interrupter: Interrupter, configuration: LuaConfiguration) {
    self.mailbox = mailbox
    self.interrupter = interrupter
    poller = DescriptorPoller(mailbox: mailbox)
    self.configuration = configuration
    account = MemoryAccount(limit: max(0, configuration.memoryLimit ?? 0))
  }

  /// The state of the thread that this runs on, or `nil` on any other thread.
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

  /// The running `lua_State`, with room for `slots` values more.
  func enter(_ slots: Int = 0) throws -> OpaquePointer {
    guard let host, clua_current() == host, let stack = host.pointee.running else {
      throw LuaError("a Lua state was used away from its thread", kind: .misuse)
    }
    guard lua_checkstack(stack, Int32(clamping: slots &+ Int(CLUA_SLOTS))) != 0 else {
      throw LuaError("stack overflow", kind: .memory)
    }
    return stack
  }

  /// Takes the error value off the stack and throws it, unless the status is that of
  /// success.
  func check(_ status: Int32, _ stack: OpaquePointer) throws {
    if status != LUA_OK { throw takeError(status, stack) }
  }

  /// Runs `body` and puts the stack back where it was, also when it throws.
  func balanced<Result>(
    _ slots: Int = 0, _ body: (OpaquePointer) throws -> Result
  ) throws -> Result {
    let stack = try enter(slots)
    let top = lua_gettop(stack)
    defer { lua_settop(stack, top) }
    return try body(stack)
  }

  // MARK: What there is

  /// The table of global variables.
  public var globals: LuaTable {
    get throws {
      let stack = try enter()
      clua_push_globals(stack)
      return LuaTable(reference: try takeReference(stack))
    }
  }

  /// How many bytes Lua holds now.
  public var memoryInUse: Int {
    get throws {
      _ = try enter()
      return Int(clua_memory_used(account.memory))
    }
  }

  /// Collects all garbage now.
  public func collectGarbage() throws {
    let stack = try enter()
    try check(clua_collect(stack), stack)
    releaseReferences(stack)
  }

  /// Makes the collector generational, as the command `lua` has it.
  public func useGenerationalCollector() throws {
    let stack = try enter()
    try check(clua_set_generational(stack), stack)
  }

  /// Whether `warn` writes to stderr.
  public func showWarnings(_ show: Bool) throws {
    clua_set_warnings(try enter(), show)
  }

  /// Opens Lua's standard libraries.
  public func openStandardLibraries() throws {
    let stack = try enter()
    try check(clua_open_libraries(stack), stack)
    try replaceExecute()
  }

  /// Where Lua is now, one call a line, as `debug.traceback` gives it. Level 0 is the
  /// running function, level 1 its caller.
  public func traceback(level: Int = 1) throws -> String {
    try balanced { stack in
      try check(clua_traceback(stack, stack, nil, Int32(level)), stack)
      return text(stack, -1)
    }
  }

  /// The position of the function at `level`, as in `script.lua:3: `; empty where it is
  /// not known.
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
  /// Makes every growing allocation fail from the `count`-th on; 0 ends that. For tests of
  /// what happens when there is no memory.
  func failAllocations(from count: Int) {
    account.memory.pointee.allocations = 0
    account.memory.pointee.fail_allocation = Int64(count)
  }

  /// How many growing allocations there were since ``failAllocations(from:)``.
  var allocationCount: Int { Int(account.memory.pointee.allocations) }
}
