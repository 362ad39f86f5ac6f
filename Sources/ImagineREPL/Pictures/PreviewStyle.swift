import ImagineAPI

/// How a terminal shows a preview of an image.
public enum PreviewStyle: Equatable, Sendable {
  /// The graphics protocol of kitty, which others speak too.
  case kitty
  /// The inline images of iTerm2.
  case iterm
  /// The graphics of DEC's VT340, with as many colours as the terminal has.
  case sixel(colors: Int)
  /// Half a cell for each pixel, in 24-bit colours or those of the 256-colour palette.
  case blocks(isTrueColor: Bool)
  case none

  /// The names that a setting may have.
  public static let names = ["auto", "kitty", "iterm", "sixel", "blocks", "none"]

  /// Whether a setting names a style, and does not leave it to the terminal.
  static func isChosen(_ name: String?) -> Bool { name != "auto" && names.contains(name ?? "") }

  /// What the environment tells of the terminal.
  ///
  /// - Parameter name: one of ``names``, such as a setting of the user's; anything else is `auto`.
  public init(environment: [String: String], named name: String? = nil) {
    let terminal = environment["TERM"] ?? ""
    let program = environment["TERM_PROGRAM"] ?? ""
    let isTrueColor =
      ["truecolor", "24bit"].contains(environment["COLORTERM"] ?? "")
      || terminal.hasSuffix("-direct") || Self.isXtermWithTrueColor(environment)
    let blocks = Self.blocks(isTrueColor: isTrueColor)
    switch name ?? environment["IMAGINE_PREVIEW"] {
    case "kitty": self = .kitty
    case "iterm": self = .iterm
    case "sixel": self = .sixel(colors: 256)
    case "blocks": self = blocks
    case "none": self = .none
    default:
      if ["", "dumb", "linux"].contains(terminal) || terminal.hasPrefix("vt")
        || !(environment["NO_COLOR"] ?? "").isEmpty
      {
        self = .none
      } else if environment["TMUX"] != nil || environment["STY"] != nil {
        // Whatever terminal a multiplexer is in, what it draws itself counts.
        self = blocks
      } else if terminal == "xterm-kitty" || environment["KITTY_WINDOW_ID"] != nil
        || program == "ghostty"
      {
        self = .kitty
      } else if ["iTerm.app", "WezTerm"].contains(program) {
        self = .iterm
      } else {
        self = blocks
      }
    }
  }

  /// Since version 331 xterm has 24-bit colours; it never sets `COLORTERM`.
  private static func isXtermWithTrueColor(_ environment: [String: String]) -> Bool {
    // Programs that are started in an xterm inherit the variable, multiplexers too.
    guard environment["TERM"]?.hasPrefix("xterm") == true, environment["TMUX"] == nil,
      environment["STY"] == nil, let version = environment["XTERM_VERSION"],
      version.hasPrefix("XTerm(")
    else { return false }
    return Int(version.dropFirst(6).prefix { $0.isNumber }).map { $0 >= 331 } ?? false
  }
}

/// What a terminal has told about itself. Nothing waits for it: until it has answered, half blocks
/// serve.
struct TerminalFacts {
  private(set) var cell = PixelSize(width: 8, height: 16)
  /// Whether the last answer, which every terminal gives, is still to come.
  private(set) var isAwaited = false
  private var hasKittyGraphics = false
  private var hasSixel = false
  private var colors = 256

  /// One batch of questions: the graphics protocol of kitty, a cell's pixels, the colours of sixel
  /// graphics, and DA1, which comes last. A multiplexer would show the first as text.
  static func questions(ofMultiplexer isMultiplexer: Bool) -> [UInt8] {
    let kitty = "\u{1b}_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\u{1b}\\"
    return Array("\(isMultiplexer ? "" : kitty)\u{1b}[16t\u{1b}[?1;1;0S\u{1b}[c".utf8)
  }

  /// The questions are sent.
  mutating func ask() { isAwaited = true }

  mutating func note(_ reply: TerminalReply) {
    switch reply {
    case .attributes(let features): (isAwaited, hasSixel) = (false, features.contains(4))
    case .sixelColors(let count): colors = min(max(2, count), 256)
    case .graphics(let isSupported): hasKittyGraphics = isSupported
    case .cellSize(let width, let height) where (1...200).contains(width):
      if (1...200).contains(height) { cell = PixelSize(width: width, height: height) }
    default: break
    }
  }

  /// The style that is best after all that is known.
  ///
  /// - Parameter isChosen: whether the user wants this one.
  func style(_ style: PreviewStyle, isChosen: Bool) -> PreviewStyle {
    switch style {
    case .blocks where !isChosen && hasKittyGraphics: .kitty
    case .blocks where !isChosen && hasSixel: .sixel(colors: colors)
    case .sixel: .sixel(colors: colors)
    default: style
    }
  }
}
