import ImagineAPI

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A running `ffmpeg` process that encodes raw frames into an H.264 file.
///
/// Frames go through a socket, not a pipe: writing to a dead child then returns an error instead of
/// raising SIGPIPE. No wait here outlasts the control: when it stops, the process and its children
/// are killed.
final class VideoEncoder {
  private let child: pid_t
  private var hasEnded = false
  private let frames: Int32
  private let errorOutput: Int32
  private let control: EngineControl

  /// Starts the process for frames of `size` (8-bit RGB); it writes the video to `path`.
  ///
  /// The number of threads is fixed, because x264's choices depend on it.
  ///
  /// - Parameter program: the path of `ffmpeg`; nil searches the `PATH`.
  init(
    size: PixelSize, framesPerSecond: Int, path: String, control: EngineControl,
    program: String? = nil
  ) throws {
    self.control = control
    let program = try program ?? Self.program()
    let arguments = [
      program, "-hide_banner", "-nostdin", "-loglevel", "error", "-y", "-f", "rawvideo",
      "-pixel_format", "rgb24", "-video_size", size.description, "-framerate",
      String(framesPerSecond), "-i", "pipe:0", "-an", "-vf",
      "scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+bicubic", "-c:v", "libx264",
      "-preset", "veryfast", "-crf", "19", "-threads", "2", "-pix_fmt", "yuv420p", "-colorspace",
      "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-fflags", "+bitexact",
      "-flags:v", "+bitexact", "-movflags", "+faststart", "-f", "mp4", path,
    ]
    let (ours, theirs) = try Self.socketPair()
    defer { close(theirs) }
    do {
      let (readEnd, writeEnd) = try Self.socketPair()
      defer { close(writeEnd) }
      do {
        child = try Self.spawn(arguments, input: theirs, errors: writeEnd)
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
        throw EngineError.failed("ffmpeg ended early: \(try readErrorOutput())")
      }
    }
  }

  /// Closes the input and waits until the file is complete.
  func finish() throws {
    shutdown(frames, Int32(SHUT_RDWR))
    let messages = try readErrorOutput()
    var status: Int32 = 0
    while true {
      let ended = waitpid(child, &status, WNOHANG)
      if ended == child { break }
      if ended < 0, errno != EINTR { break }
      try control.check()
      usleep(2000)
    }
    hasEnded = true
    guard status == 0 else {
      throw EngineError.failed("ffmpeg could not encode the video: \(messages)")
    }
  }

  deinit {
    if !hasEnded {
      // The video was abandoned. Kill ffmpeg's whole process group.
      kill(-child, SIGKILL)
      var status: Int32 = 0
      while waitpid(child, &status, 0) < 0, errno == EINTR {}
    }
    close(frames)
    close(errorOutput)
  }

  /// Reads the process's standard error until it is closed.
  private func readErrorOutput() throws -> String {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      try wait(errorOutput, for: POLLIN)
      let count = read(errorOutput, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { break }
      if bytes.count < 2000 { bytes += buffer.prefix(count) }
    }
    return String(decoding: bytes, as: UTF8.self)
      .split(whereSeparator: \.isNewline).joined(separator: "; ")
  }

  /// Waits until a socket is ready; throws when the control stops.
  private func wait(_ socket: Int32, for event: Int32) throws {
    var asked = pollfd(fd: socket, events: Int16(event), revents: 0)
    repeat { try control.check() } while poll(&asked, 1, 50) < 1
  }

  private static func program() throws -> String {
    guard let path = installedPath else { throw EngineError.resourceMissing(missingMessage) }
    return path
  }

  static let missingMessage =
    "videos need the program ffmpeg, which is not on the server's PATH"

  /// The path of `ffmpeg`; nil when it is not on the `PATH`.
  static var installedPath: String? {
    let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
    for folder in path.split(separator: ":") {
      let candidate = "\(folder)/ffmpeg"
      if access(candidate, X_OK) == 0 { return candidate }
    }
    return nil
  }

  private static func spawn(_ arguments: [String], input: Int32, errors: Int32) throws -> pid_t {
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
    posix_spawn_file_actions_adddup2(&actions, input, 0)
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, errors, 2)
    // A process group of its own: Ctrl-C in the terminal must not reach ffmpeg directly.
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
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
  #else
    private static let sendFlags = Int32(MSG_DONTWAIT)
  #endif
}
