import CProcess
import Dispatch
package import ImagineAPI
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A child process that ends when this process ends.
///
/// Its standard input is a pipe whose write end only this process holds (it is closed on exec). The
/// child reads the end of it when ``stop(grace:)`` closes it and when this process is killed. The
/// child has its own process group, so that Ctrl-C in the terminal does not reach it.
package final class ChildProcess: Sendable {
  private let processID: pid_t
  /// Write end of the child's standard input.
  private let input: Int32
  /// Read end of the child's standard output.
  private let output: Int32
  /// The child's standard error.
  package let errors: ErrorOutput
  private let isReaped = Mutex(false)

  /// - Parameters:
  ///   - environment: the complete environment; nothing is inherited.
  ///   - message: bytes for its standard input, at most 4096.
  /// - Throws: ``ImagineError`` of kind `io`.
  package init(
    program: String, arguments: [String], environment: [String: String], message: String
  ) throws(ImagineError) {
    var process: pid_t = 0
    var ends: (input: Int32, output: Int32, errors: Int32) = (-1, -1, -1)
    let words = ([program] + arguments).map { Array($0.utf8) }
    let failure = withCStrings(words) { arguments in
      withCStrings(environment.map { Array("\($0.key)=\($0.value)".utf8) }) { environment in
        imagine_child_start(
          program, arguments, environment, message, &process, &ends.input, &ends.output,
          &ends.errors)
      }
    }
    guard failure == 0 else {
      throw ImagineError(.io, "cannot start \(program): \(SystemError.reason(failure))")
    }
    processID = process
    (input, output) = (ends.input, ends.output)
    errors = ErrorOutput()
    errors.read(from: ends.errors) { [weak self] in self?.reapSoon() }
  }

  /// Whether the child is running.
  package var isRunning: Bool { !reap() }

  /// Calls `waitpid`, so that the ended child leaves the process table.
  ///
  /// - Returns: whether the child has ended. Then its id may belong to another process.
  private func reap() -> Bool {
    isReaped.withLock { isReaped in
      var status: Int32 = 0
      if !isReaped, waitpid(processID, &status, WNOHANG) != 0 { isReaped = true }
      return isReaped
    }
  }

  /// A child that has closed its standard error is about to end.
  private func reapSoon() {
    for _ in 0..<50 where !reap() { usleep(2000) }
  }

  /// The next line of the child's output; nil at its end or after the timeout.
  package func readLine(within seconds: Double) -> String? {
    var line: [UInt8] = []
    let deadline = ContinuousClock.now + .clamped(seconds: seconds)
    while true {
      let left = (deadline - .now) / .milliseconds(1)
      var poll = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
      guard left > 0 else { return nil }
      let ready = systemPoll(&poll, 1, Int32(left.rounded(.up)))
      if ready < 0, errno == EINTR { continue }
      guard ready > 0 else { return nil }
      var byte: UInt8 = 0
      guard read(output, &byte, 1) == 1 else { return nil }
      if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
      line.append(byte)
    }
  }

  /// Stops the child: closes its input, and kills it after the grace period.
  package func stop(grace seconds: Double) {
    close(input)
    // The child's output ends when the child ends.
    while readLine(within: seconds) != nil {}
    let deadline = ContinuousClock.now + .clamped(seconds: seconds)
    while !reap(), ContinuousClock.now < deadline { usleep(1000) }
    isReaped.withLock { isReaped in
      if !isReaped { kill(-processID, SIGKILL) }
    }
    while !reap() { usleep(1000) }
    close(output)
  }
}

/// Calls a function with a null-terminated array of C strings, of texts without zero bytes.
func withCStrings<Result>(
  _ strings: [[UInt8]], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
  var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { bytes in
    let copy = malloc(bytes.count + 1)?.bindMemory(to: CChar.self, capacity: bytes.count + 1)
    for (index, byte) in (bytes + [0]).enumerated() { copy?[index] = CChar(bitPattern: byte) }
    return copy
  }
  pointers.append(nil)
  defer { pointers.forEach { free($0) } }
  return body(pointers)
}

/// A child's standard error. It is kept until the outcome of the start is known, then forwarded to
/// that of this process. The last bytes stay available to explain why the child ended.
package final class ErrorOutput: Sendable {
  private struct State {
    var tail: [UInt8] = []
    var isForwarded = false
  }

  private static let maxTailBytes = 4096
  private let state = Mutex(State())
  private let ended = DispatchGroup()

  /// Reads to the end, on its own thread.
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
    let isForwarded = state.withLock { state in
      state.tail.append(contentsOf: bytes)
      state.tail.removeFirst(max(0, state.tail.count - Self.maxTailBytes))
      return state.isForwarded
    }
    if isForwarded { Self.writeToStandardError(bytes) }
  }

  /// Forwards what the child has written and will write.
  package func forward() {
    let received = state.withLock { state in
      state.isForwarded = true
      return state.tail
    }
    Self.writeToStandardError(received[...])
  }

  private static func writeToStandardError(_ bytes: ArraySlice<UInt8>) {
    _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  /// The last lines of an ended child; nil if it wrote none.
  package var lastLines: String? {
    _ = ended.wait(timeout: .now() + 1)
    let text = String(decoding: state.withLock { $0.tail }, as: UTF8.self)
    let lines = text.split(whereSeparator: \.isNewline).suffix(5)
    return lines.isEmpty ? nil : lines.joined(separator: "; ")
  }
}
