import Foundation
import Synchronization
import Testing

/// A running `imagine-server`: the program at IMAGINE_SERVER_PROGRAM, else the one built with the
/// tests.
final class ServerProcess: Sendable {
  private static var program: String {
    ProcessInfo.processInfo.environment["IMAGINE_SERVER_PROGRAM"]
      ?? Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }
      .map { $0.bundleURL.deletingLastPathComponent().appending(path: "imagine-server").path }
      ?? URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
      .appending(path: "imagine-server").path
  }

  private let process = Process()
  private let input = Pipe()
  private let output = Mutex(Data())
  private let errors = Mutex(Data())
  private let isOver = Mutex(false)

  /// - Parameters:
  ///   - environment: added to the environment of this process.
  ///   - shell: commands that a shell runs before it execs the program, such as `ulimit -n 64`.
  init(
    _ arguments: [String], input text: String = "", environment: [String: String] = [:],
    shell: String? = nil
  ) throws {
    if let shell {
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments = ["-c", "\(shell); exec \"$0\" \"$@\"", Self.program] + arguments
    } else {
      process.executableURL = URL(fileURLWithPath: Self.program)
      process.arguments = arguments
    }
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = input
    let out = Pipe()
    let err = Pipe()
    process.standardOutput = out
    process.standardError = err
    out.fileHandleForReading.readabilityHandler = { [weak self] handle in
      let data = handle.availableData
      self?.output.withLock { $0 += data }
    }
    err.fileHandleForReading.readabilityHandler = { [weak self] handle in
      let data = handle.availableData
      if data.isEmpty { handle.readabilityHandler = nil }
      self?.errors.withLock { $0 += data }
    }
    process.terminationHandler = { [weak self] _ in self?.isOver.withLock { $0 = true } }
    try process.run()
    input.fileHandleForWriting.write(Data(text.utf8))
  }

  deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

  /// Its standard error.
  var log: String { String(decoding: errors.withLock { $0 }, as: UTF8.self) }

  /// Its standard output.
  var outputText: String { String(decoding: output.withLock { $0 }, as: UTF8.self) }

  /// The ids of the videos that it finished.
  var finished: [String] {
    log.matches(of: /job=([0-9a-f-]+).*\] finished/).map { String($0.1) }
  }

  /// Resident memory and open descriptors, from /proc.
  func resources() throws -> (kilobytes: Int, descriptors: Int) {
    let folder = "/proc/\(process.processIdentifier)"
    let status = try String(contentsOfFile: "\(folder)/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    return (
      line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0,
      try FileManager.default.contentsOfDirectory(atPath: "\(folder)/fd").count
    )
  }

  /// Its running child processes.
  func children() throws -> [String] {
    // The kernel lists them by the thread that started them. A thread may have ended meanwhile.
    let threads = "/proc/\(process.processIdentifier)/task"
    return try FileManager.default.contentsOfDirectory(atPath: threads).flatMap { thread in
      let list = try? String(contentsOfFile: "\(threads)/\(thread)/children", encoding: .utf8)
      return (list ?? "").split(separator: " ").map(String.init)
    }
  }

  func signal(_ number: Int32) { kill(process.processIdentifier, number) }

  /// Whether it has ended.
  var hasEnded: Bool { isOver.withLock { $0 } }

  func closeInput() { try? input.fileHandleForWriting.close() }

  /// Waits for the exit and the rest of the log; returns the exit status.
  func exit() async -> Int32 {
    _ = try? await eventually { self.isOver.withLock { $0 } ? true : nil }
    var length = -1
    // The rest of the pipe arrives soon after the exit.
    while length != log.count {
      length = log.count
      try? await Task.sleep(for: .milliseconds(50))
    }
    return process.terminationStatus
  }

  /// The first line of its standard output.
  func line() async throws -> String {
    try await eventually {
      if self.isOver.withLock({ $0 }) { throw Ended(log: self.log) }
      let text = String(decoding: self.output.withLock { $0 }, as: UTF8.self)
      return text.firstIndex(of: "\n").map { String(text[..<$0]) }
    }
  }

  struct Ended: Error {
    let log: String
  }

  func address() async throws -> String {
    String(try await line().split(separator: " ").last ?? "")
  }

  /// Runs curl and returns its output.
  static func curl(_ arguments: [String]) async throws -> String {
    String(decoding: try await run("curl", ["--silent"] + arguments), as: UTF8.self)
  }

  private static func run(_ program: String, _ arguments: [String]) async throws -> Data {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread {
        continuation.resume(
          with: Result {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = [program] + arguments
            let out = Pipe()
            process.standardOutput = out
            try process.run()
            let data = try out.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            // A crash of curl proves nothing about the server.
            try #require(process.terminationReason == .exit, "\(program) crashed")
            return data
          })
      }
    }
  }

  func get(_ url: String) async throws -> Data {
    try await Self.run("curl", ["--silent", url])
  }

  /// Submits a video job and returns its id.
  func submitVideo(_ prompt: String) async throws -> String {
    let answer = try await Self.curl([
      "\(try await address())/v2/video/text-to-video", "-H", "Authorization: Bearer test",
      "-F", "prompt=\(prompt)", "-F", "style=fast-svd", "-F", "aspect_ratio=1:1",
    ])
    let object = try JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [String: Any]
    return try #require(object?["id"] as? String, "\(answer)")
  }

  /// Polls until a video's status is one of `states`.
  func status(_ id: String, until states: Set<String>) async throws -> [String: Any] {
    let address = try await address()
    return try await eventually {
      let answer = try await Self.curl([
        "\(address)/v2/assets/\(id)/status", "-H", "Authorization: Bearer test",
      ])
      let object = try JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [String: Any]
      guard let video = object?["video"] as? [String: Any],
        states.contains(video["status"] as? String ?? "")
      else { return nil }
      return video
    }
  }
}
