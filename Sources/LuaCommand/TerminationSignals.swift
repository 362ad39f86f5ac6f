import Lua
import Synchronization

#if canImport(Glibc)
  @preconcurrency import Glibc
#elseif canImport(Darwin)
  @preconcurrency import Darwin
#endif

/// Handles the signals that end the process.
///
/// Ctrl-C (SIGINT): the first one interrupts the script, the second one exits with code 130. At a
/// prompt it only cancels the statement that is being typed. It is handled even if the process
/// inherited it as ignored, as background jobs of a shell do.
///
/// SIGTERM and SIGHUP: the first one interrupts the script and gives the process a limited time to
/// shut down, which includes waiting for paid work. After that time, or at a second signal, the
/// process ends at once. In both cases it ends by that signal. If the process inherited the signal as
/// ignored, as under `nohup`, it stays ignored.
///
/// The signal handler only writes to a pipe, which a thread reads.
final class TerminationSignals: Sendable {
  /// How to react to a signal.
  struct Actions: Sendable {
    var interpreter: LuaInterpreter
    /// How long a shutdown may take after SIGTERM or SIGHUP.
    var shutdownTime: Duration
    /// Shuts down; waits for paid work.
    var shutDown: @Sendable () -> Void
    /// Called before the process ends at once.
    var abandon: @Sendable (LuaInterpreter) -> Void
  }

  private struct State {
    /// The number of signals since ``resetCount()``.
    var count = 0
    /// The SIGTERM or SIGHUP that ends the process, and when it does so at the latest.
    var ending: (signal: Int32, deadline: ContinuousClock.Instant)?
    var actions: Actions?
    var thread: PosixThread?
    var handledSignals: [Int32] = []
    /// From the signal handler to the thread.
    var signalPipe: WakeupPipe?
    /// From the thread to ``waitForInput(at:)``.
    var promptPipe: WakeupPipe?
    var isAtPrompt = false
    /// Whether an interactive session handles Ctrl-C itself.
    var isInteractive = false
    /// Whether a thread blocks in a read of standard input.
    var isReading = false
  }

  private let state = Mutex(State())

  /// The number of signals since the last ``resetCount()``.
  var count: Int { state.withLock { $0.count } }

  /// The SIGTERM or SIGHUP that ends the process, if one was received.
  var endingSignal: Int32? { state.withLock { $0.ending?.signal } }

  /// Makes the next signal count as the first.
  func resetCount() {
    state.withLock { $0.count = 0 }
  }

  /// Whether an interactive session of the host runs.
  var isInteractive: Bool { state.withLock { $0.isInteractive } }

  /// Runs a session that handles the signals itself.
  func whileInteractive<Result>(_ body: () -> Result) -> Result {
    state.withLock { $0.isInteractive = true }
    defer { state.withLock { $0.isInteractive = false } }
    return body()
  }

  /// Handles a signal that a session has received.
  func receive(_ signal: Int32) { handle(signal) }

  /// Handles the signals from now on.
  func watch(_ actions: Actions) {
    guard let signalPipe = Self.makePipe(), let promptPipe = Self.makePipe() else { return }
    let handled = [SIGINT] + [SIGTERM, SIGHUP].filter { !Self.isIgnored($0) }
    state.withLock { state in
      state.signalPipe = signalPipe
      state.promptPipe = promptPipe
      state.actions = actions
      state.handledSignals = handled
      state.thread = try? PosixThread { self.runThread(signalPipe) }
    }
    handlerDescriptor = signalPipe.writeEnd
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { signal in
      let saved = errno
      var byte = UInt8(truncatingIfNeeded: signal)
      _ = write(handlerDescriptor, &byte, 1)
      errno = saved
    }
    // If the Lua thread receives it, a read there must continue: the interrupt ends the read with a
    // signal of its own.
    action.sa_flags = SA_RESTART
    for signal in handled { sigaction(signal, &action, nil) }
  }

