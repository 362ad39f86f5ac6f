#if canImport(Glibc)
  @preconcurrency import Glibc
#elseif canImport(Darwin)
  @preconcurrency import Darwin
#endif

/// The standard streams, through the buffers of the C library, which Lua's `io` shares.
///
/// The C library sets its stream variables before `main`; nothing changes them here. Streams have
/// their own locks.
enum Console {
  /// Opens placeholders for standard streams that were closed when the process started. Otherwise the
  /// next opened file would take their descriptor, and scripts would print into it. Reads and writes
  /// still fail.
  static func fillClosedStreams() {
    for stream in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(stream, F_GETFD) < 0 {
      // `open` returns the lowest free descriptor.
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

  /// Flushes all streams.
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

  /// Writes to stderr if that is possible without waiting for a reader or for the stream's lock.
  static func errorWithoutBlocking(_ text: String) {
    var output = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
    guard poll(&output, 1, 0) == 1, output.revents & Int16(POLLOUT) != 0 else { return }
    let bytes = Array(text.utf8)
    _ = bytes.withUnsafeBytes { systemWrite(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  static var inputIsTerminal: Bool { isatty(STDIN_FILENO) != 0 }

  /// The bytes of a line of standard input without its newline; `nil` at the end.
  static func readLine() -> [UInt8]? {
    var buffer: UnsafeMutablePointer<CChar>?
    var capacity = 0
    defer { free(buffer) }
    // An interrupted read of a script leaves an error on the stream.
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

/// `write` of the C library, which ``Console`` shadows.
private func systemWrite(_ file: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(file, bytes, count)
}
