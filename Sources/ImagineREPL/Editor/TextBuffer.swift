/// The text that is edited and the cursor, an offset into its UTF-8 bytes that is always at a
/// boundary of grapheme clusters.
struct TextBuffer: Equatable {
  private(set) var text: String
  private(set) var cursor: Int

  init(_ text: String = "") {
    self.text = text
    self.text.makeContiguousUTF8()
    cursor = self.text.utf8.count
  }

  var count: Int { text.utf8.count }
  var isEmpty: Bool { text.isEmpty }
  var isAtEnd: Bool { cursor == count }
  var beforeCursor: Substring { self[0..<cursor] }
  var afterCursor: Substring { self[cursor..<count] }

  subscript(range: Range<Int>) -> Substring {
    text[index(range.lowerBound)..<index(range.upperBound)]
  }

  private func index(_ offset: Int) -> String.Index {
    text.utf8.index(text.startIndex, offsetBy: min(max(0, offset), count))
  }

  private func offset(_ index: String.Index) -> Int {
    text.utf8.distance(from: text.startIndex, to: index)
  }

  /// The first boundary at or after an offset.
  private func aligned(_ offset: Int) -> Int {
    guard offset > 0, offset < count else { return min(max(0, offset), count) }
    let next = text.index(after: index(offset))
    let previous = text.index(before: next)
    return self.offset(previous) == offset ? offset : self.offset(next)
  }

  // MARK: Changing

  mutating func moveCursor(to offset: Int) {
    cursor = aligned(offset)
  }

  /// Replaces a range; the cursor goes behind the new text.
  mutating func replace(_ range: Range<Int>, with new: String) {
    text.replaceSubrange(index(range.lowerBound)..<index(range.upperBound), with: new)
    text.makeContiguousUTF8()
    moveCursor(to: range.lowerBound + new.utf8.count)
  }

  mutating func insert(_ new: String) {
    replace(cursor..<cursor, with: new)
  }

  // MARK: Places

  func next(_ offset: Int) -> Int {
    offset >= count ? count : self.offset(text.index(after: index(offset)))
  }

  func previous(_ offset: Int) -> Int {
    offset <= 0 ? 0 : self.offset(text.index(before: index(offset)))
  }

  func lineStart(_ offset: Int) -> Int {
    let bytes = text.utf8
    var place = index(offset)
    while place > bytes.startIndex {
      let before = bytes.index(before: place)
      if bytes[before] == UInt8(ascii: "\n") { break }
      place = before
    }
    return self.offset(place)
  }

  func lineEnd(_ offset: Int) -> Int {
    let bytes = text.utf8
    var place = index(offset)
    while place < bytes.endIndex, bytes[place] != UInt8(ascii: "\n") {
      place = bytes.index(after: place)
    }
    return self.offset(place)
  }

  var isOnFirstLine: Bool { lineStart(cursor) == 0 }
  var isOnLastLine: Bool { lineEnd(cursor) == count }

  /// The end of the word at or after an offset. A word is letters, digits and `_`.
  func wordEnd(_ offset: Int) -> Int {
    var place = index(offset)
    while place < text.endIndex, !Self.isWord(text[place]) { place = text.index(after: place) }
    while place < text.endIndex, Self.isWord(text[place]) { place = text.index(after: place) }
    return self.offset(place)
  }

  /// The start of the word before an offset.
  func wordStart(_ offset: Int, where isWord: (Character) -> Bool = TextBuffer.isWord) -> Int {
    var place = index(offset)
    while place > text.startIndex, !isWord(text[text.index(before: place)]) {
      place = text.index(before: place)
    }
    while place > text.startIndex, isWord(text[text.index(before: place)]) {
      place = text.index(before: place)
    }
    return self.offset(place)
  }

  static func isWord(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || character == "_"
  }

  /// The columns from the start of the line to an offset.
  func column(_ offset: Int) -> Int {
    self[lineStart(offset)..<offset].reduce(0) { $0 + max(1, CharacterWidth.columns(of: $1)) }
  }

  /// The place in the line of `offset` that is nearest to a column from the left.
  func place(inLineOf offset: Int, column: Int) -> Int {
    var place = lineStart(offset)
    let end = lineEnd(offset)
    var columns = 0
    while place < end {
      let next = self.next(place)
      columns += self[place..<next].reduce(0) { $0 + max(1, CharacterWidth.columns(of: $1)) }
      if columns > column { break }
      place = next
    }
    return place
  }
}
