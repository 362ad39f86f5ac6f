import Foundation
import ImagineAPI
import ImagineTestSupport
import Logging

@testable import ImagineServer

extension EngineChildren {
  /// Children with the built-in engine, as the server program starts them.
  static func real(
    program: String = Program.server.path, arguments: [String] = ["engine-child"]
  ) -> EngineChildren {
    EngineChildren(
      EngineProgram(
        path: program, arguments: arguments, environment: ProcessInfo.processInfo.environment),
      cores: 2, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }
}

/// What the system says about a process.
enum SystemProcess {
  static func exists(_ id: Int32) -> Bool { kill(id, 0) == 0 }

  /// Whether it has closed its files and only waits to be reaped, or is gone.
  static func hasEnded(_ id: Int32) -> Bool {
    let status = text(id, "status")
    // The other threads may end after the first one.
    return status.isEmpty || status.contains("State:\tZ") && status.contains("Threads:\t1\n")
  }

  /// Whether a process of the group exists.
  static func groupExists(_ id: Int32) -> Bool { kill(-id, 0) == 0 }

  /// The children of a process that have a word in their command line.
  static func children(of server: ServerProcess, with word: String) throws -> [Int32] {
    try server.children().compactMap { Int32($0) }.filter { commandLine(of: $0).contains(word) }
  }

  static func commandLine(of id: Int32) -> String { text(id, "cmdline") }

  static func environment(of id: Int32) -> String { text(id, "environ") }

  /// Where its descriptors lead. One that is closed meanwhile is left out.
  static func descriptors(of id: Int32) throws -> [Int: String] {
    let folder = "/proc/\(id)/fd"
    var links: [Int: String] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
      guard let number = Int(name) else { continue }
      links[number] = try? FileManager.default.destinationOfSymbolicLink(
        atPath: "\(folder)/\(name)")
    }
    return links
  }

  static func residentKilobytes(of id: Int32) -> Int {
    let line = text(id, "status").split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
  }

  private static func text(_ id: Int32, _ name: String) -> String {
    let data = (try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(id)/\(name)"))) ?? Data()
    return String(decoding: data, as: UTF8.self)
  }
}

extension RawConnection {
  /// Posts a form, and does not wait for the answer.
  func post(
    _ path: String, _ form: FormWriter, token: String = "t", closing: Bool = false
  ) async throws {
    let head =
      "POST \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer \(token)\r\n"
      + "Connection: \(closing ? "close" : "keep-alive")\r\n"
      + "Content-Type: multipart/form-data; boundary=\(form.boundary)\r\n"
      + "Content-Length: \(form.bytes.count)\r\n\r\n"
    try await write(Array(head.utf8) + form.bytes)
  }
}
