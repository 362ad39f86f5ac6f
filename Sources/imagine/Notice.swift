import ImagineREPL
import ImagineScripting
import Logging

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

/// Messages for the user on stderr; stdout belongs to the script.
enum Notice {
  /// Prints a message; escapes control characters from services, prompts and file names.
  static func write(_ text: String) {
    writeRaw("imagine: \(text.printable)\n")
  }

  /// Writes with one system call, so that lines of several threads do not mix.
  static func writeRaw(_ text: String) {
    OpeningPrompt.withdraw()
    Program.progress?.makeRoom()
    writeBytes(text)
  }

  /// Writes at the progress line's own place.
  static func writeBytes(_ text: String) {
    let bytes = Array(text.utf8)
    _ = systemWrite(STDERR_FILENO, bytes, bytes.count)
  }
}

/// Prints log lines as notices.
struct NoticeLog: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level = .warning

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let facts = metadata.merging(event.metadata ?? [:]) { $1 }
      .sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
    Notice.write("\(event.message)\(facts)")
  }
}
