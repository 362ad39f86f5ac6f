/// A color of a script: 8-bit sRGB with straight alpha.
public struct PictureColor: Sendable, Hashable, Codable {
  public var red: UInt8
  public var green: UInt8
  public var blue: UInt8
  public var alpha: UInt8

  public init(red: UInt8, green: UInt8, blue: UInt8, alpha: UInt8 = 255) {
    self.red = red
    self.green = green
    self.blue = blue
    self.alpha = alpha
  }

  public static let white = PictureColor(red: 255, green: 255, blue: 255)
  public static let black = PictureColor(red: 0, green: 0, blue: 0)
  public static let transparent = PictureColor(red: 0, green: 0, blue: 0, alpha: 0)

  /// The names that scripts may give; CSS has the same values for them.
  static let names: [(name: String, color: PictureColor)] = [
    ("black", .black), ("white", .white), ("transparent", .transparent),
    ("gray", PictureColor(red: 128, green: 128, blue: 128)),
    ("silver", PictureColor(red: 192, green: 192, blue: 192)),
    ("red", PictureColor(red: 255, green: 0, blue: 0)),
    ("green", PictureColor(red: 0, green: 128, blue: 0)),
    ("blue", PictureColor(red: 0, green: 0, blue: 255)),
    ("navy", PictureColor(red: 0, green: 0, blue: 128)),
    ("yellow", PictureColor(red: 255, green: 255, blue: 0)),
    ("orange", PictureColor(red: 255, green: 165, blue: 0)),
    ("cyan", PictureColor(red: 0, green: 255, blue: 255)),
    ("magenta", PictureColor(red: 255, green: 0, blue: 255)),
    ("purple", PictureColor(red: 128, green: 0, blue: 128)),
  ]

  static let expectation =
    "#rgb, #rrggbb or #rrggbbaa, or one of: \(names.map(\.name).joined(separator: ", "))"

  /// A color by name or in hexadecimal; nil for anything else.
  public init?(_ text: String) {
    if let named = Self.names.first(where: { $0.name == text.lowercased() }) {
      self = named.color
      return
    }
    guard text.hasPrefix("#"), text.utf8.count <= 9 else { return nil }
    var digits = text.dropFirst().compactMap { $0.isASCII ? $0.hexDigitValue : nil }
    guard digits.count == text.utf8.count - 1 else { return nil }
    if digits.count == 3 { digits = digits.flatMap { [$0, $0] } }
    guard digits.count == 6 || digits.count == 8 else { return nil }
    func byte(_ index: Int) -> UInt8 { UInt8(16 * digits[2 * index] + digits[2 * index + 1]) }
    self.init(
      red: byte(0), green: byte(1), blue: byte(2), alpha: digits.count == 8 ? byte(3) : 255)
  }

  /// The form in requests: `#rrggbbaa`, so that equal colors give equal requests.
  public var text: String {
    "#"
      + [red, green, blue, alpha].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
