#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// `imagine serve`: replaces this process by the server program, so that signals and the process id
/// are the server's.
enum ServeCommand {
  /// - Returns: an exit code, only if the program cannot be started.
  static func run(arguments: [String]) -> Int32 {
    var words: [UnsafeMutablePointer<CChar>?] =
      ([Program.server, "serve"] + arguments).map { strdup($0) }
    words.append(nil)
    execv(Program.server, words)
    Notice.write("cannot start \(Program.server): \(String(cString: strerror(errno)))")
    return 127
  }
}
