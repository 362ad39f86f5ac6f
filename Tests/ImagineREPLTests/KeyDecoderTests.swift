import Testing

@testable import ImagineREPL

@Suite("Keys from terminal bytes")
struct KeyDecoderTests {
  /// Decodes bytes at once and one by one; both must agree.
  private func decode(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) -> [Input]
  {
    decode(Array(text.utf8), sourceLocation: sourceLocation)
  }

  private func decode(
    _ bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
  ) -> [Input] {
    let start = ContinuousClock.now
    var whole = KeyDecoder()
    var result = whole.feed(bytes, at: start)
    result += whole.expire(at: start + .seconds(1))
    var split = KeyDecoder()
    var parts = bytes.flatMap { split.feed([$0], at: start) }
    parts += split.expire(at: start + .seconds(1))
    #expect(parts == result, sourceLocation: sourceLocation)
    return result
  }

  @Test("characters of any length in UTF-8, and replacements for broken ones")
  func characters() {
    #expect(
      decode("aé漢🙂") == ["a", "é", "漢", "🙂"].map { .key(.character($0)) })
    #expect(
      decode([0xff, 0x61, 0xc3, 0x62])
        == ["\u{FFFD}", "a", "\u{FFFD}", "b"].map { .key(.character($0)) })
    // C1 controls never become text.
    #expect(decode("\u{9b}A") == [.key(.character("A"))])
  }

  @Test("control keys, Enter, Tab, Backspace")
  func controls() {
    #expect(decode("\u{1}") == [.key(.character("a"), .control)])
    #expect(decode("\r") == [.key(.enter)])
    #expect(decode("\n") == [.key(.enter)])
    #expect(decode("\t") == [.key(.tab)])
    #expect(decode("\u{7f}\u{8}") == [.key(.backspace), .key(.backspace)])
    #expect(decode("\u{1f}") == [.key(.character("_"), .control)])
    #expect(decode("\u{0}") == [.key(.character(" "), .control)])
  }

  @Test(
    "arrows and named keys in each style",
    arguments: [
      ("\u{1b}[A", Key.up, Modifiers()), ("\u{1b}OA", .up, []), ("\u{1b}[1;5C", .right, .control),
      ("\u{1b}[1;3D", .left, .alt), ("\u{1b}[1;2H", .home, .shift), ("\u{1b}OF", .end, []),
      ("\u{1b}[3~", .delete, []), ("\u{1b}[3;5~", .delete, .control), ("\u{1b}[1~", .home, []),
      ("\u{1b}[7~", .home, []), ("\u{1b}[8~", .end, []), ("\u{1b}[5~", .pageUp, []),
      ("\u{1b}[Z", .tab, .shift), ("\u{1b}OP", .function(1), []), ("\u{1b}[15~", .function(5), []),
      ("\u{1b}[24~", .function(12), []), ("\u{1b}[[A", .function(1), []),
      ("\u{1b}\u{1b}[D", .left, .alt), ("\u{1b}OM", .enter, []), ("\u{1b}O5C", .right, .control),
      ("\u{1b}[1;9A", .up, []), ("\u{1b}[3^", .delete, .control), ("\u{1b}\r", .enter, .alt),
      ("\u{1b}\u{7f}", .backspace, .alt), ("\u{1b}b", .character("b"), .alt),
    ] as [(String, Key, Modifiers)])
  func namedKeys(bytes: String, key: Key, modifiers: Modifiers) {
    #expect(decode(bytes) == [.key(key, modifiers)])
  }

  @Test("CSI-u and modifyOtherKeys")
  func codePoints() {
    #expect(decode("\u{1b}[97;5u") == [.key(.character("a"), .control)])
    #expect(decode("\u{1b}[97;2u") == [.key(.character("A"))])
    #expect(decode("\u{1b}[13;3u") == [.key(.enter, .alt)])
    #expect(decode("\u{1b}[13;2u") == [.key(.enter, .shift)])
    #expect(decode("\u{1b}[27u") == [.key(.escape)])
    #expect(decode("\u{1b}[27;5;9~") == [.key(.tab, .control)])
    #expect(decode("\u{1b}[99;5:1u") == [.key(.character("c"), .control)])
    #expect(decode("\u{1b}[57399u\u{1b}[99999999999u\u{1b}[55296u") == [])
  }

  @Test("Esc alone is a key after 50 ms, not before")
  func loneEscape() {
    let start = ContinuousClock.now
    var decoder = KeyDecoder()
    #expect(decoder.feed([0x1b], at: start) == [])
    #expect(decoder.deadline == start + .milliseconds(50))
    #expect(decoder.expire(at: start + .milliseconds(49)) == [])
    #expect(decoder.expire(at: start + .milliseconds(50)) == [.key(.escape)])
    #expect(decoder.feed("[A".utf8, at: start) == ["[", "A"].map { .key(.character($0)) })
    #expect(decode("\u{1b}\u{1b}") == [.key(.escape), .key(.escape)])
    #expect(decode("\u{1b}[") == [.key(.character("["), .alt)])
  }

  @Test("a paste is one input, whatever is in it")
  func paste() {
    #expect(
      decode("\u{1b}[200~a\nb\u{1b}[A\u{3}\u{1b}[201~x") == [
        .paste(Array("a\nb\u{1b}[A\u{3}".utf8)), .key(.character("x")),
      ])
    #expect(
      Printable.pasted(Array("a\r\nb\rc\u{1b}[201~\u{0}\u{9b}\td\u{202e}".utf8))
        == "a\nb\nc[201~\td")
  }

  @Test("replies are swallowed, and read where they are known")
  func replies() {
    #expect(decode("\u{1b}[?62;4;22c") == [.reply(.attributes([62, 4, 22]))])
    #expect(decode("\u{1b}[?1;0;1024S") == [.reply(.sixelColors(1024))])
    #expect(decode("\u{1b}[?1;3;0S") == [.reply(.other)])
    #expect(decode("\u{1b}[6;20;10t") == [.reply(.cellSize(width: 10, height: 20))])
    #expect(decode("\u{1b}_Gi=31;OK\u{1b}\\") == [.reply(.graphics(isSupported: true))])
    #expect(decode("\u{1b}P>|kitty(0.26)\u{1b}\\") == [.reply(.version("kitty(0.26)"))])
    #expect(
      decode("\u{1b}]11;rgb:ffff/0000/00\u{7}")
        == [.reply(.background(red: 1, green: 0, blue: 0))])
    #expect(decode("\u{1b}[12;40R\u{1b}[?2026;2$y\u{1b}[0n").allSatisfy { $0 == .reply(.other) })
    #expect(decode("\u{1b}]52;c;aGk=\u{1b}\\x") == [.reply(.other), .key(.character("x"))])
    #expect(decode("\u{1b}[M !!x") == [.key(.character("x"))])
    #expect(decode("\u{1b}[<0;1;1Mx") == [.reply(.other), .key(.character("x"))])
    // Half a reply is dropped after its time.
    #expect(decode("\u{1b}]11;rgb:ff") == [])
  }

  @Test("random bytes in random pieces never fail, and the decoder is ready again")
  func randomBytes() {
    var random = SeededGenerator(seed: 7)
    var decoder = KeyDecoder()
    var now = ContinuousClock.now
    for _ in 0..<2000 {
      let count = Int.random(in: 1...40, using: &random)
      let interesting: [UInt8] = [0x1b, 0x5b, 0x4f, 0x5d, 0x50, 0x5c, 0x3b, 0x7e, 0x75, 0x39, 0x07]
      let bytes = (0..<count).map { _ in
        Bool.random(using: &random)
          ? interesting.randomElement(using: &random) ?? 0
          : UInt8.random(in: 0...255, using: &random)
      }
      _ = decoder.feed(bytes, at: now)
      now += .milliseconds(Int.random(in: 0...60, using: &random))
      _ = decoder.expire(at: now)
    }
    _ = decoder.feed("\u{1b}\\\u{1b}[201~".utf8, at: now)
    _ = decoder.expire(at: now + .seconds(1))
    #expect(decoder.feed("x".utf8, at: now) == [.key(.character("x"))])
  }
}

/// A small generator whose numbers depend on the seed alone (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }
}
