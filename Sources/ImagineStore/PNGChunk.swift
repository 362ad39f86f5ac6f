import ImagineCore

/// The chunks of PNG (ISO/IEC 15948, 5.3 and 11.3.3).
enum PNGChunk {
  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// The types of the chunks that hold texts.
  static let textTypes = ["tEXt", "iTXt", "zTXt"]

  /// A file with further chunks behind its header chunk, where every reader looks; they take the
  /// place of texts of the same keywords. Nil for what is no PNG.
  static func insert(
    _ texts: [(keyword: String, chunk: [UInt8])], into picture: [UInt8]
  ) -> [UInt8]? {
    guard picture.starts(with: signature) else { return nil }
    let end = signature.count + 25
    guard picture.count > end, type(of: picture[8..<end]) == "IHDR" else { return nil }
    var result = Array(picture[..<end])
    for text in texts { result += text.chunk }
    var offset = end
    while let length = length(picture, at: offset), length <= picture.count - offset {
      let chunk = picture[offset..<offset + length]
      if !isText(chunk, of: texts.map(\.keyword)) { result += chunk }
      offset += length
    }
    // What is behind the last whole chunk is kept as it is: it is not ours to mend.
    return result + picture[offset...]
  }

  /// `tEXt` where the text is Latin-1, as the format wants; else `iTXt`.
  static func text(keyword: String, _ text: String) -> [UInt8] {
    let latin = text.unicodeScalars.compactMap { UInt8(exactly: $0.value) }
    guard latin.count == text.unicodeScalars.count else {
      return internationalText(keyword: keyword, text)
    }
    return chunk("tEXt", Array(keyword.utf8) + [0] + latin)
  }

  /// `iTXt`: UTF-8, not compressed, no language.
  static func internationalText(keyword: String, _ text: String) -> [UInt8] {
    chunk("iTXt", Array(keyword.utf8) + [0, 0, 0, 0, 0] + Array(text.utf8))
  }

  static func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(type.utf8) + data
    return bigEndian(UInt32(data.count)) + body + bigEndian(CRC32.checksum(body))
  }

  private static func bigEndian(_ value: UInt32) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian, Array.init)
  }

  /// Length of the chunk at an offset, its frame of 12 bytes included.
  private static func length(_ picture: [UInt8], at offset: Int) -> Int? {
    guard offset + 12 <= picture.count else { return nil }
    return picture[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } + 12
  }

  private static func type(of chunk: ArraySlice<UInt8>) -> String {
    String(decoding: chunk.dropFirst(4).prefix(4), as: UTF8.self)
  }

  private static func isText(_ chunk: ArraySlice<UInt8>, of keywords: [String]) -> Bool {
    guard textTypes.contains(type(of: chunk)) else { return false }
    let data = chunk.dropFirst(8)
    return keywords.contains { data.starts(with: Array($0.utf8) + [0]) }
  }
}
