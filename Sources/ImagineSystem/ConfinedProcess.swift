import CProcess
package import ImagineAPI
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A child process of which nothing good is expected, and the socket to it.
///
/// It has a process group of its own, which is killed as a whole, and ends when this process ends.
package final class ConfinedProcess: Sendable {
  package let id: Int32
  package let socket: FrameSocket
  private let errors: Int32
  private let isReaped = Mutex(false)

  /// Starts a program. On Linux it also ends when the thread that calls this ends.
  ///
  /// - Parameters:
  ///   - arguments: after the program's name.
  ///   - environment: the complete environment; nothing is inherited.
  /// - Throws: ``ImagineError`` of kind `io`.
  package init(
    program: String, arguments: [String], environment: [String: String], _ confinement: Confinement
  ) throws(ImagineError) {
    var process: pid_t = 0
    var ends: (socket: Int32, errors: Int32) = (-1, -1)
    let words = ([program] + arguments).map { Array($0.utf8) }
    let failure = withCStrings(words) { arguments in
      withCStrings(environment.map { Array("\($0.key)=\($0.value)".utf8) }) { environment in
        imagine_confined_start(
          program, arguments, environment, confinement.rules, &process, &ends.socket, &ends.errors)
      }
    }
    guard failure == 0 else {
      throw ImagineError(.io, "cannot start \(program): \(SystemError.reason(failure))")
    }
    id = process
    socket = FrameSocket(ends.socket)
    errors = ends.errors
    // If memory runs out, the system ends it before this process.
    if let score = fopen("/proc/\(process)/oom_score_adj", "we") {
      fputs("500", score)
      fclose(score)
    }
  }

  deinit {
    kill()
    close(socket.descriptor)
    close(errors)
  }

  /// Kills it with all that it has started, if it runs, and waits until it is gone.
  package func kill() {
    isReaped.withLock { isReaped in
      guard !isReaped else { return }
      _ = systemKill(-id, SIGKILL)
      var status: Int32 = 0
      while waitpid(id, &status, 0) < 0, errno == EINTR {}
      isReaped = true
    }
  }

  /// Bytes of its heap, its stacks and its other data; nil if the system does not tell.
  package var dataBytes: Int? {
    guard let text = try? FileReader(FilePath("/proc/\(id)/statm")).all() else { return nil }
    let numbers = String(decoding: text, as: UTF8.self).split(whereSeparator: \.isWhitespace)
    guard numbers.count > 5, let pages = Int(numbers[5]) else { return nil }
    return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// The last lines that it wrote to its standard error since this was last asked.
  package func lastErrors() -> String {
    var text: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = systemRead(errors, &piece, piece.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      text = (text + piece.prefix(count)).suffix(4096)
    }
    return String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline).suffix(5)
      .joined(separator: "; ")
  }
}
