import Foundation
import PseudoTerminal

@testable import ImagineREPL

struct Unexpected: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}

/// The program at a pseudo-terminal whose screen is emulated.
final class ScreenTerminal {
  private let terminal: PseudoTerminal
  private(set) var screen: ScreenEmulator
  private var partial: [UInt8] = []

  var process: pid_t { terminal.process }

  /// `IMAGINE_PROGRAM`, or the program `imagine` beside the tests.
  static var program: String? {
    if let path = ProcessInfo.processInfo.environment["IMAGINE_PROGRAM"] { return path }
    let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    let path = tests.deletingLastPathComponent().appendingPathComponent("imagine").path
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }

  /// The folder of all homes; removed when the tests end.
  private static let homes: String = {
    atexit { try? FileManager.default.removeItem(atPath: ScreenTerminal.homes) }
    return FileManager.default.temporaryDirectory
      .appendingPathComponent("repl-\(UUID().uuidString)").path
  }()

  /// A new home folder, so that no history or configuration of the user's is read.
  static func makeHome() throws -> String {
    let home = "\(homes)/\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
    return home
  }

  init(
    _ arguments: [String] = [], columns: Int = 60, rows: Int = 20, home: String? = nil,
    environment: [String: String] = [:], program: String? = nil
  ) throws {
    guard let path = program ?? Self.program else { throw Unexpected("the program is not built") }
    screen = ScreenEmulator(columns: columns, rows: rows)
    let folder = try home ?? Self.makeHome()
    var variables = [
      "HOME": folder, "PATH": "/usr/bin:/bin", "TERM": "xterm", "XTERM_VERSION": "1",
      "LANG": "C.UTF-8",
    ]
    variables.merge(environment) { $1 }
    terminal = try PseudoTerminal(
      path, arguments, environment: variables, columns: columns, rows: rows)
  }

  func type(_ text: String) { terminal.type(text) }

  func resize(columns: Int, rows: Int) {
    screen.resize(columns: columns, rows: rows)
    terminal.resize(columns: columns, rows: rows)
  }

  /// Reads until the screen is as wanted.
  func expect(_ what: String, _ isReached: (ScreenEmulator) -> Bool) throws {
    let end = ContinuousClock.now + .seconds(20)
    while !isReached(screen) {
      let left = (end - ContinuousClock.now) / .milliseconds(1)
      guard left > 0, readMore(within: Int32(left)) else {
        throw Unexpected("not reached: \(what); the screen:\n\(shownLines.joined(separator: "\n"))")
      }
    }
  }

  /// The rows up to the last that is not empty.
  var shownLines: [String] {
    var lines = screen.lines
    while lines.last == "" { lines.removeLast() }
    return lines
  }

  /// Waits until these are the last rows.
  func expect(last rows: String...) throws {
    try expect("\(rows)") { _ in Array(shownLines.suffix(rows.count)) == rows }
  }

  func expect(row text: String) throws {
    try expect(text) { $0.lines.contains(text) }
  }

  private func readMore(within milliseconds: Int32) -> Bool {
    guard let bytes = terminal.read(within: milliseconds) else { return false }
    partial += bytes
    feedWhole()
    return true
  }

  /// Gives the screen what does not end within a sequence or a character.
  private func feedWhole() {
    var end = partial.count
    if let start = unfinishedString { end = start }
    if let escape = partial[..<end].lastIndex(of: 0x1b), end - escape < 16 {
      let rest = partial[(escape + 1)..<end]
      let isComplete =
        rest.first == 0x5c
        || rest.first == 0x5b && rest.dropFirst().contains { (0x40...0x7e).contains($0) }
      if !isComplete { end = escape }
    }
    while end > 0, partial[end - 1] >= 0x80,
      String(validating: partial[..<end], as: UTF8.self) == nil, partial.count - end < 4
    {
      end -= 1
    }
    screen.feed(Array(partial[..<end]))
    partial.removeFirst(end)
  }

  /// Where an APC, OSC or DCS string begins whose end has not come.
  private var unfinishedString: Int? {
    var index = 0
    while let start = partial[index...].firstIndex(of: 0x1b), start + 1 < partial.count {
      index = start + 2
      guard [0x5f, 0x5d, 0x50].contains(partial[start + 1]) else { continue }
      guard
        let end = partial[index...].indices.first(where: {
          partial[$0] == 0x07
            || partial[$0] == 0x1b && $0 + 1 < partial.count
              && partial[$0 + 1] == 0x5c
        })
      else { return start }
      index = end + (partial[end] == 0x07 ? 1 : 2)
    }
    return nil
  }

  /// The exit code, or the negative signal, when the program has ended.
  func end() -> Int32 {
    while readMore(within: 20_000) {}
    return terminal.end()
  }
}