  private static func isIgnored(_ signal: Int32) -> Bool {
    var action = sigaction()
    guard sigaction(signal, nil, &action) == 0 else { return false }
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
      == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  private static func makePipe() -> WakeupPipe? {
    let pipe = WakeupPipe()
    if let pipe { _ = fcntl(pipe.writeEnd, F_SETFL, O_NONBLOCK) }
    return pipe
  }

  /// Shows a prompt and waits until standard input is readable. False if Ctrl-C came first; that
  /// signal interrupts nothing and is not counted.
  func waitForInput(at prompt: String) -> Bool {
    let promptPipe = state.withLock { state in
      state.isAtPrompt = true
      return state.promptPipe
    }
    defer { state.withLock { $0.isAtPrompt = false } }
    Console.write(prompt)
    let descriptor = promptPipe?.readEnd ?? -1
    var inputs = [
      pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
      pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
    ]
    return whileReadingInput {
      while poll(&inputs, 2, -1) < 0 {
        if errno != EINTR { return true }
      }
      guard inputs[1].revents != 0 else { return true }
      var byte: UInt8 = 0
      _ = read(descriptor, &byte, 1)
      return false
    }
  }

  /// Runs `body`, which blocks in a read of standard input; SIGTERM and SIGHUP still end the process.
  func whileReadingInput<Result>(_ body: () -> Result) -> Result {
    state.withLock { $0.isReading = true }
    defer { state.withLock { $0.isReading = false } }
    return body()
  }

  /// Resets the signals to their defaults and ends the thread.
  func stop() {
    for handled in state.withLock({ $0.handledSignals }) { signal(handled, SIG_DFL) }
    let (signalPipe, thread) = state.withLock { ($0.signalPipe, $0.thread) }
    guard let signalPipe, let thread else { return }
    var byte: UInt8 = 0
    _ = write(signalPipe.writeEnd, &byte, 1)
    thread.join()
    handlerDescriptor = -1
    state.withLock { state in
      state.signalPipe?.close()
      state.promptPipe?.close()
      state.thread = nil
      state.actions = nil
    }
  }

  // MARK: The thread

  private func runThread(_ pipe: WakeupPipe) {
    // A process inherits blocked signals from the thread that started it, such as a worker of Swift's
    // concurrency. It is enough that one thread receives these.
    PosixThread.blockSignals()
    var signals = sigset_t()
    sigemptyset(&signals)
    for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    while true {
      var input = pollfd(fd: pipe.readEnd, events: Int16(POLLIN), revents: 0)
      let count = poll(&input, 1, millisecondsLeft())
      if count < 0 { continue }
      guard count > 0 else {
        endAtOnce()
        continue
      }
      var byte: UInt8 = 0
      guard read(pipe.readEnd, &byte, 1) == 1, byte != 0 else { return }
      handle(Int32(byte))
    }
  }

  /// The time until the process must end; -1 means no limit.
  private func millisecondsLeft() -> Int32 {
    guard let deadline = state.withLock({ $0.ending?.deadline }) else { return -1 }
    let left = (deadline - ContinuousClock.now) / .milliseconds(1)
    return Int32(min(max(0, left.rounded(.up)), 1e9))
  }

  private func handle(_ signal: Int32) {
    if signal == SIGINT { return interrupt() }
    let isFirst = state.withLock { state in
      guard state.ending == nil, state.count == 0 || state.isAtPrompt, let actions = state.actions
      else { return false }
      state.ending = (signal, ContinuousClock.now + actions.shutdownTime)
      state.count += 1
      return true
    }
    guard isFirst else {
      state.withLock { state in
        if state.ending == nil { state.ending = (signal, ContinuousClock.now) }
      }
      return endAtOnce()
    }
    let (isReading, actions) = state.withLock { ($0.isReading, $0.actions) }
    actions?.interpreter.interrupt("terminated")
    // Nothing can wake a thread that reads a line. Shut down on another thread then, while this one
    // watches the deadline and further signals.
    if isReading, let actions {
      let shutDown = try? PosixThread {
        actions.shutDown()
        HostProcess.terminate(bySignal: signal)
      }
      shutDown?.detach()
    }
  }

  private func endAtOnce() {
    let (actions, signal) = state.withLock { ($0.actions, $0.ending?.signal) }
    guard let actions, let signal else { return }
    actions.abandon(actions.interpreter)
    HostProcess.terminate(bySignal: signal)
  }

  private func interrupt() {
    let (number, actions) = state.withLock { state in
      if state.isAtPrompt, let promptPipe = state.promptPipe {
        var byte: UInt8 = 1
        _ = write(promptPipe.writeEnd, &byte, 1)
        return (0, Actions?.none)
      }
      state.count += 1
      return (state.count, state.actions)
    }
    guard let actions else { return }
    if number == 1 { return actions.interpreter.interrupt() }
    actions.abandon(actions.interpreter)
    HostProcess.exitImmediately(130)
  }
}

/// Where the handler writes. Set before the handler is installed: a signal handler can use nothing
/// but global variables.
private nonisolated(unsafe) var handlerDescriptor: Int32 = -1
