import Foundation
import Synchronization

/// One of the programs under test, run as a user runs it.
public struct Program: Sendable {
  public let path: String

  public static let imagine = Program(named: "imagine", variable: "IMAGINE_PROGRAM")
  public static let server = Program(named: "imagine-server", variable: "IMAGINE_SERVER_PROGRAM")

  /// The program beside the test bundle, or where a variable says.
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

  /// What a run left.
  public struct Outcome: Sendable {
    /// The exit code; 128 and the signal's number where a signal ended it.
    public let status: Int32
    public let output: String
    public let errors: String
  }

  /// Starts it. The environment holds nothing but `PATH`, `HOME` and what is given.
  public func start(
    _ arguments: [String], environment: [String: String] = [:], input: String? = nil,
    in folder: String? = nil
  ) throws -> Running {
    try Running(self, arguments, environment: environment, input: input, folder: folder)
  }

  /// Runs it to its end.
  public func run(
    _ arguments: [String], environment: [String: String] = [:], input: String? = nil,
    in folder: String? = nil
  ) async throws -> Outcome {
    try await start(arguments, environment: environment, input: input, in: folder).outcome()
  }
}

/// A program that has been started.
public final class Running: Sendable {
  private let process = Process()
  private let output = Pipe()
  private let errors = Pipe()
  private let collected: Task<(Data, Data), Never>
  private let outputLines: LineWatch
  private let errorLines: LineWatch

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
    let (lines, errorLines) = (LineWatch(), LineWatch())
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

  /// The first line on its standard output that a test looks for; nil where it ends without one.
  public func firstLine(where matches: @escaping @Sendable (String) -> Bool) async -> String? {
    await outputLines.first(where: matches)
  }

  /// The same of its standard error.
  public func errorLine(where matches: @escaping @Sendable (String) -> Bool) async -> String? {
    await errorLines.first(where: matches)
  }

  /// Waits for its end.
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

  private static func readAll(_ handle: FileHandle, _ lines: LineWatch) async -> Data {
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

/// Tells of the lines of an output as they come.
private final class LineWatch: Sendable {
  private struct State {
    var lines: [String] = []
    var hasEnded = false
    var waiting: [(matches: @Sendable (String) -> Bool, CheckedContinuation<String?, Never>)] = []
  }

  private let state = Mutex(State())

  func received(_ all: Data) {
    // What stands behind the last line end is not a line yet.
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

/// A folder of a test's own, removed with it. Its path is short: that of a socket may have 104 bytes.
public final class TemporaryFolder: Sendable {
  public let path: String

  public init() throws {
    path = "/tmp/imagine-test-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  public func file(_ name: String) -> String { "\(path)/\(name)" }

  /// Every file below, by its path from here, but what the programs keep in `home`.
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
  /// Writes a file of a test's own, and the folders above it.
  public static func write(_ text: String, to path: String) throws {
    let url = URL(fileURLWithPath: path)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }
}

/// Asks again until something holds, without a guess at how long it takes.
///
/// - Parameter patience: seconds, after which the last answer stands.
public func eventually(
  within patience: Double = 30, _ holds: () async throws -> Bool
) async rethrows -> Bool {
  let deadline = ContinuousClock.now + .seconds(patience)
  while ContinuousClock.now < deadline {
    if try await holds() { return true }
    try? await Task.sleep(for: .milliseconds(20))
  }
  return try await holds()
}
