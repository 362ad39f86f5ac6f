import CProcess
import ImagineCore

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

  /// - Parameters:
  ///   - environment: the whole of it; nothing is inherited.
  ///   - message: what the child finds on its standard input, at most 4096 bytes.
  /// - Throws: ``ImagineError`` of kind `io`.
  init(
    program: String, arguments: [String], environment: [String: String], message: String
  ) throws(ImagineError) {
    var process: pid_t = 0
    var ends: (input: Int32, output: Int32) = (-1, -1)
    let failure = withCStrings([program] + arguments) { arguments in
      withCStrings(environment.map { "\($0.key)=\($0.value)" }) { environment in
        imagine_child_start(
          program, arguments, environment, message, &process, &ends.input, &ends.output)
      }
    }
    guard failure == 0 else {
      throw ImagineError(.io, "cannot start \(program): \(String(cString: strerror(failure)))")
    }
    processID = process
    (input, output) = ends
  }

  /// Whether the child still runs.
  var isRunning: Bool {
    var status: Int32 = 0
    return waitpid(processID, &status, WNOHANG) == 0
  }

  /// The next line that the child prints; nil where it ends or is silent for too long.
  func readLine(within seconds: Double) -> String? {
    var line: [UInt8] = []
    let deadline = ContinuousClock.now + .seconds(seconds)
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

  /// Lets the child end: orderly within the grace, by force after it. Its standard output reaches
  /// its end when it is gone.
  func stop(grace seconds: Double) {
    close(input)
    while readLine(within: seconds) != nil {}
    var status: Int32 = 0
    if waitpid(processID, &status, WNOHANG) == 0 {
      var poll = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
      if Self.systemPoll(&poll, 1, 0) == 0 { kill(-processID, SIGKILL) }
      while waitpid(processID, &status, 0) < 0, errno == EINTR {}
    }
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

/// Calls a function with a null-terminated array of C strings.
private func withCStrings<Result>(
  _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
  var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
  pointers.append(nil)
  defer { pointers.forEach { free($0) } }
  return body(pointers)
}
