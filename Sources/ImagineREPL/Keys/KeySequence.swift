/// The meaning of escape sequences.
enum KeySequence {
  /// The modifiers of a parameter: 1 plus a bit each.
  static func modifiers(_ parameter: Int) -> Modifiers {
    guard parameter > 1 else { return [] }
    let bits = parameter - 1
    var result: Modifiers = []
    if bits & 1 != 0 { result.insert(.shift) }
    // Meta counts as Alt.
    if bits & 2 != 0 || bits & 32 != 0 { result.insert(.alt) }
    if bits & 4 != 0 { result.insert(.control) }
    return result
  }

  static func shift3(_ final: UInt8) -> Key? {
    switch final {
    case UInt8(ascii: "P")...UInt8(ascii: "S"): .function(Int(final) - 0x4f)
    case UInt8(ascii: "M"): .enter
    case UInt8(ascii: "I"): .tab
    // The digits and signs of a keypad.
    case UInt8(ascii: "j")...UInt8(ascii: "y"):
      .character(Character(Unicode.Scalar(final - 0x40)))
    default: arrow(final)
    }
  }

  private static func arrow(_ final: UInt8) -> Key? {
    switch final {
    case UInt8(ascii: "A"): .up
    case UInt8(ascii: "B"): .down
    case UInt8(ascii: "C"): .right
    case UInt8(ascii: "D"): .left
    case UInt8(ascii: "H"): .home
    case UInt8(ascii: "F"): .end
    default: nil
    }
  }

  /// A control sequence; nil for one that means nothing here.
  static func control(_ parameters: [UInt8], _ final: UInt8, isAlt: Bool) -> Input? {
    if let marker = parameters.first, (0x3c...0x3f).contains(marker) {
      guard marker == UInt8(ascii: "?") else { return .reply(.other) }
      let values = numbers(parameters.dropFirst())
      switch final {
      case UInt8(ascii: "c"): return .reply(.attributes(values))
      case UInt8(ascii: "S") where values.count == 3 && values[..<2] == [1, 0]:
        return .reply(.sixelColors(values[2]))
      default: return .reply(.other)
      }
    }
    if parameters.first == UInt8(ascii: "["), let key = consoleFunction(final) { return .key(key) }
    let values = numbers(parameters[...])
    var modifiers = modifiers(values.count > 1 ? values[1] : 1)
    if isAlt { modifiers.insert(.alt) }
    // rxvt's modified keys end in $ or ^.
    if final == UInt8(ascii: "^") { modifiers.insert(.control) }
    switch final {
    case UInt8(ascii: "~"), UInt8(ascii: "^"):
      if values.first == 27, values.count > 2 { return character(values[2], modifiers) }
      return tilde(values.first ?? 0).map { .key($0, modifiers) }
    case UInt8(ascii: "u"): return character(values.first ?? 0, modifiers)
    case UInt8(ascii: "Z"): return .key(.tab, modifiers.union(.shift))
    case UInt8(ascii: "P"), UInt8(ascii: "Q"), UInt8(ascii: "S"):
      return .key(.function(Int(final) - 0x4f), modifiers)
    // A reply with a cell's size in pixels: height, then width.
    case UInt8(ascii: "t") where values.first == 6 && values.count == 3:
      return .reply(.cellSize(width: values[2], height: values[1]))
    case UInt8(ascii: "t"), UInt8(ascii: "R"), UInt8(ascii: "n"), UInt8(ascii: "y"),
      UInt8(ascii: "c"):
      return .reply(.other)
    case UInt8(ascii: "a")...UInt8(ascii: "d"):
      return arrow(final - 0x20).map { .key($0, modifiers.union(.shift)) }
    default: return arrow(final).map { .key($0, modifiers) }
    }
  }

  private static func consoleFunction(_ final: UInt8) -> Key? {
    (UInt8(ascii: "A")...UInt8(ascii: "E")).contains(final) ? .function(Int(final) - 0x40) : nil
  }

  private static func tilde(_ number: Int) -> Key? {
    switch number {
    case 1, 7: .home
    case 2: .insert
    case 3: .delete
    case 4, 8: .end
    case 5: .pageUp
    case 6: .pageDown
    case 11...15: .function(number - 10)
    case 17...21: .function(number - 11)
    case 23...24: .function(number - 12)
    default: nil
    }
  }

  /// The key of a code point, as CSI-u and xterm's modifyOtherKeys send it.
  private static func character(_ code: Int, _ modifiers: Modifiers) -> Input? {
    switch code {
    case 9: return .key(.tab, modifiers)
    case 13: return .key(.enter, modifiers)
    case 27: return .key(.escape, modifiers)
    case 8, 127: return .key(.backspace, modifiers)
    // Private use: keys of the kitty keyboard protocol that make no text.
    case 57344...63743: return nil
    case 0x20...0x10ffff:
      guard let value = UInt32(exactly: code), let scalar = Unicode.Scalar(value),
        !(0x7f..<0xa0).contains(value)
      else { return nil }
      var rest = modifiers
      var character = Character(scalar)
      if modifiers.contains(.shift), let upper = character.uppercased().first,
        character.uppercased().count == 1
      {
        character = upper
        rest.remove(.shift)
      }
      if rest.contains(.control), let lower = character.lowercased().first { character = lower }
      return .key(.character(character), rest)
    default: return nil
    }
  }

  /// The numbers of parameters; sub-parameters after a colon are dropped, a missing one is 0.
  private static func numbers(_ parameters: ArraySlice<UInt8>) -> [Int] {
    parameters.split(separator: UInt8(ascii: ";"), maxSplits: 32, omittingEmptySubsequences: false)
      .map { part in
        let digits = part.prefix { (0x30...0x39).contains($0) }.prefix(9)
        return digits.reduce(0) { $0 * 10 + Int($1) - 0x30 }
      }
  }

  // MARK: Replies

  /// The reply in an OSC, DCS or APC string.
  static func reply(_ introducer: UInt8, _ content: [UInt8]) -> TerminalReply {
    let text = String(decoding: content, as: UTF8.self)
    switch introducer {
    case UInt8(ascii: "P") where text.hasPrefix(">|"): return .version(String(text.dropFirst(2)))
    case UInt8(ascii: "_") where text.hasPrefix("G"):
      return .graphics(isSupported: text.hasSuffix(";OK"))
    case UInt8(ascii: "]") where text.hasPrefix("11;rgb:"):
      let parts = text.dropFirst(7).split(separator: "/").compactMap(share)
      guard parts.count == 3 else { return .other }
      return .background(red: parts[0], green: parts[1], blue: parts[2])
    default: return .other
    }
  }

  /// A hexadecimal component of one to four digits, as a share of its maximum.
  private static func share(_ digits: Substring) -> Double? {
    guard (1...4).contains(digits.count), let value = Int(digits, radix: 16), value >= 0 else {
      return nil
    }
    return Double(value) / Double((1 << (4 * digits.count)) - 1)
  }
}
