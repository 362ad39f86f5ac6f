import CProcess
import Dispatch
package import ImagineAPI

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A program of the user's that runs to its end. It has a process group of its own, which ends with
/// this process.
package struct CommandProcess: Sendable {
  /// How it ended.
  package enum End: Sendable, Hashable {
    case exited(Int32)
    case killed(signal: Int32)
    /// It was killed because its time was over.
    case timedOut
  }

  /// The path of the program.
  let program: String
  let arguments: [String]
  let environment: [String: String]
  /// The limit of its address space in bytes; nil for none.
  let memory: UInt64?

  private static let maxTailBytes = 4096

  package init(
    program: String, arguments: [String], environment: [String: String], memory: UInt64? = nil
  ) {
    self.program = program
    self.arguments = arguments
    self.environment = environment
    self.memory = memory
  }

  /// The path of a program: the name itself if it has a slash, else in a folder of PATH.
  package static func path(of name: String, in environment: [String: String]) -> String? {
    if name.contains("/") { return name }
    return (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
      .first { access($0, X_OK) == 0 }
  }

  /// Runs it.
  ///
  /// - Parameter deadline: when to kill it; nil for no limit.
  /// - Returns: how it ended, and the last lines of its standard error.
  /// - Throws: ``ImagineError`` of kind `io` if it could not be started.
  package func run(by deadline: Deadline?) async throws -> (end: End, errors: String) {
    try await withCheckedThrowingContinuation { continuation in
      // It waits in system calls, for as long as the program runs.
      DispatchQueue(label: "imagine.command").async {
        continuation.resume(with: Result { try waitForEnd(by: deadline) })
      }
    }
  }

  private func waitForEnd(by deadline: Deadline?) throws(ImagineError) -> (End, String) {
    var supervisor: pid_t = 0
    var (control, errors): (Int32, Int32) = (-1, -1)
    let failure = withCStrings([program] + arguments) { arguments in
      withCStrings(environment.map { "\($0.key)=\($0.value)" }) { environment in
        imagine_command_start(
          program, arguments, environment, memory ?? 0, &supervisor, &control, &errors)
      }
    }
    guard failure == 0 else { throw cannotStart(failure) }
    var tail: [UInt8] = []
    let isInTime = readErrors(errors, control, by: deadline, into: &tail)
    var report = imagine_command_report()
    let size = MemoryLayout<imagine_command_report>.size
    let isReported = isInTime && systemRead(control, &report, size) == size
    // This ends what still runs.
    close(control)
    close(errors)
    var status: Int32 = 0
    while waitpid(supervisor, &status, 0) < 0, errno == EINTR {}
    let text = Self.lastLines(of: tail)
    guard isInTime else { return (.timedOut, text) }
    guard isReported else { return (.killed(signal: SIGKILL), text) }
    guard report.failure == 0 else { throw cannotStart(report.failure) }
    let signal = report.status & 0x7F
    return (signal == 0 ? .exited((report.status >> 8) & 0xFF) : .killed(signal: signal), text)
  }

  private func cannotStart(_ code: Int32) -> ImagineError {
    ImagineError(.io, "cannot start \(program): \(SystemError.reason(code))")
  }

  /// Reads standard error until the report is there. What the program has started may hold it open.
  ///
  /// - Returns: false if the deadline has passed first.
  private func readErrors(
    _ errors: Int32, _ control: Int32, by deadline: Deadline?, into tail: inout [UInt8]
  ) -> Bool {
    var piece = [UInt8](repeating: 0, count: 4096)
    var isOpen = true
    while true {
      var descriptors = [
        pollfd(fd: isOpen ? errors : -1, events: Int16(POLLIN), revents: 0),
        pollfd(fd: control, events: Int16(POLLIN), revents: 0),
      ]
      let left = deadline.map { Int32(min($0.remaining * 1000, 60_000).rounded(.up)) } ?? 60_000
      if left <= 0 { return false }
      if systemPoll(&descriptors, 2, left) < 0 {
        if errno == EINTR { continue }
        return true
      }
      // All that it wrote comes before its end.
      if descriptors[0].revents != 0 {
        let count = systemRead(errors, &piece, piece.count)
        if count <= 0 {
          isOpen = false
        } else {
          tail.append(contentsOf: piece[..<count])
          tail.removeFirst(max(0, tail.count - Self.maxTailBytes))
        }
      } else if descriptors[1].revents != 0 {
        return true
      }
    }
  }

  private static func lastLines(of tail: [UInt8]) -> String {
    String(decoding: tail, as: UTF8.self).split(whereSeparator: \.isNewline).suffix(5)
      .joined(separator: "; ")
  }
}
