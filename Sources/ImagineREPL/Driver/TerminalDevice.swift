import Lua
import Synchronization

#if canImport(Glibc)
  @preconcurrency import Glibc
#elseif canImport(Musl)
  @preconcurrency import Musl
#elseif canImport(Darwin)
  @preconcurrency import Darwin
#endif

/// The terminal through descriptors of the driver's own, which nothing else closes or redirects.
struct TerminalDevice: Sendable {
  let input: Int32
  let output: Int32
  /// The modes at the start, and after each statement: those of a usual terminal.
  private(set) var cookedModes: termios
  private let rawModes: termios

  /// Nil if standard input or output is no terminal.
  init?() {
    guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else { return nil }
    input = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 20)
    output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 20)
    var modes = termios()
    guard input >= 0, output >= 0, tcgetattr(input, &modes) == 0 else { return nil }
    cookedModes = modes
    var raw = modes
    cfmakeraw(&raw)
    // What is typed behind Enter may be read as a line later, so Enter is a line end here too.
    raw.c_iflag |= modes.c_iflag & tcflag_t(ICRNL)
    rawModes = raw
  }

  /// Keys arrive at once, Ctrl-C and Ctrl-Z among them, and pastes are marked. What was typed ahead
  /// stays.
  ///
  /// - Returns: how many bytes of it there are; a Ctrl-D among them is a zero.
  func setRaw() -> Int {
    var modes = rawModes
    while tcsetattr(input, TCSADRAIN, &modes) != 0, errno == EINTR {}
    var count: Int32 = 0
    if ioctl(input, UInt(FIONREAD), &count) != 0 { count = 0 }
    write(Array("\u{1b}[?2004h".utf8))
    return Int(max(0, count))
  }

  /// Lines are edited by the terminal, and Ctrl-C is a signal.
  func setCooked() {
    write(Array("\u{1b}[?2004l".utf8))
    var modes = cookedModes
    while tcsetattr(input, TCSADRAIN, &modes) != 0, errno == EINTR {}
  }

  /// Columns and rows; 80 × 24 if the terminal does not tell.
  var size: (columns: Int, rows: Int) {
    var size = winsize()
    guard ioctl(output, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
      return (80, 24)
    }
    return (Int(size.ws_col), Int(size.ws_row))
  }

  func write(_ bytes: [UInt8]) {
    var start = 0
    while start < bytes.count {
      let count = bytes[start...].withUnsafeBytes { systemWrite(output, $0.baseAddress, $0.count) }
      if count > 0 { start += count } else if errno != EINTR, errno != EAGAIN { return }
    }
  }

  func isReadable(within milliseconds: Int32) -> Bool {
    TerminalStreams.waitReadable([input], milliseconds: milliseconds)[0]
  }

  /// What has arrived, up to a number of bytes; nil at the end of the terminal.
  func read(_ limit: Int = 1 << 16) -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: limit)
    let count = systemRead(input, &buffer, buffer.count)
    if count > 0 { return Array(buffer[..<count]) }
    return count < 0 && (errno == EINTR || errno == EAGAIN) ? [] : nil
  }
}

/// The standard streams: while the prompt is shown, input is empty and output goes through a pipe to
/// the driver; while a statement runs, they are the terminal.
///
/// `@unchecked Sendable`: descriptors that do not change; the Lua thread switches between the two.
final class StreamSwitch: @unchecked Sendable {
  /// The driver reads here what is printed while the prompt is shown.
  let readEnd: Int32
  private let writeEnd: Int32
  private let nothing: Int32
  private let terminal: TerminalDevice
  /// Whether stderr is the terminal; if not, it is left alone.
  private let switchesErrors: Bool
  private let hasEnded = Mutex(false)

  init?(_ terminal: TerminalDevice) {
    self.terminal = terminal
    guard let pipe = WakeupPipe() else { return nil }
    readEnd = fcntl(pipe.readEnd, F_DUPFD_CLOEXEC, 20)
    writeEnd = fcntl(pipe.writeEnd, F_DUPFD_CLOEXEC, 20)
    pipe.close()
    nothing = fcntl(STDIN_FILENO, F_GETFD) >= 0 ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1
    guard readEnd >= 0, writeEnd >= 0, nothing >= 0 else { return nil }
    switchesErrors = isatty(STDERR_FILENO) == 1
    _ = fcntl(readEnd, F_SETFL, O_NONBLOCK)
  }

  /// Gives the terminal to the statement that begins. On the Lua thread.
  func toTerminal() {
    TerminalStreams.flushOutput()
    hasEnded.withLock { hasEnded in
      if !hasEnded { connect(input: terminal.input, output: terminal.output) }
    }
    TerminalStreams.resetInput()
  }

  /// Takes the terminal back when the statement has ended. On the Lua thread.
  func toPipe() {
    TerminalStreams.flushOutput()
    hasEnded.withLock { hasEnded in
      if !hasEnded { connect(input: nothing, output: writeEnd) }
    }
    TerminalStreams.resetInput()
  }

  /// Connects the streams as they were at the start for good, without flushing: the session ends, and
  /// a statement may still run.
  func restore() {
    hasEnded.withLock { hasEnded in
      hasEnded = true
      connect(input: terminal.input, output: terminal.output)
    }
  }

  private func connect(input: Int32, output: Int32) {
    dup2(input, STDIN_FILENO)
    dup2(output, STDOUT_FILENO)
    if switchesErrors { dup2(output, STDERR_FILENO) }
  }

  /// What has been printed since the last call.
  func drain() -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while bytes.count < 1 << 20 {
      let count = systemRead(readEnd, &buffer, buffer.count)
      if count <= 0 { break }
      bytes += buffer[..<count]
    }
    return bytes
  }
}

func systemRead(_ file: Int32, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
  read(file, buffer, count)
}

func systemWrite(_ file: Int32, _ buffer: UnsafeRawPointer?, _ count: Int) -> Int {
  write(file, buffer, count)
}
