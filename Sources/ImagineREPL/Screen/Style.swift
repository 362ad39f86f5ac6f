/// How a cell looks: attributes and one of the terminal's own sixteen colours, so that text fits the
/// user's theme.
struct Style: Hashable, Sendable {
  enum Color: UInt8, Sendable {
    case standard, red, green, yellow, blue, magenta, cyan
  }

  var color = Color.standard
  var isBold = false
  var isDim = false
  var isReversed = false
  var isUnderlined = false

  static let plain = Style()
  static let dim = Style(isDim: true)
  static let prompt = Style(color: .green, isBold: true)
  static let keyword = Style(color: .magenta)
  static let constant = Style(color: .cyan)
  static let number = Style(color: .cyan)
  static let string = Style(color: .green)
  static let comment = Style(isDim: true)
  static let invalid = Style(color: .red)
  static let error = Style(color: .red)
  static let match = Style(isBold: true, isUnderlined: true)
  static let selected = Style(isReversed: true)

  /// The sequence that changes plain text to this style.
  var sequence: String {
    var codes: [String] = []
    if isBold { codes.append("1") }
    if isDim { codes.append("2") }
    if isUnderlined { codes.append("4") }
    if isReversed { codes.append("7") }
    if color != .standard { codes.append("\(30 + color.rawValue)") }
    return codes.isEmpty ? "" : "\u{1b}[\(codes.joined(separator: ";"))m"
  }

  /// The style without its colour, for NO_COLOR.
  var withoutColor: Style {
    var style = self
    style.color = .standard
    return style
  }

  init(
    color: Color = .standard, isBold: Bool = false, isDim: Bool = false, isReversed: Bool = false,
    isUnderlined: Bool = false
  ) {
    self.color = color
    self.isBold = isBold
    self.isDim = isDim
    self.isReversed = isReversed
    self.isUnderlined = isUnderlined
  }
}
