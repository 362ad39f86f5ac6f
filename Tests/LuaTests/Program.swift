import Foundation

/// The program under test, run as a process.
enum Program {
  struct Result {
    var output: String
    var errors: String
    /// The exit code, or the negative number of the signal that ended it.
    var code: Int32
  }

  /// `IMAGINE_PROGRAM`, or the program `imagine` beside the tests.
  static var path: String? {
    if let path = ProcessInfo.processInfo.environment["IMAGINE_PROGRAM"] { return path }
    let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    let path = tests.deletingLastPathComponent().appendingPathComponent("imagine").path
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }

  static var exists: Bool { path != nil }

  /// The command `lua5.4` of the system.
  static let reference = ["/usr/bin/lua5.4", "/usr/local/bin/lua5.4", "/opt/homebrew/bin/lua5.4"]
    .first { FileManager.default.isExecutableFile(atPath: $0) }

  /// Runs it, or another program, to its end.
  static func run(
    _ arguments: [String], input: String = "", environment: [String: String] = [:],
    path: String? = Program.path, folder: URL? = nil
  ) throws -> Result {
    let process = try make(arguments, environment: environment, path: path)
    if let folder { process.currentDirectoryURL = folder }
    let (input_, output, errors) = (Pipe(), Pipe(), Pipe())
    process.standardInput = input_
    process.standardOutput = output
    process.standardError = errors
    // Write before the start, because a program that does not read would break the pipe. It fits.
    try input_.fileHandleForWriting.write(contentsOf: Data(input.utf8))
    try input_.fileHandleForWriting.close()
    try process.run()
    let reading = Reading(errors.fileHandleForReading)
    let out = output.fileHandleForReading.readDataToEndOfFile()
    let err = reading.result()
    process.waitUntilExit()
    let code =
      process.terminationReason == .exit
      ? process.terminationStatus : -process.terminationStatus
    return Result(
      output: String(decoding: out, as: UTF8.self), errors: String(decoding: err, as: UTF8.self),
      code: code)
  }

  /// Runs it with a standard input that never ends. Returns its exit code when it has ended, even if
  /// its child processes still run.
  static func runHoldingInput(_ arguments: [String]) throws -> Int32 {
    guard let path else { throw Unexpected("the program is not built") }
    let input = Pipe()
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input.fileHandleForReading.fileDescriptor, 0)
    for stream in [1, 2] as [Int32] {
      posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_WRONLY, 0)
    }
    var pointers: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    var process = pid_t()
    guard posix_spawn(&process, path, &actions, nil, pointers, environ) == 0 else {
      throw Unexpected("the program does not start")
    }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    try input.fileHandleForWriting.close()
    return status & 0x7f == 0 ? (status >> 8) & 0xff : -(status & 0x7f)
  }

  static func make(
    _ arguments: [String], environment: [String: String] = [:], path: String? = Program.path
  ) throws -> Process {
    guard let path else { throw Unexpected("the program is not built") }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    var variables = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("LUA") }
    variables.merge(environment) { $1 }
    process.environment = variables
    return process
  }
}

/// Reads a pipe to its end on a new thread.
final class Reading: @unchecked Sendable {  // `done` orders the write before the read.
  private var data = Data()
  private let done = DispatchSemaphore(value: 0)

  init(_ handle: FileHandle) {
    Thread.detachNewThread {
      self.data = handle.readDataToEndOfFile()
      self.done.signal()
    }
  }

  func result() -> Data {
    done.wait()
    return data
  }
}
