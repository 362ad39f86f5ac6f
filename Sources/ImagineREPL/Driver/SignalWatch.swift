import Lua

#if canImport(Glibc)
  @preconcurrency import Glibc
#elseif canImport(Musl)
  @preconcurrency import Musl
#elseif canImport(Darwin)
  @preconcurrency import Darwin
#endif

/// The signals that the driver reacts to, as bytes of a pipe, and the restoring of the terminal when
/// the process ends in another way.
final class SignalWatch: Sendable {
  /// Readable when a signal has come: one byte each, its number.
  let readEnd: Int32
  private let pipe: WakeupPipe
  /// The actions before, which ``stop()`` brings back.
  private let previous: [(signal: Int32, action: SavedAction)]

  /// `@unchecked Sendable`: never changed.
  private struct SavedAction: @unchecked Sendable {
    var action: sigaction
  }

  private static let watched = [SIGINT, SIGWINCH, SIGCONT, SIGTERM, SIGHUP]
  private static let fatal = [SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGQUIT]

  init?(_ terminal: TerminalDevice, _ streams: StreamSwitch) {
    guard let pipe = WakeupPipe() else { return nil }
    self.pipe = pipe
    readEnd = pipe.readEnd
    _ = fcntl(pipe.writeEnd, F_SETFL, O_NONBLOCK)
    _ = fcntl(pipe.readEnd, F_SETFL, O_NONBLOCK)
    signalDescriptor = pipe.writeEnd
    crashState = CrashState(
      terminal: terminal.input, output: terminal.output, pipe: streams.readEnd,
      modes: terminal.cookedModes)
    var previous: [(Int32, SavedAction)] = []
    for signal in Self.watched {
      var old = sigaction()
      sigaction(signal, nil, &old)
      // `nohup` has the program ignore it.
      let isIgnored =
        unsafeBitCast(old.__sigaction_handler.sa_handler, to: Int.self)
        == unsafeBitCast(SIG_IGN, to: Int.self)
      if isIgnored, signal == SIGHUP || signal == SIGTERM { continue }
      previous.append((signal, SavedAction(action: old)))
      var action = sigaction()
      action.__sigaction_handler.sa_handler = noteSignal
      action.sa_flags = SA_RESTART
      sigaction(signal, &action, nil)
    }
    for signal in Self.fatal {
      var old = sigaction()
      sigaction(signal, nil, &old)
      previous.append((signal, SavedAction(action: old)))
      var action = sigaction()
      action.__sigaction_handler.sa_handler = restoreAndDie
      action.sa_flags = Int32(bitPattern: UInt32(truncatingIfNeeded: SA_RESETHAND))
      sigaction(signal, &action, nil)
    }
    self.previous = previous
    // The mask may be inherited from a thread that blocks signals; one thread must receive these.
    var mask = sigset_t()
    sigemptyset(&mask)
    for signal in Self.watched { sigaddset(&mask, signal) }
    pthread_sigmask(SIG_UNBLOCK, &mask, nil)
    atexit { restoreTerminal() }
  }

  func take() -> [Int32] {
    var buffer = [UInt8](repeating: 0, count: 64)
    let count = systemRead(readEnd, &buffer, buffer.count)
    return count > 0 ? buffer[..<count].map(Int32.init) : []
  }

  /// Brings back the actions of before.
  func stop() {
    for (signal, saved) in previous {
      var action = saved.action
      sigaction(signal, &action, nil)
    }
    signalDescriptor = -1
    crashState = nil
  }
}

/// What a handler needs. A signal handler can use nothing but global variables; these are set before
/// the handlers are installed.
private nonisolated(unsafe) var signalDescriptor: Int32 = -1
private nonisolated(unsafe) var crashState: CrashState?

private struct CrashState {
  var terminal: Int32
  var output: Int32
  var pipe: Int32
  var modes: termios
}

private let noteSignal: @convention(c) (Int32) -> Void = { signal in
  let saved = errno
  var byte = UInt8(truncatingIfNeeded: signal)
  _ = systemWrite(signalDescriptor, &byte, 1)
  errno = saved
}

private let restoreAndDie: @convention(c) (Int32) -> Void = { signal in
  restoreTerminal()
  raise(signal)
}

/// Gives the terminal its modes and what is still in the pipe, such as the reason of a crash. Uses
/// only functions that a signal handler may call.
private func restoreTerminal() {
  guard var state = crashState else { return }
  tcsetattr(state.terminal, TCSANOW, &state.modes)
  // The end of marked pastes, as bytes: a handler must not make a string.
  var marks: (UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8) =
    (0x1b, 0x5b, 0x3f, 0x32, 0x30, 0x30, 0x34, 0x6c)
  _ = systemWrite(state.output, &marks, 8)
  withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
    guard let start = buffer.baseAddress else { return }
    while true {
      let count = systemRead(state.pipe, start, buffer.count)
      if count <= 0 { break }
      _ = systemWrite(state.output, start, count)
    }
  }
}
