#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// `imagine serve`: becomes the server program beside this one, so that signals and the process id
/// are the server's.
enum ServeCommand {
  /// - Returns: an exit code, where the program could not be replaced.
  static func run(arguments: [String]) -> Int32 {
    var words: [UnsafeMutablePointer<CChar>?] =
      ([Program.server] + arguments).map { strdup($0) }
    words.append(nil)
    execv(Program.server, words)
    Notice.write("cannot start \(Program.server): \(String(cString: strerror(errno)))")
    return 127
  }
}
