import Foundation

@testable import ImagineREPL

struct Unexpected: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}

/// The program at a pseudo-terminal whose screen is emulated.
final class ScreenTerminal {
  private let master: Int32
  let process: pid_t
  private(set) var screen: ScreenEmulator
  private var partial: [UInt8] = []
  private var isReaped = false

  /// `IMAGINE_PROGRAM`, or the program `imagine` beside the tests.
  static var program: String? {
    if let path = ProcessInfo.processInfo.environment["IMAGINE_PROGRAM"] { return path }
    let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    let path = tests.deletingLastPathComponent().appendingPathComponent("imagine").path
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }

  /// A new home folder, so that no history or configuration of the user's is read.
  static func makeHome() throws -> String {
    let home = FileManager.default.temporaryDirectory
      .appendingPathComponent("repl-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
    return home
  }

  init(
    _ arguments: [String] = [], columns: Int = 60, rows: Int = 20, home: String? = nil,
    environment: [String: String] = [:]
  ) throws {
    guard let path = Self.program else { throw Unexpected("the program is not built") }
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    guard master >= 0, let name = Self.unlock(master) else { throw Unexpected("no terminal") }
    _ = fcntl(master, F_SETFD, FD_CLOEXEC)
    screen = ScreenEmulator(columns: columns, rows: rows)
    Self.setSize(master, columns, rows)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // The first terminal that the leader of a session opens is the one whose keys signal it.
    posix_spawn_file_actions_addopen(&actions, 0, name, O_RDWR, 0)
    for stream in [1, 2] as [Int32] { posix_spawn_file_actions_adddup2(&actions, 0, stream) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // This thread may block signals that the program must receive.
    var mask = sigset_t()
    sigemptyset(&mask)
    posix_spawnattr_setsigmask(&attributes, &mask)
    posix_spawnattr_setflags(&attributes, 0x80 | Int16(POSIX_SPAWN_SETSIGMASK))  // SETSID
    let folder = try home ?? Self.makeHome()
    var variables = [
      "HOME": folder, "PATH": "/usr/bin:/bin", "TERM": "xterm", "XTERM_VERSION": "1",
      "LANG": "C.UTF-8",
    ]
    variables.merge(environment) { $1 }
    var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
    var settings: [UnsafeMutablePointer<CChar>?] =
      variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in words + settings { free(pointer) } }
    var process = pid_t()
    guard posix_spawn(&process, path, &actions, &attributes, &words, &settings) == 0 else {
      throw Unexpected("the program does not start")
    }
    self.process = process
  }

  private static func unlock(_ master: Int32) -> String? {
    let (unlock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)  // TIOCSPTLCK, TIOCGPTN
    var (lock, number): (Int32, UInt32) = (0, 0)
    guard ioctl(master, unlock, &lock) == 0, ioctl(master, getNumber, &number) == 0 else {
      return nil
    }
    return "/dev/pts/\(number)"
  }

  private static func setSize(_ master: Int32, _ columns: Int, _ rows: Int) {
    var size = winsize()
    (size.ws_col, size.ws_row) = (UInt16(columns), UInt16(rows))
    _ = ioctl(master, UInt(TIOCSWINSZ), &size)
  }

  deinit {
    if !isReaped {
      kill(process, SIGKILL)
      reap()
    }
    close(master)
  }

  func type(_ text: String) {
    var bytes = Array(text.utf8)
    while !bytes.isEmpty {
      let count = write(master, bytes, bytes.count)
      if count <= 0 { return }
      bytes.removeFirst(count)
    }
  }

  func resize(columns: Int, rows: Int) {
    screen.resize(columns: columns, rows: rows)
    Self.setSize(master, columns, rows)
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
    var input = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
    guard poll(&input, 1, milliseconds) > 0 else { return false }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(master, &bytes, bytes.count)
    guard count > 0 else { return false }
    partial += bytes[..<count]
    feedWhole()
    return true
  }

  /// Gives the screen what does not end within a sequence or a character.
  private func feedWhole() {
    var end = partial.count
    if let escape = partial.lastIndex(of: 0x1b), partial.count - escape < 16 {
      let rest = partial[(escape + 1)...]
      let isComplete =
        rest.first == 0x5b && rest.dropFirst().contains { (0x40...0x7e).contains($0) }
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

  /// The exit code, or the negative signal, when the program has ended.
  func end() -> Int32 {
    while readMore(within: 20_000) {}
    let status = reap()
    return status & 0x7f == 0 ? (status >> 8) & 0xff : -(status & 0x7f)
  }

  /// Waits for its end. A child that nobody waits for would be found by other tests.
  @discardableResult
  private func reap() -> Int32 {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    isReaped = true
    return status
  }
}
