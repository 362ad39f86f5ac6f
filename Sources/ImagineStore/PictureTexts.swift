public import ImagineCore

/// The texts in a picture's file, read without decoding a pixel.
///
/// The file may be anybody's: every length in it is checked, what is damaged or too long is passed
/// over, and nothing that it says is believed. Show its texts with `printable`.
public struct PictureTexts: Sendable, Hashable {
  public struct Entry: Sendable, Hashable, Codable {
    /// The keyword of a PNG's text; `XMP` or `UserComment` in other formats.
    public var keyword: String
    public var text: String
  }

  public let format: PictureFormat
  /// Pixels.
  public let size: PixelSize
  /// In the order of the file.
  public internal(set) var entries: [Entry] = []
  /// What the picture's own metadata says, where the host wrote it; the first that can be read.
  public internal(set) var metadata: PictureMetadata?

  /// The longest text that is read, in bytes.
  static let longestText = 1 << 20
  /// How many texts are read, and how many parts of a file are looked at.
  static let mostTexts = 64
  static let mostParts = 100_000

  /// Reads a file.
  ///
  /// - Throws: ``ImagineError`` of kind `io` where it cannot be read, and `validation` where it is
  ///   no picture.
  public init(ofFile path: String) throws(ImagineError) {
    let reader = try FileReader(path)
    let count = try reader.byteCount
    let texts = try PictureTexts(byteCount: count) { offset, count throws(ImagineError) in
      try reader.bytes(from: offset, count: count)
    }
    guard let texts else {
      throw ImagineError(
        .validation, "\(path) is no picture (expected \(PictureHeader.expectation))")
    }
    self = texts
  }

  /// - Parameter read: gives at most so many bytes from an offset.
  /// - Returns: nil for what is no picture.
  init?(
    byteCount: Int, read: (_ offset: Int, _ count: Int) throws(ImagineError) -> [UInt8]
  ) throws(ImagineError) {
    guard let header = PictureHeader(try read(0, min(byteCount, PictureHeader.enoughBytes))) else {
      return nil
    }
    format = header.format
    size = header.size
    switch format {
    case .png: try readPNG(byteCount, read)
    case .jpeg: try readJPEG(byteCount, read)
    case .webp: try readWebP(byteCount, read)
    case .avif, .gif, .tiff: break
    }
  }

  private typealias Read = (_ offset: Int, _ count: Int) throws(ImagineError) -> [UInt8]

  private mutating func readPNG(_ byteCount: Int, _ read: Read) throws(ImagineError) {
    var offset = PNGChunk.signature.count
    for _ in 0..<Self.mostParts where entries.count < Self.mostTexts {
      let frame = try read(offset, 8)
      guard frame.count == 8 else { return }
      let length = frame.prefix(4).reduce(0) { $0 << 8 | Int($1) }
      guard length <= byteCount - offset - 12 else { return }
      let type = String(decoding: frame.suffix(4), as: UTF8.self)
      if PNGChunk.textTypes.contains(type), length <= Self.longestText {
        let body = try read(offset + 8, length + 4)
        let written = body.suffix(4).reduce(0) { $0 << 8 | UInt32($1) }
        if body.count == length + 4,
          PNGChunk.checksum(Array(frame.suffix(4) + body.dropLast(4))) == written,
          let entry = PNGChunk.entry(type: type, body.dropLast(4))
        {
          add(entry)
        }
      }
      guard type != "IEND" else { return }
      offset += length + 12
    }
  }

  private mutating func readJPEG(_ byteCount: Int, _ read: Read) throws(ImagineError) {
    var offset = 2
    for _ in 0..<Self.mostParts where entries.count < Self.mostTexts {
      let frame = try read(offset, 4)
      // Behind the start of the scan, 0xDA, there are pixels.
      guard frame.count == 4, frame[0] == 0xFF, frame[1] != 0xDA else { return }
      if frame[1] == 0xFF || frame[1] == 0x01 || (0xD0...0xD8).contains(frame[1]) {
        offset += frame[1] == 0xFF ? 1 : 2
        continue
      }
      let length = Int(frame[2]) << 8 | Int(frame[3])
      guard length >= 2 else { return }
      if frame[1] == 0xE1 {
        let body = try read(offset + 4, length - 2)
        if body.starts(with: JPEGSegment.xmpHeader) {
          add(xmp: body.dropFirst(JPEGSegment.xmpHeader.count))
        } else {
          add(exif: body)
        }
      }
      offset += 2 + length
    }
  }

  private mutating func readWebP(_ byteCount: Int, _ read: Read) throws(ImagineError) {
    var offset = 12
    for _ in 0..<Self.mostParts where entries.count < Self.mostTexts {
      let frame = try read(offset, 8)
      guard frame.count == 8 else { return }
      let length = frame.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
      if frame.starts(with: Array("XMP ".utf8)), length <= Self.longestText {
        add(xmp: try read(offset + 8, length)[...])
      } else if frame.starts(with: Array("EXIF".utf8)), length <= Self.longestText {
        add(exif: try read(offset + 8, length))
      }
      offset += 8 + length + length % 2
    }
  }

  private mutating func add(_ entry: Entry) {
    if metadata == nil, entry.keyword == "imagine" {
      metadata = PictureMetadata(json: entry.text)
    }
    entries.append(entry)
  }

  private mutating func add(exif block: [UInt8]) {
    guard let text = ExifComment.text(block) else { return }
    entries.append(Entry(keyword: "UserComment", text: text))
  }

  private mutating func add(xmp: ArraySlice<UInt8>) {
    let text = String(decoding: xmp, as: UTF8.self)
    if metadata == nil { metadata = PictureMetadata(xmp: text) }
    entries.append(Entry(keyword: "XMP", text: text))
  }
}

extension PNGChunk {
  /// The text in a chunk's data; nil for a compressed one, which is not read.
  fileprivate static func entry(type: String, _ data: ArraySlice<UInt8>) -> PictureTexts.Entry? {
    guard let end = data.firstIndex(of: 0), end > data.startIndex else { return nil }
    let keyword = latin(data[..<end])
    let rest = data[(end + 1)...]
    switch type {
    case "tEXt": return PictureTexts.Entry(keyword: keyword, text: latin(rest))
    case "iTXt":
      // Two bytes of compression, then language and translated keyword, each with a zero behind it.
      guard rest.first == 0, let language = rest.dropFirst(2).firstIndex(of: 0),
        let translated = rest[(language + 1)...].firstIndex(of: 0)
      else { return nil }
      return PictureTexts.Entry(
        keyword: keyword, text: String(decoding: rest[(translated + 1)...], as: UTF8.self))
    default: return nil
    }
  }

  private static func latin(_ bytes: ArraySlice<UInt8>) -> String {
    var text = ""
    for byte in bytes { text.unicodeScalars.append(Unicode.Scalar(byte)) }
    return text
  }
}
