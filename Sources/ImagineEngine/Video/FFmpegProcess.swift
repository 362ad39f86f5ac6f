import ImagineAPI

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A running `ffmpeg` that reads or writes raw frames.
///
/// Frames go through a socket, not a pipe: writing to a dead child then returns an error instead of
/// raising SIGPIPE. No wait here outlasts the control: when it stops, the process and its children
/// are killed. A child of a process that is killed ends at the end of its frames.
final class FFmpegProcess {
  /// What the child does with frames.
  enum Flow { case reads, writes, neither }

  private let child: pid_t
  private var hasEnded = false
  private let frames: Int32
  private let errorOutput: Int32
  private var messages: [UInt8] = []
  private var isErrorOutputOpen = true
  private let control: EngineControl

  /// - Parameters:
  ///   - arguments: without the program. A file is opened with the reader that is named before it:
  ///     a playlist that calls itself a video would make ffmpeg open files and addresses.
  ///   - program: the path of `ffmpeg`; nil searches the `PATH`.
  init(
    _ arguments: [String], _ flow: Flow, control: EngineControl, program: String? = nil
  ) throws {
    self.control = control
    let program = try program ?? Self.program()
    let arguments = [program, "-hide_banner", "-nostdin", "-loglevel", "error", "-y"] + arguments
    let (ours, theirs) = try Self.socketPair()
    defer { close(theirs) }
    do {
      let (readEnd, writeEnd) = try Self.socketPair()
      defer { close(writeEnd) }
      do {
        child = try Self.spawn(
          arguments, flow, frames: theirs, errors: writeEnd,
          inOwnGroup: !control.keepsProgramsInGroup)
      } catch {
        close(readEnd)
        throw error
      }
      errorOutput = readEnd
    } catch {
      close(ours)
      throw error
    }
    frames = ours
  }

  /// The options before a file that is read: its format, and no way to open another.
  static func input(_ path: String, format: String, _ options: [String] = []) -> [String] {
    ["-protocol_whitelist", "file,pipe", "-f", format] + options + ["-i", "file:\(path)"]
  }

