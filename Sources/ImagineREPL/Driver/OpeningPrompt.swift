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

  /// Sets the terminal to raw mode and shows the prompt, where an ``InteractivePrompt`` can be had.
  ///
  /// - Parameter greeting: the first line of ``SessionHost/greeting``, which is not shown again.
  public static func show(greeting: String) {
    guard InteractivePrompt.canEdit(term: getenv("TERM").map { String(cString: $0) }),
      let terminal = TerminalDevice()
    else { return }
    let typedAhead = terminal.setRaw()
    let usesColor = getenv("NO_COLOR").map { $0.pointee == 0 } ?? true
    let style = usesColor ? Style.prompt : Style.prompt.withoutColor
    terminal.write(Array("\(greeting)\r\n\(style.sequence)\(PromptDriver.prompt)\u{1b}[m".utf8))
    current.withLock { $0 = Shown(terminal: terminal, typedAhead: typedAhead) }
    atexit { OpeningPrompt.withdraw() }
  }

  static var terminal: TerminalDevice? { current.withLock { $0?.terminal } }

  /// Erases the prompt; the terminal stays in raw mode. Nil if none is shown.
  static func take() -> Shown? {
    let shown = current.withLock { current in
      defer { current = nil }
      return current
    }
    shown?.terminal.write(Array("\r\u{1b}[K".utf8))
    return shown
  }

  /// Erases the prompt and restores the modes of the terminal, before a message or the end.
  public static func withdraw() { take()?.terminal.setCooked() }
}
