import ArgumentParser
import ImagineScripting

#if canImport(Glibc)
  import Glibc
  private let systemWrite = Glibc.write
#elseif canImport(Musl)
  import Musl
  private let systemWrite = Musl.write
#elseif canImport(Darwin)
  import Darwin
  private let systemWrite = Darwin.write
#endif

/// Standard output of commands. A failed write is an error of the command: a list that ends on a
/// full disk must not look complete.
enum Output {
  /// - Throws: ``ImagineError`` of kind `io`; `ExitCode`, without a message, if the reader is gone.
  static func line(_ text: String) throws {
    try write("\(text)\n")
  }

  static func write(_ text: String) throws {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { systemWrite(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count >= 0 {
        bytes = bytes.dropFirst(count)
      } else if errno == EPIPE {
        // The exit code of a program that SIGPIPE ends.
        throw ExitCode(128 + SIGPIPE)
      } else if errno != EINTR {
        throw ImagineError(
          .io, "cannot write to standard output: \(String(cString: strerror(errno)))")
      }
    }
  }
}
