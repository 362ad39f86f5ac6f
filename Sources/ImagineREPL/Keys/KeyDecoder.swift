/// Decodes what a terminal sends, however it is split into reads.
///
/// Sequences that it does not know are swallowed whole, so that a late reply never becomes text.
struct KeyDecoder {
  typealias Instant = ContinuousClock.Instant

  /// How long a lone Esc may be the start of a sequence.
  static let escapeTime: Duration = .milliseconds(50)
  /// How long the rest of a sequence may take. A reply may be split by a slow connection.
  static let sequenceTime: Duration = .milliseconds(500)
  /// A longer paste is cut: nobody edits it.
  static let pasteLimit = 8 << 20
  /// A longer sequence is no sequence.
  private static let sequenceLimit = 4096

  private enum State {
    case ground
    /// Inside a character of UTF-8.
    case character(expected: Int)
    case escape
    /// After Esc Esc: Alt with the key of the sequence that follows, or Esc twice.
    case escapeEscape
    /// CSI: parameters and intermediates in `bytes`.
    case control(isAlt: Bool)
    /// CSI M of an old mouse report: three more bytes.
    case mouse
    /// SS3: one more byte, perhaps after a digit.
    case shift3(isAlt: Bool)
    /// OSC, DCS, APC, PM and SOS: a string up to ST (OSC also up to BEL).
    case string(introducer: UInt8, sawEscape: Bool)
    case paste
  }

  private var state = State.ground
  private var bytes: [UInt8] = []
  /// When ``expire(at:)`` must be called; nil if nothing is pending.
  private(set) var deadline: Instant?

  init() {}

  /// Whether a sequence or a paste has begun and not ended.
  var isPending: Bool {
    if case .ground = state { false } else { true }
  }

  var isInPaste: Bool {
    if case .paste = state { true } else { false }
  }

  /// Decodes more bytes.
  mutating func feed(_ input: some Sequence<UInt8>, at now: Instant) -> [Input] {
    var result: [Input] = []
    for byte in input { step(byte, &result) }
    switch state {
    case .ground, .paste: deadline = nil
    case .escape, .escapeEscape: deadline = now + Self.escapeTime
    default: deadline = now + Self.sequenceTime
    }
    return result
  }

  /// Ends what has waited too long: a lone Esc is the key, half a sequence is dropped.
  mutating func expire(at now: Instant) -> [Input] {
    guard let deadline, deadline <= now else { return [] }
    self.deadline = nil
    defer { reset() }
    switch state {
    case .escape: return [.key(.escape)]
    case .escapeEscape: return [.key(.escape), .key(.escape)]
    // Alt-[ and Alt-O look like the start of a sequence.
    case .control(let isAlt) where bytes.isEmpty && !isAlt: return [.key(.character("["), .alt)]
    case .shift3(let isAlt) where bytes.isEmpty && !isAlt: return [.key(.character("O"), .alt)]
    default: return []
    }
  }

  private mutating func reset() {
    state = .ground
    bytes.removeAll(keepingCapacity: true)
  }

  private mutating func step(_ byte: UInt8, _ result: inout [Input]) {
    switch state {
    case .ground: ground(byte, [], &result)
    case .character(let expected): continueCharacter(byte, expected, &result)
    case .escape: escape(byte, &result)
    case .escapeEscape: escapeEscape(byte, &result)
    case .control(let isAlt): control(byte, isAlt, &result)
    case .mouse:
      bytes.append(byte)
      if bytes.count == 3 { reset() }
    case .shift3(let isAlt): shift3(byte, isAlt, &result)
    case .string(let introducer, let sawEscape): string(byte, introducer, sawEscape, &result)
    case .paste: paste(byte, &result)
    }
  }

  // MARK: Keys of one byte, and characters

  private mutating func ground(_ byte: UInt8, _ modifiers: Modifiers, _ result: inout [Input]) {
    switch byte {
    case 0x1b: state = .escape
    // The terminal turns one into the other.
    case 0x0a, 0x0d: result.append(.key(.enter, modifiers))
    case 0x09: result.append(.key(.tab, modifiers))
    case 0x7f, 0x08: result.append(.key(.backspace, modifiers))
    case 0x00: result.append(.key(.character(" "), modifiers.union(.control)))
    case 0x01...0x1a:
      result.append(
        .key(.character(Character(Unicode.Scalar(byte + 0x60))), modifiers.union(.control)))
    case 0x1c...0x1f:
      result.append(
        .key(.character(Character(Unicode.Scalar(byte + 0x40))), modifiers.union(.control)))
    case 0x20..<0x7f:
      result.append(.key(.character(Character(Unicode.Scalar(byte))), modifiers))
    case 0xc2..<0xe0: begin(byte, 2)
    case 0xe0..<0xf0: begin(byte, 3)
    case 0xf0..<0xf5: begin(byte, 4)
    default: result.append(.key(.character("\u{FFFD}"), modifiers))
    }
  }

