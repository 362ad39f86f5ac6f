import CLua
import Lua

#if canImport(Glibc)
  @preconcurrency import Glibc
#elseif canImport(Darwin)
  @preconcurrency import Darwin
#endif

/// The signals that end a program.
///
/// Ctrl-C (SIGINT): the first one interrupts the script, the second one ends the program with 130.
/// At a prompt it ends only the statement that is typed. It is handled also where it was inherited
/// as ignored, as it is in a shell's background job.
///
/// SIGTERM and SIGHUP: the first one interrupts the script and gives the program a limited time to
/// end as it does otherwise, with what is paid for; then, or with a second signal, it ends at once.
/// Either way it dies by that signal. Where they were ignored when the program was started, as
/// under `nohup`, they stay ignored.
///
/// The handler only writes into a pipe; a thread of its own reads that.
///
/// `@unchecked Sendable`: `lock` guards every stored property below it.
final class StopSignals: @unchecked Sendable {
  /// What is done at a signal that ends the program.
  struct Actions: Sendable {
    var interpreter: LuaInterpreter
    /// How long a program goes on after SIGTERM or SIGHUP.
    var time: Duration
    /// Ends the run as it ends otherwise; waits for what is paid for.
    var end: @Sendable () -> Void
    /// Ends it at once.
    var abandon: @Sendable (LuaInterpreter) -> Void
  }

  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private var received = 0
  /// The SIGTERM or SIGHUP that the program dies by, and when at the latest.
  private var ending: (signal: Int32, deadline: ContinuousClock.Instant)?
  private var actions: Actions?
  private var thread: pthread_t?
  private var handled: [Int32] = []
  private var ends: (read: Int32, write: Int32) = (-1, -1)
  /// Whether somebody is to type, and where a signal is then told instead.
  private var isAtPrompt = false
  private var prompt: (read: Int32, write: Int32) = (-1, -1)
  /// Whether the program waits for a line of its standard input.
  private var isReading = false

  init() {
    pthread_mutex_init(lock, nil)
  }

  deinit {
    pthread_mutex_destroy(lock)
    lock.deallocate()
  }

  private func withLock<Result>(_ body: () -> Result) -> Result {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return body()
  }

  /// How many signals have come since the last ``forget()``.
  var count: Int { withLock { received } }

  /// The signal that the program is to die by, if one has come.
  var endingSignal: Int32? { withLock { ending?.signal } }

  /// What comes now counts as the first again.
  func forget() {
    withLock { received = 0 }
  }

  /// Handles the signals from now on.
  func watch(_ actions: Actions) {
    guard let ends = Self.makePipe(), let prompt = Self.makePipe() else { return }
    withLock {
      self.ends = ends
      self.prompt = prompt
      self.actions = actions
    }
    startThread()
    signalPipe = ends.write
    let handled = [SIGINT] + [SIGTERM, SIGHUP].filter { !Self.isIgnored($0) }
    withLock { self.handled = handled }
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { signal in
      let saved = errno
      var byte = UInt8(truncatingIfNeeded: signal)
      _ = write(signalPipe, &byte, 1)
      errno = saved
    }
    // Where the thread of Lua takes it, a read there must go on until the script is
    // interrupted; that is done by a signal of its own, which ends the read.
    action.sa_flags = SA_RESTART
    for signal in handled { sigaction(signal, &action, nil) }
  }

  private static func isIgnored(_ signal: Int32) -> Bool {
    var action = sigaction()
    guard sigaction(signal, nil, &action) == 0 else { return false }
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
      == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  private static func makePipe() -> (read: Int32, write: Int32)? {
    var ends: [Int32] = [-1, -1]
    guard clua_make_pipe(&ends) else { return nil }
    _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
    return (ends[0], ends[1])
  }

  /// Shows a prompt and waits until standard input has something to read; false where the
  /// signal came first, which then interrupts nothing and does not count.
  func waitForInput(at text: String) -> Bool {
    let end = withLock {
      isAtPrompt = true
      return prompt.read
    }
    defer { withLock { isAtPrompt = false } }
    Console.write(text)
    var inputs = [
      pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
      pollfd(fd: end, events: Int16(POLLIN), revents: 0),
    ]
    return reading {
      while poll(&inputs, 2, -1) < 0 {
        if errno != EINTR { return true }
      }
      guard inputs[1].revents != 0 else { return true }
      var byte: UInt8 = 0
      _ = read(end, &byte, 1)
      return false
    }
  }

  /// Waits for standard input: a signal that ends the program does so from here too.
  func reading<Result>(_ body: () -> Result) -> Result {
    withLock { isReading = true }
    defer { withLock { isReading = false } }
    return body()
  }

  /// Gives the signals back their default and ends the thread.
  func stop() {
    for handled in withLock({ handled }) { signal(handled, SIG_DFL) }
    var byte: UInt8 = 0
    let (end, thread) = withLock { (ends.write, self.thread) }
    guard let thread else { return }
    _ = write(end, &byte, 1)
    pthread_join(thread, nil)
    signalPipe = -1
    withLock {
      for end in [ends.read, ends.write, prompt.read, prompt.write] { close(end) }
      self.thread = nil
      actions = nil
    }
  }

  /// Ends the program as a signal does that nobody handles.
  static func die(by number: Int32) -> Never {
    clua_end_programs()
    signal(number, SIG_DFL)
    var wanted = sigset_t()
    sigemptyset(&wanted)
    sigaddset(&wanted, number)
    pthread_sigmask(SIG_UNBLOCK, &wanted, nil)
    kill(getpid(), number)
    // Another thread may take it a moment later.
    sleep(1)
    _exit(128 + number)
  }

  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  private static func detachThread(_ body: @escaping @Sendable () -> Void) {
    let context = Unmanaged.passRetained(Body(body)).toOpaque()
    let run: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
      if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
      return nil
    }
    #if canImport(Glibc)
      var thread = pthread_t()
      if pthread_create(&thread, nil, run, context) == 0 { pthread_detach(thread) }
    #else
      var thread: pthread_t?
      if pthread_create(&thread, nil, { run($0) }, context) == 0, let thread {
        pthread_detach(thread)
      }
    #endif
  }

