import Foundation
import ImagineAPI

/// A real server on a free port of this machine that fails as a plan says, and counts charges.
///
/// It needs the program `imagine-server`. ``stop()`` ends it, and so does the end of this process.
public final class Rehearsal: Sendable {
  /// Such as `http://127.0.0.1:41233`; the Imagine API is under `/v2`.
  public let address: String
  private let process: Process

  /// - Parameters:
  ///   - program: the path of `imagine-server`.
  ///   - plan: TOML, as `imagine serve --rehearse` reads it.
  ///   - home: an empty folder for its data.
  /// - Throws: ``ImagineError`` of kind `unavailable` with the server's last line if it does not
  ///   start.
  public init(program: String, plan: String, home: String) async throws {
    let file = URL(fileURLWithPath: home).appendingPathComponent("rehearsal.toml")
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(plan.utf8).write(to: file)
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = ["--port", "0", "--home", home, "--rehearse", file.path]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = output
    try process.run()
    self.process = process
    switch await Self.addressLine(of: output.fileHandleForReading) {
    case .address(let address): self.address = address
    case .end(let line): throw ImagineError(.unavailable, "imagine-server did not start: \(line)")
    }
  }

  private enum Beginning: Sendable {
    case address(String)
    /// The process ended; its last line.
    case end(String)
  }

  /// Waits for the line with the address, and goes on reading, so that the server never waits for
  /// a reader.
  private static func addressLine(of handle: FileHandle) async -> Beginning {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        var text = ""
        var isFound = false
        while case let piece = handle.availableData, !piece.isEmpty {
          if isFound { continue }
          text += String(decoding: piece, as: UTF8.self)
          let words = text.split { $0 == " " || $0 == "\n" }.dropLast(text.hasSuffix("\n") ? 0 : 1)
          if let address = words.first(where: { $0.hasPrefix("http://") }) {
            isFound = true
            continuation.resume(returning: .address(String(address)))
          }
        }
        let last = text.split(separator: "\n").last.map(String.init) ?? ""
        if !isFound { continuation.resume(returning: .end(last)) }
      }
    }
  }

  deinit { process.terminate() }

  /// Ends the server.
  public func stop() { process.terminate() }
}
