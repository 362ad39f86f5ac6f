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
  /// The words after the program's name, byte by byte.
  let arguments: [[UInt8]]
  /// Byte by byte, such as `HOME=/root`.
  let environment: [[UInt8]]
  /// The working directory; nil for that of this process.
  let folder: FilePath?
  /// The limit of its address space in bytes; nil for none.
  let memory: UInt64?

  package init(
    program: String, arguments: [String], environment: [String: String], memory: UInt64? = nil
  ) {
    self.init(
      program: program, arguments: arguments.map { Array($0.utf8) },
      environment: environment.map { Array("\($0.key)=\($0.value)".utf8) }, memory: memory)
  }

  package init(
    program: String, arguments: [[UInt8]], environment: [[UInt8]], folder: FilePath? = nil,
    memory: UInt64? = nil
  ) {
    self.program = program
    self.arguments = arguments
    self.environment = environment
    self.folder = folder
    self.memory = memory
  }

  /// The path of a program: the name itself if it has a slash, else that of a file in a folder of
  /// PATH.
  package static func path(of name: String, inPATH folders: String?) -> String? {
    if name.contains("/") { return name }
    return (folders ?? "").split(separator: ":").map { "\($0)/\(name)" }
      .first { access($0, X_OK) == 0 && FileStatus($0)?.isFile == true }
  }

  /// Runs it without input; its output is lost.
  ///
  /// - Parameter deadline: when to kill it; nil for no limit.
  /// - Returns: how it ended, and the last lines of its standard error.
  /// - Throws: ``ImagineError`` of kind `io` if it could not be started.
  package func run(by deadline: Deadline?) async throws -> (end: End, errors: String) {
    let exchange = CommandExchange()
    let end = try await run(exchange, by: deadline)
    let lines = String(decoding: exchange.errors, as: UTF8.self)
      .split(whereSeparator: \.isNewline)
    return (end, lines.suffix(5).joined(separator: "; "))
  }

  /// Runs it with input, and keeps what it writes.
  ///
  /// If the calling task is cancelled, the program and all that it has started are killed.
  ///
  /// - Parameters:
  ///   - deadline: when to kill it; nil for no limit.
  ///   - willKeep: called with a number of bytes before they are kept; what it throws kills the
  ///     program.
  /// - Throws: ``ImagineError`` of kind `io` if it could not be started; `CancellationError`; what
  ///   `willKeep` throws.
  package func run(
    by deadline: Deadline?, input: [UInt8],
    willKeep: @escaping @Sendable (Int) throws -> Void
  ) async throws -> (end: End, output: [UInt8], errors: [UInt8]) {
    let exchange = CommandExchange(input: input, willKeep: willKeep)
    let end = try await withTaskCancellationHandler {
      try await run(exchange, by: deadline)
    } onCancel: {
      exchange.cancel()
    }
    return (end, exchange.output, exchange.errors)
  }

  private func run(_ exchange: CommandExchange, by deadline: Deadline?) async throws -> End {
    try await withCheckedThrowingContinuation { continuation in
      // It waits in system calls, for as long as the program runs.
      DispatchQueue(label: "imagine.command").async {
        continuation.resume(with: Result { try end(of: exchange, by: deadline) })
      }
    }
  }

  private func end(of exchange: CommandExchange, by deadline: Deadline?) throws -> End {
    var ends = imagine_command_ends()
    let failure = start(&ends, withStreams: exchange.hasStreams)
    guard failure == 0 else { throw cannotStart(failure) }
    let result = Result { try exchange.run(ends, by: deadline) }
    Self.end(supervisor: ends.supervisor)
    switch try result.get() {
    case .late: return .timedOut
    case .lost: return .killed(signal: SIGKILL)
    case .ended(let report):
      guard report.failure == 0 else { throw cannotStart(report.failure) }
      let signal = report.status & 0x7F
      return signal == 0 ? .exited((report.status >> 8) & 0xFF) : .killed(signal: signal)
    }
  }

  /// Waits for the supervisor, which without its descriptors ends what still runs. A program that has
  /// stopped it does not keep it from that.
  private static func end(supervisor: pid_t) {
    var status: Int32 = 0
    func hasEnded(_ options: Int32) -> Bool {
      let process = waitpid(supervisor, &status, options)
      return process == supervisor || process < 0 && errno != EINTR
    }
    for attempt in 0..<200 {
      if hasEnded(WNOHANG) { return }
      kill(supervisor, SIGCONT)
      usleep(attempt < 10 ? 100 : 5000)
    }
    kill(supervisor, SIGKILL)
    while !hasEnded(0) {}
  }

  private func start(_ ends: inout imagine_command_ends, withStreams: Bool) -> Int32 {
    withCStrings([Array(program.utf8)] + arguments) { arguments in
      withCStrings(environment) { environment in
        withCStrings([folder?.bytes ?? []]) { folders in
          program.withCString { program in
            var command = imagine_command(
              program: program, arguments: arguments, environment: environment,
              folder: folder == nil ? nil : UnsafePointer(folders[0]), memory: memory ?? 0,
              has_streams: withStreams ? 1 : 0)
            return imagine_command_start(&command, &ends)
          }
        }
      }
    }
  }

  private func cannotStart(_ code: Int32) -> ImagineError {
    let place = folder.map { " in \($0)" } ?? ""
    return ImagineError(.io, "cannot start \(program)\(place): \(SystemError.reason(code))")
  }
}
