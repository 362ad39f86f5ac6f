import CProcess
import Dispatch
import ImagineCore
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A program started as a child that lives no longer than this process.
///
/// Its standard input is a pipe whose other end only this process holds (it is closed on exec): the
/// child sees the end of it when it is told to stop, and also when this process is killed. It has a
/// process group of its own, so that a Ctrl-C in the terminal does not reach it.
final class ChildProcess: Sendable {
  private let processID: pid_t
  /// Write end of the child's standard input.
  private let input: Int32
  /// Read end of the child's standard output.
  private let output: Int32
  /// What the child says on its standard error.
  let errors: ErrorOutput
  private let isReaped = Mutex(false)

  /// - Parameters:
  ///   - environment: the whole of it; nothing is inherited.
  ///   - message: what the child finds on its standard input, at most 4096 bytes.
  /// - Throws: ``ImagineError`` of kind `io`.
  init(
    program: String, arguments: [String], environment: [String: String], message: String
  ) throws(ImagineError) {
    var process: pid_t = 0
    var ends: (input: Int32, output: Int32, errors: Int32) = (-1, -1, -1)
    let failure = withCStrings([program] + arguments) { arguments in
      withCStrings(environment.map { "\($0.key)=\($0.value)" }) { environment in
        imagine_child_start(
          program, arguments, environment, message, &process, &ends.input, &ends.output,
          &ends.errors)
      }
    }
    guard failure == 0 else {
      throw ImagineError(.io, "cannot start \(program): \(String(cString: strerror(failure)))")
    }
    processID = process
    (input, output) = (ends.input, ends.output)
    errors = ErrorOutput()
    errors.read(from: ends.errors) { [weak self] in self?.reapSoon() }
  }

  /// Whether the child still runs.
  var isRunning: Bool { !reap() }

  /// Takes note of the child's end, so that it does not stay in the process table.
  ///
  /// - Returns: whether it has ended. Its id may be another process's then.
  private func reap() -> Bool {
    isReaped.withLock { isReaped in
      var status: Int32 = 0
      if !isReaped, waitpid(processID, &status, WNOHANG) != 0 { isReaped = true }
      return isReaped
    }
  }

  /// A child whose standard error has ended is about to end.
  private func reapSoon() {
    for _ in 0..<50 where !reap() { usleep(2000) }
  }

  /// The next line that the child prints; nil where it ends or is silent for too long.
  func readLine(within seconds: Double) -> String? {
    var line: [UInt8] = []
    let deadline = ContinuousClock.now + .clamped(seconds: seconds)
    while true {
      let left = (deadline - .now) / .milliseconds(1)
      var poll = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
      guard left > 0 else { return nil }
      let ready = Self.systemPoll(&poll, 1, Int32(left.rounded(.up)))
      if ready < 0, errno == EINTR { continue }
      guard ready > 0 else { return nil }
      var byte: UInt8 = 0
      guard read(output, &byte, 1) == 1 else { return nil }
      if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
      line.append(byte)
    }
  }

  /// Lets the child end: orderly within the grace, by force after it.
  func stop(grace seconds: Double) {
    close(input)
    // Its standard output reaches its end when it is gone.
    while readLine(within: seconds) != nil {}
    let deadline = ContinuousClock.now + .clamped(seconds: seconds)
    while !reap(), ContinuousClock.now < deadline { usleep(1000) }
    isReaped.withLock { isReaped in
      if !isReaped { kill(-processID, SIGKILL) }
    }
    while !reap() { usleep(1000) }
    close(output)
  }

  #if canImport(Glibc)
    private static let systemPoll = Glibc.poll
  #elseif canImport(Musl)
    private static let systemPoll = Musl.poll
  #elseif canImport(Darwin)
    private static let systemPoll = Darwin.poll
  #endif
}

#if canImport(Glibc)
  private let systemRead = Glibc.read
#elseif canImport(Musl)
  private let systemRead = Musl.read
#elseif canImport(Darwin)
  private let systemRead = Darwin.read
#endif

/// Calls a function with a null-terminated array of C strings.
private func withCStrings<Result>(
  _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
  var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
  pointers.append(nil)
  defer { pointers.forEach { free($0) } }
  return body(pointers)
}

/// The standard error of a child: kept until it is known how the child started, then passed on to
/// that of this process. Its end stays at hand to tell why the child ended.
final class ErrorOutput: Sendable {
  private struct State {
    var tail: [UInt8] = []
    var isPassedOn = false
  }

  private static let longestTail = 4096
  private let state = Mutex(State())
  private let ended = DispatchGroup()

  /// Reads until the end, on a thread of its own.
  fileprivate func read(from descriptor: Int32, atEnd: @escaping @Sendable () -> Void) {
    ended.enter()
    DispatchQueue(label: "imagine.child.errors").async { [self] in
      var piece = [UInt8](repeating: 0, count: 4096)
      while true {
        let count = systemRead(descriptor, &piece, piece.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { break }
        received(piece[..<count])
      }
      close(descriptor)
      ended.leave()
      atEnd()
    }
  }

  private func received(_ bytes: ArraySlice<UInt8>) {
    let isPassedOn = state.withLock { state in
      state.tail.append(contentsOf: bytes)
      state.tail.removeFirst(max(0, state.tail.count - Self.longestTail))
      return state.isPassedOn
    }
    if isPassedOn { Self.show(bytes) }
  }

  /// Shows what the child said so far, and what it will say.
  func passOn() {
    let said = state.withLock { state in
      state.isPassedOn = true
      return state.tail
    }
    Self.show(said[...])
  }

  private static func show(_ bytes: ArraySlice<UInt8>) {
    _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  /// What a child said last that has ended; nil where it said nothing.
  var lastWords: String? {
    _ = ended.wait(timeout: .now() + 1)
    let text = String(decoding: state.withLock { $0.tail }, as: UTF8.self)
    let lines = text.split(whereSeparator: \.isNewline).suffix(5)
    return lines.isEmpty ? nil : lines.joined(separator: "; ")
  }
}
