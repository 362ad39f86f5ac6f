#if canImport(Glibc)
  @preconcurrency import Glibc
#elseif canImport(Darwin)
  @preconcurrency import Darwin
#endif

/// The program's standard streams, by the C library's buffers, which Lua's `io` shares.
///
/// The stream variables of the C library are set before `main` and never changed here;
/// the streams lock themselves.
enum Console {
  /// Puts something in the place of standard streams that were closed when the program was
  /// started, or the next file or pipe that is opened would be one: what a script prints would go
  /// there. Reading and writing fail as they would without.
  static func fillClosedStreams() {
    for stream in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(stream, F_GETFD) < 0 {
      // The lowest free number is taken.
      _ = open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }

  static func write(_ text: String) {
    fputs(text, stdout)
    fflush(stdout)
  }

  static func write(_ bytes: [UInt8]) {
    _ = bytes.withUnsafeBufferPointer { fwrite($0.baseAddress, 1, $0.count, stdout) }
    fflush(stdout)
  }

  /// Writes out what every stream still holds.
  static func flush() {
    fflush(nil)
  }

  static func error(_ text: String) {
    error(Array(text.utf8))
  }

  static func error(_ bytes: [UInt8]) {
    _ = bytes.withUnsafeBufferPointer { fwrite($0.baseAddress, 1, $0.count, stderr) }
    fflush(stderr)
  }

  /// Writes to stderr where that is possible now: it waits neither for a reader nor for a
  /// thread that has the stream.
  static func errorAtOnce(_ text: String) {
    var output = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
    guard poll(&output, 1, 0) == 1, output.revents & Int16(POLLOUT) != 0 else { return }
    let bytes = Array(text.utf8)
    _ = bytes.withUnsafeBytes { systemWrite(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  static var inputIsTerminal: Bool { isatty(STDIN_FILENO) != 0 }

  /// The bytes of a line of standard input without its end; `nil` at the end.
  static func readLine() -> [UInt8]? {
    var buffer: UnsafeMutablePointer<CChar>?
    var capacity = 0
    defer { free(buffer) }
    // A script's own read that an interrupt has ended leaves its mark.
    if ferror(stdin) != 0 { clearerr(stdin) }
    while true {
      errno = 0
      let count = getline(&buffer, &capacity, stdin)
      if count < 0 && errno == EINTR {
        clearerr(stdin)
        continue
      }
      guard count >= 0, let buffer else { return nil }
      let bytes = UnsafeRawBufferPointer(start: buffer, count: count)
      let end = bytes.last == UInt8(ascii: "\n") ? count - 1 : count
      return Array(bytes[..<end])
    }
  }
}

/// `write` of the C library, which has another meaning inside of ``Console``.
private func systemWrite(_ file: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(file, bytes, count)
}
