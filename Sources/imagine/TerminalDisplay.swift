import ImagineAPI
import ImagineREPL
import ImagineRuns
import ImagineScripting
import Synchronization

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

/// Shows the images of scripts on standard output. It never asks the terminal what it can show: the
/// answer would be taken for input.
final class TerminalDisplay: ImageDisplay {
  private let environment: [String: String]
  private let isRemote: Bool
  private let state: Mutex<State>

  private struct State {
    var style: PreviewStyle
    /// Whether the prompt reads what is printed and shows it on its terminal.
    var hasPrompt = false
  }

  init(environment: [String: String]) {
    self.environment = environment
    state = Mutex(State(style: PreviewStyle(environment: environment)))
    isRemote = environment["SSH_CONNECTION"] != nil
  }

  /// - Parameter style: the name that the user has chosen, as for the values of statements.
  func promptBegins(style: String?) {
    let style = PreviewStyle(environment: environment, named: style)
    state.withLock { $0 = State(style: style, hasPrompt: true) }
  }

  /// Nil where standard output is no terminal.
  private var preview: Preview? {
    let state = state.withLock { $0 }
    guard isatty(STDOUT_FILENO) == 1 || state.hasPrompt, state.style != .none else { return nil }
    let size = TerminalSize()
    return Preview(style: state.style, columns: size.columns, rows: size.rows, isRemote: isRemote)
  }

  var box: PixelSize? { preview?.box(for: 1) }

  func show(_ facts: String, _ thumbnail: Thumbnail?) {
    var bytes = Array("\(facts.inOneLine)\n".utf8)
    if let thumbnail, let preview { bytes += preview.bytes([thumbnail]) }
    // What `print` has buffered comes first.
    fflush(nil)
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { systemWrite(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { return }
    }
  }
}

/// The size of the terminal at standard output or standard error; 80 × 24 if none tells.
struct TerminalSize {
  var columns = 80
  var rows = 24

  init() {
    var size = winsize()
    for file in [STDOUT_FILENO, STDERR_FILENO, STDIN_FILENO]
    where ioctl(file, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 && size.ws_row > 0 {
      (columns, rows) = (Int(size.ws_col), Int(size.ws_row))
      return
    }
  }
}
