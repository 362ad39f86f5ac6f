public import ImagineAPI

/// The texts in an image file, read without decoding a pixel.
///
/// The file is untrusted: every length is checked, damaged or too long texts are skipped, and
/// nothing in it is believed. Show its texts with `printable`.
public struct ImageTexts: Sendable, Hashable {
  public struct Entry: Sendable, Hashable, Codable {
    /// The keyword of a PNG text; `XMP` or `UserComment` in other formats.
    public var keyword: String
    public var text: String
  }

  public let format: ImageFormat
  /// Pixels.
  public let size: PixelSize
  /// In file order.
  public internal(set) var entries: [Entry] = []
  /// The first readable metadata that the host embedded.
  public internal(set) var metadata: ImageMetadata?

  /// The maximum size of a text in bytes.
  static let maxTextBytes = 1 << 20
  /// The maximum number of texts, and of inspected parts of a file.
  static let maxTexts = 64
  static let maxParts = 100_000

  /// - Returns: nil if it is no image.
  public init?(_ source: MediaSource) {
    guard let header = ImageHeader(source) else { return nil }
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
    for _ in 0..<Self.maxParts where entries.count < Self.maxTexts {
      guard let length = source.bigEndian(offset, 4), let type = source.name(offset + 4),
        length <= source.byteCount - offset - 12
      else { return }
      if PNGChunk.textTypes.contains(type), length <= Self.maxTextBytes,
        let named = source.bytes(offset + 4, length + 4),
        let sum = source.bigEndian(offset + 8 + length, 4),
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
    for _ in 0..<Self.maxParts where entries.count < Self.maxTexts {
      // Pixels follow the start of the scan, 0xDA.
      guard let mark = source.bigEndian(offset, 2), mark >= 0xFF00, mark != 0xFFDA else { return }
      if mark == 0xFFFF || mark == 0xFF01 || (0xFFD0...0xFFD8).contains(mark) {
        offset += mark == 0xFFFF ? 1 : 2
        continue
      }
      guard let length = source.bigEndian(offset + 2, 2), length >= 2 else { return }
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
    for _ in 0..<Self.maxParts where entries.count < Self.maxTexts {
      guard let name = source.name(offset), let length = source.littleEndian(offset + 4, 4) else {
        return
      }
      if length <= Self.maxTextBytes, let body = source.bytes(offset + 8, length) {
        if name == "XMP " { add(xmp: body) }
        if name == "EXIF" { add(exif: Array(body)) }
      }
      offset += 8 + length + length % 2
    }
  }

  private mutating func add(_ entry: Entry) {
    if metadata == nil, entry.keyword == "imagine" {
      metadata = ImageMetadata(json: entry.text)
    }
    entries.append(entry)
  }

  private mutating func add(exif block: [UInt8]) {
    guard let text = ExifComment.text(block) else { return }
    entries.append(Entry(keyword: "UserComment", text: text))
  }

  private mutating func add(xmp: ArraySlice<UInt8>) {
    let text = String(decoding: xmp, as: UTF8.self)
    if metadata == nil { metadata = ImageMetadata(xmp: text) }
    entries.append(Entry(keyword: "XMP", text: text))
  }
}

extension PNGChunk {
  /// The text of a chunk; nil if it is invalid or too long.
  fileprivate static func entry(type: String, _ data: ArraySlice<UInt8>) -> ImageTexts.Entry? {
    guard let end = data.firstIndex(of: 0), end > data.startIndex else { return nil }
    let keyword = latin(data[..<end])
    let rest = data[(end + 1)...]
    func inflated(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
      ZlibStream.inflate(bytes, limit: ImageTexts.maxTextBytes)?[...]
    }
    switch type {
    case "tEXt": return ImageTexts.Entry(keyword: keyword, text: latin(rest))
    case "zTXt":
      // One byte for the compression method, always 0.
      guard rest.first == 0, let text = inflated(rest.dropFirst()) else { return nil }
      return ImageTexts.Entry(keyword: keyword, text: latin(text))
    case "iTXt":
      // Two bytes for compression, then language and translated keyword, each ended by a zero.
      guard let isCompressed = rest.first, isCompressed <= 1,
        let language = rest.dropFirst(2).firstIndex(of: 0),
        let translated = rest[(language + 1)...].firstIndex(of: 0)
      else { return nil }
      let bytes = rest[(translated + 1)...]
      guard let text = isCompressed == 1 ? inflated(bytes) : bytes else { return nil }
      return ImageTexts.Entry(keyword: keyword, text: String(decoding: text, as: UTF8.self))
    default: return nil
    }
  }

  private static func latin(_ bytes: ArraySlice<UInt8>) -> String {
    var text = ""
    for byte in bytes { text.unicodeScalars.append(Unicode.Scalar(byte)) }
    return text
  }
}
