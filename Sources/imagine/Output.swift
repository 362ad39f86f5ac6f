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

/// The standard output of commands. What could not be written is an error of the command: a list
/// that ends on a full disk must not look whole.
enum Output {
  /// - Throws: ``ImagineError`` of kind `io`; `ExitCode` where nobody reads any more, which is told
  ///   to nobody either.
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
        // As a program ends by SIGPIPE, where that is not ignored.
        throw ExitCode(128 + SIGPIPE)
      } else if errno != EINTR {
        throw ImagineError(
          .io, "cannot write to standard output: \(String(cString: strerror(errno)))")
      }
    }
  }
}
