import Foundation
import Synchronization

/// A program under test, started as a child process.
public struct Program: Sendable {
  public let path: String

  public static let imagine = Program(named: "imagine", variable: "IMAGINE_PROGRAM")
  public static let server = Program(named: "imagine-server", variable: "IMAGINE_SERVER_PROGRAM")

  /// The program beside the test bundle, or at the path in an environment variable.
  public init(named name: String, variable: String) {
    if let path = ProcessInfo.processInfo.environment[variable] {
      self.path = path
      return
    }
    #if os(macOS)
      let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }?.bundleURL
      let products = bundle?.deletingLastPathComponent() ?? URL(fileURLWithPath: ".")
    #else
      let products = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent()
    #endif
    path = products.appendingPathComponent(name).path
  }

  public init(path: String) {
    self.path = path
  }

  /// The result of a run that ended.
  public struct Outcome: Sendable {
    /// The exit code, or 128 plus the signal's number if a signal ended it.
    public let status: Int32
    public let output: String
    public let errors: String
  }

  /// Starts the program. Its environment has `environment`, `PATH`, `HOME` and `LD_LIBRARY_PATH`
  /// only.
  public func start(
    _ arguments: [String], environment: [String: String] = [:], input: String? = nil,
    in folder: String? = nil
  ) throws -> Running {
    try Running(self, arguments, environment: environment, input: input, folder: folder)
  }

  /// Starts the program and waits until it exits.
  public func run(
    _ arguments: [String], environment: [String: String] = [:], input: String? = nil,
    in folder: String? = nil
  ) async throws -> Outcome {
    try await start(arguments, environment: environment, input: input, in: folder).outcome()
  }
}

/// A process that was started.
public final class Running: Sendable {
  private let process = Process()
  private let output = Pipe()
  private let errors = Pipe()
  private let collected: Task<(Data, Data), Never>
  private let outputLines: LineWaiters
  private let errorLines: LineWaiters

  init(
    _ program: Program, _ arguments: [String], environment: [String: String], input: String?,
    folder: String?
  ) throws {
    var variables = environment
    let own = ProcessInfo.processInfo.environment
    for name in ["PATH", "HOME", "LD_LIBRARY_PATH"] where variables[name] == nil {
      variables[name] = own[name]
    }
    process.executableURL = URL(fileURLWithPath: program.path)
    process.arguments = arguments
    // A sanitizer of the tests is one of the program too.
    for name in ["ASAN_OPTIONS", "TSAN_OPTIONS"] { variables[name] = own[name] }
    process.environment = variables
    if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
    process.standardOutput = output
    process.standardError = errors
    let standardInput = Pipe()
    process.standardInput = input == nil ? FileHandle.nullDevice : standardInput
    try process.run()
    if let input {
      standardInput.fileHandleForWriting.write(Data(input.utf8))
      try standardInput.fileHandleForWriting.close()
    }
    let handles = (output.fileHandleForReading, errors.fileHandleForReading)
    let (lines, errorLines) = (LineWaiters(), LineWaiters())
    outputLines = lines
    self.errorLines = errorLines
    collected = Task.detached {
      async let output = Self.readAll(handles.0, lines)
      async let errors = Self.readAll(handles.1, errorLines)
      return await (output, errors)
    }
  }

  public var processID: Int32 { process.processIdentifier }

  public func send(_ signal: Int32) { kill(processID, signal) }

  /// Waits for the first matching line of standard output; nil if the process ends without one.
  public func firstLine(where matches: @escaping @Sendable (String) -> Bool) async -> String? {
    await outputLines.first(where: matches)
  }

  /// Waits for the first matching line of standard error; nil if the process ends without one.
  public func errorLine(where matches: @escaping @Sendable (String) -> Bool) async -> String? {
    await errorLines.first(where: matches)
  }

  /// Waits until the process exits.
  public func outcome() async -> Program.Outcome {
    let (output, errors) = await collected.value
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      DispatchQueue.global().async { [self] in
        process.waitUntilExit()
        continuation.resume()
      }
    }
    let code = process.terminationStatus
    return Program.Outcome(
      status: process.terminationReason == .uncaughtSignal ? 128 + code : code,
      output: String(decoding: output, as: UTF8.self),
      errors: String(decoding: errors, as: UTF8.self))
  }

  private static func readAll(_ handle: FileHandle, _ lines: LineWaiters) async -> Data {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        var all = Data()
        while true {
          let piece = handle.availableData
          if piece.isEmpty { break }
          all += piece
          lines.received(all)
        }
        lines.ended()
        continuation.resume(returning: all)
      }
    }
  }
}

/// Resumes waiters when a line of the output matches.
private final class LineWaiters: Sendable {
  private struct State {
    var lines: [String] = []
    var hasEnded = false
    var waiting: [(matches: @Sendable (String) -> Bool, CheckedContinuation<String?, Never>)] = []
  }

  private let state = Mutex(State())

  func received(_ all: Data) {
    // The text after the last newline is not a whole line yet.
    let text = String(decoding: all, as: UTF8.self)
    update { state in
      state.lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        .map(String.init)
    }
  }

  func ended() { update { $0.hasEnded = true } }

  func first(where matches: @escaping @Sendable (String) -> Bool) async -> String? {
    await withCheckedContinuation { continuation in
      update { $0.waiting.append((matches, continuation)) }
    }
  }

  private func update(_ change: (inout State) -> Void) {
    let found = state.withLock { state in
      change(&state)
      var found: [(CheckedContinuation<String?, Never>, String?)] = []
      state.waiting.removeAll { matches, continuation in
        let line = state.lines.first(where: matches)
        guard line != nil || state.hasEnded else { return false }
        found.append((continuation, line))
        return true
      }
      return found
    }
    for (continuation, line) in found { continuation.resume(returning: line) }
  }
}

/// A temporary folder, removed on deinit. Its path is short: a socket path has at most 104 bytes.
public final class TemporaryFolder: Sendable {
  public let path: String

  public init() throws {
    path = "/tmp/imagine-test-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  public func file(_ name: String) -> String { "\(path)/\(name)" }

  /// The relative path of every file in the folder, except those in `home`.
  public var files: [String] {
    let all = (try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? []
    return all.filter { name in
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: file(name), isDirectory: &isFolder)
        && !isFolder.boolValue && !name.hasPrefix("home/")
    }.sorted()
  }
}

public enum FileSystem {
  /// Writes a file and creates its parent folders.
  public static func write(_ text: String, to path: String) throws {
    let url = URL(fileURLWithPath: path)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }
}

/// Polls a condition until it is true or the timeout is over.
///
/// - Parameter timeout: seconds, after which the condition is checked once more.
public func eventually(
  within timeout: Double = 30, _ condition: () async throws -> Bool
) async rethrows -> Bool {
  let deadline = ContinuousClock.now + .seconds(timeout)
  while ContinuousClock.now < deadline {
    if try await condition() { return true }
    try? await Task.sleep(for: .milliseconds(20))
  }
  return try await condition()
}
