import Lua

#if canImport(Glibc)
  @preconcurrency import Glibc
#elseif canImport(Darwin)
  @preconcurrency import Darwin
#endif

/// Ctrl-C: the first one interrupts the script, the second one ends the program with 130.
///
/// At a prompt it ends only the statement that is typed.
///
/// The handler only writes into a pipe; a thread of its own reads that. It handles the
/// signal also where it was inherited as ignored, as it is in a shell's background job.
///
/// `@unchecked Sendable`: `lock` guards every stored property below it.
final class InterruptSignal: @unchecked Sendable {
  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private var received = 0
  private var interpreter: LuaInterpreter?
  private var whenAbandoned: (@Sendable (LuaInterpreter) -> Void)?
  private var thread: pthread_t?
  private var ends: (read: Int32, write: Int32) = (-1, -1)
  /// Whether somebody is to type, and where a signal is then told instead.
  private var isAtPrompt = false
  private var prompt: (read: Int32, write: Int32) = (-1, -1)

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

  /// What comes now counts as the first again.
  func forget() {
    withLock { received = 0 }
  }

  /// Handles the signal from now on.
  func watch(
    _ interpreter: LuaInterpreter, whenAbandoned: @escaping @Sendable (LuaInterpreter) -> Void
  ) {
    guard let ends = Self.makePipe(), let prompt = Self.makePipe() else { return }
    withLock {
      self.ends = ends
      self.prompt = prompt
      self.interpreter = interpreter
      self.whenAbandoned = whenAbandoned
    }
    startThread()
    signalPipe = ends.write
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in
      let saved = errno
      var byte: UInt8 = 1
      _ = write(signalPipe, &byte, 1)
      errno = saved
    }
    // Where the thread of Lua takes it, a read there must go on until the script is
    // interrupted; that is done by a signal of its own, which ends the read.
    action.sa_flags = SA_RESTART
    sigaction(SIGINT, &action, nil)
  }

  private static func makePipe() -> (read: Int32, write: Int32)? {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return nil }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
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
    while poll(&inputs, 2, -1) < 0 {
      if errno != EINTR { return true }
    }
    guard inputs[1].revents != 0 else { return true }
    var byte: UInt8 = 0
    _ = read(end, &byte, 1)
    return false
  }

  /// Gives the signal back its default and ends the thread.
  func stop() {
    signal(SIGINT, SIG_DFL)
    var byte: UInt8 = 0
    let (end, thread) = withLock { (ends.write, self.thread) }
    guard let thread else { return }
    _ = write(end, &byte, 1)
    pthread_join(thread, nil)
    signalPipe = -1
    withLock {
      for end in [ends.read, ends.write, prompt.read, prompt.write] { close(end) }
      self.thread = nil
      interpreter = nil
    }
  }

  private func startThread() {
    let context = Unmanaged.passRetained(self)
    #if canImport(Glibc)
      var thread = pthread_t()
      let status = pthread_create(&thread, nil, { watchInterrupts($0) }, context.toOpaque())
    #else
      var thread: pthread_t?
      let status = pthread_create(&thread, nil, { watchInterrupts($0) }, context.toOpaque())
    #endif
    if status != 0 { return context.release() }
    withLock { self.thread = thread }
  }

  fileprivate func runThread() {
    // A program that was started by a thread with signals blocked, as the workers of Swift's
    // concurrency are, has them blocked in every thread; one that takes this signal is enough.
    var wanted = sigset_t()
    sigemptyset(&wanted)
    sigaddset(&wanted, SIGINT)
    pthread_sigmask(SIG_UNBLOCK, &wanted, nil)
    let end = withLock { ends.read }
    var byte: UInt8 = 0
    while true {
      let count = read(end, &byte, 1)
      if count < 0 && errno == EINTR { continue }
      if count != 1 || byte == 0 { return }
      interrupt()
    }
  }

  private func interrupt() {
    let (number, interpreter, whenAbandoned) = withLock {
      if isAtPrompt {
        var byte: UInt8 = 1
        _ = write(prompt.write, &byte, 1)
        return (0, LuaInterpreter?.none, self.whenAbandoned)
      }
      received += 1
      return (received, self.interpreter, self.whenAbandoned)
    }
    guard let interpreter else { return }
    if number == 1 { return interpreter.interrupt() }
    whenAbandoned?(interpreter)
    _exit(130)
  }
}

/// Where the handler writes. Set before the handler is installed, and a signal handler
/// can reach nothing but a global variable.
private nonisolated(unsafe) var signalPipe: Int32 = -1

private func watchInterrupts(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let context else { return nil }
  Unmanaged<InterruptSignal>.fromOpaque(context).takeRetainedValue().runThread()
  return nil
}
