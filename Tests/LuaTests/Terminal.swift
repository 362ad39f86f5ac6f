import Foundation

/// The program at a pseudo-terminal.
final class Terminal {
  private let master: Int32
  private let process: pid_t
  /// The output since the last expectation.
  private var shown = ""

  init(_ arguments: [String] = []) throws {
    guard let path = Program.path else { throw Unexpected("the program is not built") }
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    guard master >= 0, let name = Self.unlock(master) else {
      throw Unexpected("there is no terminal")
    }
    _ = fcntl(master, F_SETFD, FD_CLOEXEC)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // The first terminal that the leader of a session opens is the one whose keys signal it.
    posix_spawn_file_actions_addopen(&actions, 0, name, O_RDWR, 0)
    for stream in [1, 2] as [Int32] { posix_spawn_file_actions_adddup2(&actions, 0, stream) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, Self.newSession)
    var pointers: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    var process = pid_t()
    guard posix_spawn(&process, path, &actions, &attributes, pointers, environ) == 0 else {
      throw Unexpected("the program does not start")
    }
    self.process = process
  }

  // What <stdlib.h> and <spawn.h> declare only with _GNU_SOURCE, Swift's Glibc has not.
  #if canImport(Darwin)
    private static let newSession = Int16(POSIX_SPAWN_SETSID)

    private static func unlock(_ master: Int32) -> String? {
      guard grantpt(master) == 0, unlockpt(master) == 0 else { return nil }
      return ptsname(master).map { String(cString: $0) }
    }
  #else
    private static let newSession: Int16 = 0x80

    private static func unlock(_ master: Int32) -> String? {
      let (unlock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)  // TIOCSPTLCK, TIOCGPTN
      var (lock, number): (Int32, UInt32) = (0, 0)
      guard ioctl(master, unlock, &lock) == 0, ioctl(master, getNumber, &number) == 0 else {
        return nil
      }
      return "/dev/pts/\(number)"
    }
  #endif

  deinit {
    close(master)
  }

  func type(_ text: String) {
    var text = text
    text.withUTF8 { _ = write(master, $0.baseAddress, $0.count) }
  }

  /// Reads until the terminal shows `text`; returns the output up to its end.
  @discardableResult
  func expect(_ text: String) throws -> String {
    while true {
      if let range = shown.range(of: text) {
        defer { shown.removeSubrange(..<range.upperBound) }
        return String(shown[..<range.upperBound])
      }
      guard readMore(within: 20_000) else {
        throw Unexpected("no '\(text)' on the terminal, but: \(shown)")
      }
    }
  }

  private func readMore(within milliseconds: Int32) -> Bool {
    var input = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
    guard poll(&input, 1, milliseconds) > 0 else { return false }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(master, &bytes, bytes.count)
    guard count > 0 else { return false }
    // A terminal ends its lines with \r\n, which is one character to Swift.
    shown += String(decoding: bytes[..<count].filter { $0 != UInt8(ascii: "\r") }, as: UTF8.self)
    return true
  }

  /// The exit code, when the program has ended.
  func end() -> Int32 {
    while readMore(within: 20_000) {}
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    return status & 0x7f == 0 ? (status >> 8) & 0xff : -(status & 0x7f)
  }
}
