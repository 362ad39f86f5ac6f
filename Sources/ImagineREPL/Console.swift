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
  static func write(_ text: String) {
    fputs(text, stdout)
    fflush(stdout)
  }

  static func error(_ text: String) {
    fputs(text, stderr)
    fflush(stderr)
  }

  static func writeError(line bytes: [UInt8]) {
    _ = bytes.withUnsafeBufferPointer { fwrite($0.baseAddress, 1, $0.count, stderr) }
    error("\n")
  }

  static var inputIsTerminal: Bool { isatty(STDIN_FILENO) != 0 }

  /// A line of standard input without its end; `nil` at the end.
  static func readLine() -> String? {
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
      return String(decoding: bytes[..<end], as: UTF8.self)
    }
  }
}
