import ImagineAPI

/// The chunks of PNG (ISO/IEC 15948, 5.3 and 11.3.3).
enum PNGChunk {
  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// The types of text chunks.
  static let textTypes = ["tEXt", "iTXt", "zTXt"]

  /// Inserts text chunks after the header chunk, where every reader looks, replacing texts with the
  /// same keywords. Nil if the file is no PNG.
  static func insert(
    _ texts: [(keyword: String, chunk: [UInt8])], into image: [UInt8]
  ) -> [UInt8]? {
    guard image.starts(with: signature) else { return nil }
    let end = signature.count + 25
    guard image.count > end, type(of: image[8..<end]) == "IHDR" else { return nil }
    var result = Array(image[..<end])
    for text in texts { result += text.chunk }
    var offset = end
    while let length = length(image, at: offset), length <= image.count - offset {
      let chunk = image[offset..<offset + length]
      if !isText(chunk, of: texts.map(\.keyword)) { result += chunk }
      offset += length
    }
    // Data after the last complete chunk is kept: repairing it is not our task.
    return result + image[offset...]
  }

  /// `tEXt` if the text is Latin-1, as the format requires; otherwise `iTXt`.
  static func text(keyword: String, _ text: String) -> [UInt8] {
    let latin = text.unicodeScalars.compactMap { UInt8(exactly: $0.value) }
    guard latin.count == text.unicodeScalars.count else {
      return internationalText(keyword: keyword, text)
    }
    return chunk("tEXt", Array(keyword.utf8) + [0] + latin)
  }

  /// `iTXt`: UTF-8, not compressed, without a language.
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

  /// The length of the chunk at an offset, including its frame of 12 bytes.
  private static func length(_ image: [UInt8], at offset: Int) -> Int? {
    guard offset + 12 <= image.count else { return nil }
    return image[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } + 12
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
