public import ImagineCore
import ImagineSystem

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
  public init(ofFile path: FilePath) throws(ImagineError) {
    let source = try FileReader(path).source(limit: FileAssetStore.mostImportedBytes)
    let texts = PictureTexts(source)
    if let failure = source.failure { throw failure }
    guard let texts else {
      throw ImagineError(
        .validation, "\(path) is no picture (expected \(PictureHeader.expectation))")
    }
    self = texts
  }

  /// - Returns: nil for what is no picture.
  init?(_ source: MediaSource) {
    guard let header = PictureHeader(source) else { return nil }
    format = header.format
    size = header.size
    switch format {
    case .png: readPNG(source)
    case .jpeg: readJPEG(source)
    case .webp: readWebP(source)
    case .avif, .gif, .tiff: break
    }
  }

  private mutating func readPNG(_ source: MediaSource) {
    var offset = PNGChunk.signature.count
    for _ in 0..<Self.mostParts where entries.count < Self.mostTexts {
      guard let length = source.big(offset, 4), let type = source.name(offset + 4),
        length <= source.byteCount - offset - 12
      else { return }
      if PNGChunk.textTypes.contains(type), length <= Self.longestText,
        let named = source.bytes(offset + 4, length + 4),
        let sum = source.big(offset + 8 + length, 4),
        CRC32.checksum(Array(named)) == sum,
        let entry = PNGChunk.entry(type: type, named.dropFirst(4))
      {
        add(entry)
      }
      guard type != "IEND" else { return }
      offset += length + 12
    }
  }

  private mutating func readJPEG(_ source: MediaSource) {
    var offset = 2
    for _ in 0..<Self.mostParts where entries.count < Self.mostTexts {
      // Behind the start of the scan, 0xDA, there are pixels.
      guard let mark = source.big(offset, 2), mark >= 0xFF00, mark != 0xFFDA else { return }
      if mark == 0xFFFF || mark == 0xFF01 || (0xFFD0...0xFFD8).contains(mark) {
        offset += mark == 0xFFFF ? 1 : 2
        continue
      }
      guard let length = source.big(offset + 2, 2), length >= 2 else { return }
      if mark == 0xFFE1, let body = source.bytes(offset + 4, length - 2) {
        if body.starts(with: JPEGSegment.xmpHeader) {
          add(xmp: body.dropFirst(JPEGSegment.xmpHeader.count))
        } else {
          add(exif: Array(body))
        }
      }
      offset += 2 + length
    }
  }

  private mutating func readWebP(_ source: MediaSource) {
    var offset = 12
    for _ in 0..<Self.mostParts where entries.count < Self.mostTexts {
      guard let name = source.name(offset), let length = source.little(offset + 4, 4) else {
        return
      }
      if length <= Self.longestText, let body = source.bytes(offset + 8, length) {
        if name == "XMP " { add(xmp: body) }
        if name == "EXIF" { add(exif: Array(body)) }
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
  /// The text in a chunk's data; nil for one that cannot be read, or is longer than is read.
  fileprivate static func entry(type: String, _ data: ArraySlice<UInt8>) -> PictureTexts.Entry? {
    guard let end = data.firstIndex(of: 0), end > data.startIndex else { return nil }
    let keyword = latin(data[..<end])
    let rest = data[(end + 1)...]
    func inflated(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
      ZlibStream.inflate(bytes, limit: PictureTexts.longestText)?[...]
    }
    switch type {
    case "tEXt": return PictureTexts.Entry(keyword: keyword, text: latin(rest))
    case "zTXt":
      // A byte names the compression, of which there is one.
      guard rest.first == 0, let text = inflated(rest.dropFirst()) else { return nil }
      return PictureTexts.Entry(keyword: keyword, text: latin(text))
    case "iTXt":
      // Two bytes of compression, then language and translated keyword, each with a zero behind it.
      guard let isCompressed = rest.first, isCompressed <= 1,
        let language = rest.dropFirst(2).firstIndex(of: 0),
        let translated = rest[(language + 1)...].firstIndex(of: 0)
      else { return nil }
      let bytes = rest[(translated + 1)...]
      guard let text = isCompressed == 1 ? inflated(bytes) : bytes else { return nil }
      return PictureTexts.Entry(keyword: keyword, text: String(decoding: text, as: UTF8.self))
    default: return nil
    }
  }

  private static func latin(_ bytes: ArraySlice<UInt8>) -> String {
    var text = ""
    for byte in bytes { text.unicodeScalars.append(Unicode.Scalar(byte)) }
    return text
  }
}
