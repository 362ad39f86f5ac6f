import CLua

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The thread that a Lua state lives on, from its first to its last instruction.
final class Engine: Sendable {
  let mailbox: Mailbox
  let configuration: LuaConfiguration
  private let thread: ThreadHandle
  private let ended: Gate

  /// Starts the thread and makes the state on it.
  init(mailbox: Mailbox, interrupter: Interrupter, configuration: LuaConfiguration) throws {
    self.mailbox = mailbox
    self.configuration = configuration
    let opening = Opening(
      mailbox: mailbox, interrupter: interrupter, configuration: configuration)
    ended = opening.hasEnded
    thread = try ThreadHandle(stackSize: configuration.stackSize) { opening.runThread() }
    do {
      try opening.wait()
    } catch {
      thread.join()
      throw error
    }
  }

  /// Whether this runs on the thread of Lua.
  var isCurrent: Bool { LuaState.current?.mailbox === mailbox }

  /// Ends the thread when what runs there has ended; with `waits`, returns then.
  func close(waits: Bool) {
    mailbox.close()
    if waits {
      ended.wait()
      thread.join()
    } else {
      thread.detach()
    }
  }
}

/// A POSIX thread that is joined or detached once.
///
/// `@unchecked Sendable`: `lock` guards `isGone`; `thread` never changes.
private final class ThreadHandle: @unchecked Sendable {
  private let thread: pthread_t
  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private var isGone = false

  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  init(stackSize: Int, _ body: @escaping @Sendable () -> Void) throws {
    pthread_mutex_init(lock, nil)
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, stackSize)
    let context = Unmanaged.passRetained(Body(body))
    #if canImport(Glibc)
      var created = pthread_t()
      let status = pthread_create(&created, &attributes, { runThreadBody($0) }, context.toOpaque())
    #else
      var handle: pthread_t?
      let status = pthread_create(&handle, &attributes, { runThreadBody($0) }, context.toOpaque())
      guard let created = handle else { throw LuaError("no thread for Lua", kind: .memory) }
    #endif
    guard status == 0 else {
      context.release()
      throw LuaError("no thread for Lua: error \(status)", kind: .memory)
    }
    thread = created
  }

  fileprivate static func run(_ context: UnsafeMutableRawPointer) {
    Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
  }

  deinit {
    pthread_mutex_destroy(lock)
    lock.deallocate()
  }

  func join() {
    if takeTurn() { pthread_join(thread, nil) }
  }

  func detach() {
    if takeTurn() { pthread_detach(thread) }
  }

  private func takeTurn() -> Bool {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    if isGone { return false }
    isGone = true
    return true
  }
}

private func runThreadBody(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  if let context { ThreadHandle.run(context) }
  return nil
}

/// The making of a state on its thread, while another thread waits for it.
///
/// `@unchecked Sendable`: `failure` is written before the semaphore is raised and read
/// after.
private final class Opening: @unchecked Sendable {
  let mailbox: Mailbox
  let interrupter: Interrupter
  let configuration: LuaConfiguration
  let hasEnded = Gate()
  private let isOpen = Gate()
  private var failure: (any Error)?

  init(mailbox: Mailbox, interrupter: Interrupter, configuration: LuaConfiguration) {
    self.mailbox = mailbox
    self.interrupter = interrupter
    self.configuration = configuration
  }

  func wait() throws {
    isOpen.wait()
    if let failure { throw failure }
  }

  func runThread() {
    defer {
      interrupter.finish()
      hasEnded.open()
    }
    let state = LuaState(
      mailbox: mailbox, interrupter: interrupter, configuration: configuration)
    do {
      try state.open()
    } catch {
      failure = error
      state.close()
      isOpen.open()
      return
    }
    mailbox.attach(state.host)
    isOpen.open()
    state.runLoop()
    mailbox.attach(nil)
    state.close()
    for job in mailbox.takeAllJobs() { job.refuse() }
  }
}

/// Opens once; whoever waits goes on then.
///
/// `@unchecked Sendable`: `lock` guards `isOpen`.
final class Gate: @unchecked Sendable {
  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let opened = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var isOpen = false

  init() {
    pthread_mutex_init(lock, nil)
    pthread_cond_init(opened, nil)
  }

  deinit {
    pthread_cond_destroy(opened)
    pthread_mutex_destroy(lock)
    opened.deallocate()
    lock.deallocate()
  }

  func open() {
    pthread_mutex_lock(lock)
    isOpen = true
    pthread_cond_broadcast(opened)
    pthread_mutex_unlock(lock)
  }

  func wait() {
    pthread_mutex_lock(lock)
    while !isOpen { pthread_cond_wait(opened, lock) }
    pthread_mutex_unlock(lock)
  }
}
