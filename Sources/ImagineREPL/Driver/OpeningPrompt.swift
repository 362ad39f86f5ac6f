import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The first prompt of a program, shown before anything else is done: keys that are typed while the
/// rest starts are for its line.
public enum OpeningPrompt {
  struct Shown {
    let terminal: TerminalDevice
    /// Bytes that were typed before, while the terminal edited lines.
    let typedAhead: Int
  }

  private static let current = Mutex<Shown?>(nil)

  /// Shows a greeting and the prompt, where an ``InteractivePrompt`` can be had.
  public static func show(greeting: String) {
    guard InteractivePrompt.canEdit(term: getenv("TERM").map { String(cString: $0) }),
      let terminal = TerminalDevice()
    else { return }
    let typedAhead = terminal.setRaw()
    let usesColor = getenv("NO_COLOR").map { $0.pointee == 0 } ?? true
    let style = usesColor ? Style.prompt : Style.prompt.withoutColor
    terminal.write(Array("\(greeting)\r\n\(style.sequence)> \u{1b}[m".utf8))
    current.withLock { $0 = Shown(terminal: terminal, typedAhead: typedAhead) }
    atexit { OpeningPrompt.withdraw() }
  }

  static var terminal: TerminalDevice? { current.withLock { $0?.terminal } }

  /// Leaves its row empty for what follows, and the terminal as it is.
  static func take() -> Shown? {
    let shown = current.withLock { current in
      defer { current = nil }
      return current
    }
    shown?.terminal.write(Array("\r\u{1b}[K".utf8))
    return shown
  }

  /// Leaves its row empty and the terminal as it was: a message follows, and maybe no prompt.
  public static func withdraw() { take()?.terminal.setCooked() }
}
