import ImagineAPI

/// Text from services, prompts and file names, made safe to show: it may hold escape sequences that
/// change the terminal, and marks that reverse what is read.
enum Printable {
  /// The text with controls and direction marks as Lua escapes: `\27`, `\u{202E}`.
  static func escaped(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isHazard) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if !isHazard(scalar) {
        result.unicodeScalars.append(scalar)
      } else if scalar.value < 0x80 {
        result += "\\\(scalar.value)"
      } else {
        result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
      }
    }
    return result
  }

  /// Whether a scalar may act on the terminal or on the order of the text; tabs and line ends too.
  static func isHazard(_ scalar: Unicode.Scalar) -> Bool {
    scalar.isUnprintable || scalar == "\t" || scalar == "\n"
  }

  /// What a paste may bring into a line: no controls but tab and newline. An end of line may be `\r`,
  /// `\n` or both.
  static func pasted(_ bytes: [UInt8]) -> String {
    var result = ""
    var followsReturn = false
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      defer { followsReturn = scalar == "\r" }
      switch scalar {
      case "\r": result.unicodeScalars.append("\n")
      case "\n": if !followsReturn { result.unicodeScalars.append("\n") }
      case "\t": result.unicodeScalars.append("\t")
      case let scalar where isHazard(scalar): continue
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
