/// What a terminal sends.
enum Input: Equatable, Sendable {
  case key(Key, Modifiers = [])
  /// The bytes between the marks of a bracketed paste.
  case paste([UInt8])
  case reply(TerminalReply)

  /// Whether it is a key that may run the line.
  var isEnter: Bool {
    if case .key(.enter, _) = self { true } else { false }
  }
}

/// A key of the keyboard.
enum Key: Equatable, Sendable {
  case character(Character)
  case enter, tab, backspace, delete, escape, insert
  case up, down, left, right, home, end, pageUp, pageDown
  case function(Int)
}

/// The modifiers of a key.
struct Modifiers: OptionSet, Sendable {
  let rawValue: UInt8
  static let shift = Modifiers(rawValue: 1)
  static let alt = Modifiers(rawValue: 2)
  static let control = Modifiers(rawValue: 4)
}

/// An answer to a question that was put to the terminal.
enum TerminalReply: Equatable, Sendable {
  /// DA1: the features of the terminal; 4 means sixel.
  case attributes([Int])
  /// XTSMGRAPHICS: how many colours sixel graphics have at once.
  case sixelColors(Int)
  /// The pixels of a cell.
  case cellSize(width: Int, height: Int)
  /// The answer to a query of the kitty graphics protocol.
  case graphics(isSupported: Bool)
  /// XTVERSION: name and version.
  case version(String)
  /// OSC 11: the background, 0 … 1 for each of red, green and blue.
  case background(red: Double, green: Double, blue: Double)
  /// Something that nobody asked for.
  case other
}