  private mutating func begin(_ byte: UInt8, _ count: Int) {
    bytes = [byte]
    state = .character(expected: count)
  }

  private mutating func continueCharacter(
    _ byte: UInt8, _ expected: Int, _ result: inout [Input]
  ) {
    guard byte & 0xc0 == 0x80 else {
      reset()
      result.append(.key(.character("\u{FFFD}")))
      return ground(byte, [], &result)
    }
    bytes.append(byte)
    guard bytes.count == expected else { return }
    let text = String(decoding: bytes, as: UTF8.self)
    reset()
    for scalar in text.unicodeScalars where !(0x80..<0xa0).contains(scalar.value) {
      result.append(.key(.character(Character(scalar))))
    }
  }

  // MARK: Escape

  private mutating func escape(_ byte: UInt8, _ result: inout [Input]) {
    reset()
    switch byte {
    case UInt8(ascii: "["): state = .control(isAlt: false)
    case UInt8(ascii: "O"): state = .shift3(isAlt: false)
    case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "_"), UInt8(ascii: "^"),
      UInt8(ascii: "X"):
      state = .string(introducer: byte, sawEscape: false)
    case 0x1b: state = .escapeEscape
    default: ground(byte, .alt, &result)
    }
  }

  private mutating func escapeEscape(_ byte: UInt8, _ result: inout [Input]) {
    reset()
    switch byte {
    case UInt8(ascii: "["): state = .control(isAlt: true)
    case UInt8(ascii: "O"): state = .shift3(isAlt: true)
    default:
      result.append(.key(.escape))
      escape(byte, &result)
    }
  }

  private mutating func shift3(_ byte: UInt8, _ isAlt: Bool, _ result: inout [Input]) {
    if (0x30...0x39).contains(byte), bytes.isEmpty {
      bytes.append(byte)
      return
    }
    var modifiers = bytes.first.map { KeySequence.modifiers(Int($0) - 0x30) } ?? []
    if isAlt { modifiers.insert(.alt) }
    reset()
    if byte == 0x1b { return state = .escape }
    if let key = KeySequence.shift3(byte) { result.append(.key(key, modifiers)) }
  }

  private mutating func control(_ byte: UInt8, _ isAlt: Bool, _ result: inout [Input]) {
    switch byte {
    case 0x20...0x3f:
      bytes.append(byte)
      if bytes.count > Self.sequenceLimit { reset() }
    case UInt8(ascii: "M") where bytes.isEmpty: state = .mouse
    case UInt8(ascii: "[") where bytes.isEmpty:
      // The Linux console sends CSI [ A for F1.
      bytes.append(byte)
    case 0x40...0x7e:
      let parameters = bytes
      reset()
      if parameters == Array("200".utf8), byte == UInt8(ascii: "~") {
        return state = .paste
      }
      if let input = KeySequence.control(parameters, byte, isAlt: isAlt) { result.append(input) }
    case 0x1b:
      reset()
      state = .escape
    default: reset()
    }
  }

  // MARK: Strings and pastes

  private mutating func string(
    _ byte: UInt8, _ introducer: UInt8, _ sawEscape: Bool, _ result: inout [Input]
  ) {
    if sawEscape {
      let content = bytes
      reset()
      result.append(.reply(KeySequence.reply(introducer, content)))
      // Esc \ ends the string; any other Esc cancels it and starts something new.
      if byte != UInt8(ascii: "\\") { escape(byte, &result) }
      return
    }
    switch byte {
    case 0x1b: state = .string(introducer: introducer, sawEscape: true)
    case 0x07 where introducer == UInt8(ascii: "]"):
      let content = bytes
      reset()
      result.append(.reply(KeySequence.reply(introducer, content)))
    case 0x18, 0x1a: reset()
    default: if bytes.count < Self.sequenceLimit { bytes.append(byte) }
    }
  }

  private static let pasteEnd = Array("\u{1b}[201~".utf8)

  private mutating func paste(_ byte: UInt8, _ result: inout [Input]) {
    if bytes.count < Self.pasteLimit + Self.pasteEnd.count {
      bytes.append(byte)
    } else {
      // Keep looking for the end in what is dropped.
      bytes.removeSubrange(Self.pasteLimit..<(Self.pasteLimit + 1))
      bytes.append(byte)
    }
    guard byte == UInt8(ascii: "~"), bytes.suffix(Self.pasteEnd.count) == Self.pasteEnd[...] else {
      return
    }
    let content = Array(bytes.dropLast(Self.pasteEnd.count).prefix(Self.pasteLimit))
    reset()
    result.append(.paste(content))
  }
}