  private func startThread() {
    let context = Unmanaged.passRetained(self)
    #if canImport(Glibc)
      var thread = pthread_t()
      let status = pthread_create(&thread, nil, { watchSignals($0) }, context.toOpaque())
    #else
      var thread: pthread_t?
      let status = pthread_create(&thread, nil, { watchSignals($0) }, context.toOpaque())
    #endif
    if status != 0 { return context.release() }
    withLock { self.thread = thread }
  }

  // MARK: The thread

  fileprivate func runThread() {
    // A program that was started by a thread with signals blocked, as the workers of Swift's
    // concurrency are, has them blocked in every thread; one that takes these is enough.
    clua_block_signals()
    var wanted = sigset_t()
    sigemptyset(&wanted)
    for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&wanted, signal) }
    pthread_sigmask(SIG_UNBLOCK, &wanted, nil)
    let end = withLock { ends.read }
    while true {
      var input = pollfd(fd: end, events: Int16(POLLIN), revents: 0)
      let count = poll(&input, 1, timeLeft())
      if count < 0 { continue }
      guard count > 0 else {
        abandon()
        continue
      }
      var byte: UInt8 = 0
      guard read(end, &byte, 1) == 1, byte != 0 else { return }
      take(Int32(byte))
    }
  }

  /// Milliseconds until the program ends at once; -1 is for ever.
  private func timeLeft() -> Int32 {
    guard let deadline = withLock({ ending?.deadline }) else { return -1 }
    let left = (deadline - ContinuousClock.now) / .milliseconds(1)
    return Int32(min(max(0, left.rounded(.up)), 1e9))
  }

  private func take(_ signal: Int32) {
    if signal == SIGINT { return interrupt() }
    let isFirst = withLock {
      guard ending == nil, received == 0 || isAtPrompt, let actions = self.actions else {
        return false
      }
      ending = (signal, ContinuousClock.now + actions.time)
      received += 1
      return true
    }
    guard isFirst else {
      withLock { if ending == nil { ending = (signal, ContinuousClock.now) } }
      return abandon()
    }
    let (interpreter, isReading, actions) = withLock {
      (self.actions?.interpreter, self.isReading, self.actions)
    }
    interpreter?.interrupt("terminated")
    // Nobody can wake the thread that reads a line: then this one ends the program, while it still
    // watches the time and the next signal.
    if isReading, let actions {
      Self.detachThread {
        actions.end()
        Self.die(by: signal)
      }
    }
  }

  private func abandon() {
    let (actions, signal) = withLock { (self.actions, ending?.signal) }
    guard let actions, let signal else { return }
    actions.abandon(actions.interpreter)
    Self.die(by: signal)
  }

  private func interrupt() {
    let (number, actions) = withLock {
      if isAtPrompt {
        var byte: UInt8 = 1
        _ = write(prompt.write, &byte, 1)
        return (0, Actions?.none)
      }
      received += 1
      return (received, self.actions)
    }
    guard let actions else { return }
    if number == 1 { return actions.interpreter.interrupt() }
    actions.abandon(actions.interpreter)
    clua_end_programs()
    _exit(130)
  }
}

/// Where the handler writes. Set before the handler is installed, and a signal handler
/// can reach nothing but a global variable.
private nonisolated(unsafe) var signalPipe: Int32 = -1

private func watchSignals(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let context else { return nil }
  Unmanaged<StopSignals>.fromOpaque(context).takeRetainedValue().runThread()
  return nil
}
