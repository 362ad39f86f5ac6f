public import Foundation

/// A program at a pseudo-terminal of its own session.
public final class PseudoTerminal {
  private let master: Int32
  public let process: pid_t
  private var isReaped = false

  public struct Unavailable: Error, CustomStringConvertible {
    public let description: String
  }

  /// Starts a program.
  ///
  /// - Parameter environment: all of it; nil for that of the tests.
  public init(
    _ path: String, _ arguments: [String], environment: [String: String]? = nil,
    columns: Int = 80, rows: Int = 24
  ) throws {
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    guard master >= 0, let name = Self.unlock(master) else {
      throw Unavailable(description: "there is no terminal")
    }
    _ = fcntl(master, F_SETFD, FD_CLOEXEC)
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
    posix_spawnattr_setflags(&attributes, Self.newSession | Int16(POSIX_SPAWN_SETSIGMASK))
    var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
    let variables = environment ?? ProcessInfo.processInfo.environment
    var settings: [UnsafeMutablePointer<CChar>?] =
      variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in words + settings { free(pointer) } }
    var process = pid_t()
    guard posix_spawn(&process, path, &actions, &attributes, &words, &settings) == 0 else {
      throw Unavailable(description: "\(path) does not start")
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

  private static func setSize(_ master: Int32, _ columns: Int, _ rows: Int) {
    var size = winsize()
    (size.ws_col, size.ws_row) = (UInt16(columns), UInt16(rows))
    _ = ioctl(master, UInt(TIOCSWINSZ), &size)
  }

  /// A child that nobody waits for would be found by other tests.
  deinit {
    if !isReaped {
      kill(process, SIGKILL)
      reap()
    }
    close(master)
  }

  public func resize(columns: Int, rows: Int) { Self.setSize(master, columns, rows) }

  public func type(_ text: String) {
    var bytes = Array(text.utf8)
    while !bytes.isEmpty {
      let count = write(master, bytes, bytes.count)
      if count <= 0 { return }
      bytes.removeFirst(count)
    }
  }

  /// Some output; nil if none comes in time or the program has ended.
  public func read(within milliseconds: Int32) -> ArraySlice<UInt8>? {
    var input = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
    guard poll(&input, 1, milliseconds) > 0 else { return nil }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = Foundation.read(master, &bytes, bytes.count)
    return count > 0 ? bytes[..<count] : nil
  }

  /// The exit code, or the negative signal. A program that does not end in time is killed.
  public func end(within seconds: Double = 20) -> Int32 {
    let deadline = ContinuousClock.now + .seconds(seconds)
    var information = siginfo_t()
    while waitid(P_PID, id_t(process), &information, WEXITED | WNOHANG | WNOWAIT) == 0,
      information.si_signo == 0
    {
      if ContinuousClock.now > deadline {
        kill(process, SIGKILL)
        break
      }
      usleep(1_000)
    }
    let status = reap()
    return status & 0x7f == 0 ? (status >> 8) & 0xff : -(status & 0x7f)
  }

  @discardableResult
  private func reap() -> Int32 {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    isReaped = true
    return status
  }
}