  /// Sends one frame; throws with ffmpeg's error output when the process has died.
  func write(_ frame: UnsafeBufferPointer<UInt8>) throws {
    var sent = 0
    while sent < frame.count {
      try wait(frames, for: POLLOUT)
      let rest = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(frame)[sent...])
      let count = send(frames, rest.baseAddress, rest.count, Self.sendFlags)
      if count > 0 {
        sent += count
      } else if errno != EINTR, errno != EAGAIN {
        throw EngineError.failed("ffmpeg ended early: \(try errors())")
      }
    }
  }

  /// Fills a buffer with the next bytes; false at the end of the output.
  func read(_ buffer: UnsafeMutableBufferPointer<UInt8>) throws -> Bool {
    var filled = 0
    while filled < buffer.count {
      try wait(frames, for: POLLIN)
      let rest = UnsafeMutableRawBufferPointer(
        rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
      let count = recv(frames, rest.baseAddress, rest.count, Self.receiveFlags)
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      if count <= 0 { return false }
      filled += count
    }
    return true
  }

  /// Closes the input, and waits until the process has ended.
  ///
  /// - Returns: nil if it succeeded, else its messages.
  func finish() throws -> String? {
    shutdown(frames, Int32(SHUT_RDWR))
    let messages = try errors()
    var status: Int32 = 0
    while true {
      let ended = waitpid(child, &status, WNOHANG)
      if ended == child { break }
      if ended < 0, errno != EINTR {
        // Nobody knows how it ended.
        status = -1
        break
      }
      try control.check()
      usleep(2000)
    }
    hasEnded = true
    return status == 0 ? nil : messages
  }

  deinit {
    if !hasEnded {
      // The video was abandoned.
      kill(control.keepsProgramsInGroup ? child : -child, SIGKILL)
      var status: Int32 = 0
      while waitpid(child, &status, 0) < 0, errno == EINTR {}
    }
    close(frames)
    close(errorOutput)
  }

  /// What the process said, on one line; waits until it says no more. The server's paths and its
  /// addresses of memory are not the caller's concern.
  func errors() throws -> String {
    while isErrorOutputOpen {
      var asked = pollfd(fd: errorOutput, events: Int16(POLLIN), revents: 0)
      try control.check()
      if poll(&asked, 1, 50) > 0 { readErrorOutput() }
    }
    return String(decoding: messages, as: UTF8.self)
      .split(whereSeparator: \.isNewline).joined(separator: "; ")
      .replacing(#/ @ 0x[0-9a-f]+/#, with: "")
      .split(separator: " ").map { $0.contains("/") ? "the file:" : $0 }.joined(separator: " ")
  }

  /// Reads what is there, and keeps the beginning.
  private func readErrorOutput() {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = recv(errorOutput, &buffer, buffer.count, Self.receiveFlags)
    if count < 0, errno == EINTR || errno == EAGAIN { return }
    if count <= 0 { isErrorOutputOpen = false }
    messages += buffer.prefix(max(0, min(count, 2000 - messages.count)))
  }

  /// Waits until a socket is ready; throws when the control stops. Messages are read meanwhile: a
  /// process waits for ever to write what nobody reads.
  private func wait(_ socket: Int32, for event: Int32) throws {
    while true {
      try control.check()
      var asked = [
        pollfd(fd: socket, events: Int16(event), revents: 0),
        pollfd(fd: isErrorOutputOpen ? errorOutput : -1, events: Int16(POLLIN), revents: 0),
      ]
      guard poll(&asked, 2, 50) > 0 else { continue }
      if asked[1].revents != 0 { readErrorOutput() }
      if asked[0].revents != 0 { return }
    }
  }

  private static func program() throws -> String {
    guard let path = installedPath else { throw EngineError.resourceMissing(missingMessage) }
    return path
  }

  static let missingMessage =
    "videos need the program ffmpeg, which is not on the server's PATH: install the package ffmpeg"

  /// The path of `ffmpeg`; nil when it is not on the `PATH`.
  static var installedPath: String? {
    let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
    for folder in path.split(separator: ":") {
      let candidate = "\(folder)/ffmpeg"
      if access(candidate, X_OK) == 0 { return candidate }
    }
    return nil
  }

  private static func spawn(
    _ arguments: [String], _ flow: Flow, frames: Int32, errors: Int32, inOwnGroup: Bool
  ) throws -> pid_t {
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
    #else
      var actions = posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    for descriptor: Int32 in [0, 1] {
      if flow == (descriptor == 0 ? .reads : .writes) {
        posix_spawn_file_actions_adddup2(&actions, frames, descriptor)
      } else {
        posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
      }
    }
    posix_spawn_file_actions_adddup2(&actions, errors, 2)
    // A process group of its own: Ctrl-C in the terminal must not reach ffmpeg directly.
    if inOwnGroup {
      posix_spawnattr_setpgroup(&attributes, 0)
      posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    }
    var child: pid_t = 0
    let pointers = arguments.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    let result = posix_spawn(&child, arguments[0], &actions, &attributes, pointers, environ)
    guard result == 0 else {
      throw EngineError.resourceMissing(
        "ffmpeg could not be started: \(String(cString: strerror(result)))")
    }
    return child
  }

  /// Two connected sockets, close-on-exec.
  private static func socketPair() throws -> (Int32, Int32) {
    var pair: [Int32] = [-1, -1]
    #if canImport(Glibc)
      let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    #else
      let kind = SOCK_STREAM
    #endif
    guard socketpair(AF_UNIX, kind, 0, &pair) == 0 else {
      throw EngineError.resourceMissing(
        "could not create a socket for ffmpeg: \(String(cString: strerror(errno)))")
    }
    #if canImport(Darwin)
      var on: Int32 = 1
      for end in pair {
        _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        setsockopt(end, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
      }
    #endif
    return (pair[0], pair[1])
  }

  #if canImport(Glibc)
    private static let sendFlags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
    private static let receiveFlags = Int32(MSG_DONTWAIT)
  #else
    private static let sendFlags = Int32(MSG_DONTWAIT)
    private static let receiveFlags = Int32(MSG_DONTWAIT)
  #endif
}
