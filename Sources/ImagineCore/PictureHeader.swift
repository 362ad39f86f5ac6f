/// What a picture's first bytes say of it.
///
/// Read by the host, which links no decoder: enough to know a format and a size, and to tell a
/// picture from an error page. Whether the rest decodes is the server's business.
public struct PictureHeader: Sendable, Hashable {
  public let format: PictureFormat
  /// Pixels, as stored: an EXIF orientation is not applied.
  public let size: PixelSize

  /// How many bytes from the start of a file are enough, unless ``mayLieDeeper(_:)`` says otherwise.
  public static let enoughBytes = 64 * 1024

  /// What pictures can be, for messages.
  public static let expectation = "PNG, JPEG, WebP, GIF, TIFF or AVIF"

  public init(format: PictureFormat, size: PixelSize) {
    self.format = format
    self.size = size
  }

  /// - Parameter bytes: the file, or at least ``enoughBytes`` from its start.
  public init?(_ bytes: some Collection<UInt8>) {
    let reader = Reader(Array(bytes))
    guard
      let header = reader.png ?? reader.jpeg ?? reader.webp ?? reader.gif ?? reader.tiff
        ?? reader.avif
    else { return nil }
    guard header.1.width > 0, header.1.height > 0 else { return nil }
    (format, size) = header
  }

  /// Whether a file that begins so can have its header behind ``enoughBytes``: a JPEG after large
  /// metadata, a TIFF anywhere.
  public static func mayLieDeeper(_ head: some Collection<UInt8>) -> Bool {
    head.starts(with: [0xFF, 0xD8, 0xFF]) || Reader(Array(head.prefix(4))).isTIFF
  }
}

/// Reads header fields by their place; every access is checked, since the bytes are a stranger's.
private struct Reader {
  typealias Header = (PictureFormat, PixelSize)

  let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  private func big(_ offset: Int, _ count: Int) -> Int? {
    guard offset >= 0, offset + count <= bytes.count else { return nil }
    return bytes[offset..<offset + count].reduce(0) { $0 << 8 | Int($1) }
  }

  private func little(_ offset: Int, _ count: Int) -> Int? {
    guard offset >= 0, offset + count <= bytes.count else { return nil }
    return bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  private func has(_ text: StaticString, at offset: Int) -> Bool {
    let count = text.utf8CodeUnitCount
    guard offset >= 0, offset + count <= bytes.count else { return false }
    return text.withUTF8Buffer { bytes[offset..<offset + count].elementsEqual($0) }
  }

  /// PNG: the signature, then the IHDR chunk.
  var png: Header? {
    guard bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]),
      has("IHDR", at: 12), let width = big(16, 4), let height = big(20, 4)
    else { return nil }
    return (.png, PixelSize(width: width, height: height))
  }

  /// JPEG: marker segments up to the first frame header (SOF0 … SOF15 but DHT, JPG and DAC).
  var jpeg: Header? {
    guard bytes.starts(with: [0xFF, 0xD8, 0xFF]) else { return nil }
    var offset = 2
    while let marker = big(offset, 2), marker >= 0xFF00 {
      switch marker {
      case 0xFFFF: offset += 1
      case 0xFF01, 0xFFD0...0xFFD8: offset += 2
      case 0xFFC0...0xFFCF where ![0xFFC4, 0xFFC8, 0xFFCC].contains(marker):
        guard let height = big(offset + 5, 2), let width = big(offset + 7, 2) else { return nil }
        return (.jpeg, PixelSize(width: width, height: height))
      default:
        guard let length = big(offset + 2, 2), length >= 2 else { return nil }
        offset += 2 + length
      }
    }
    return nil
  }

  /// WebP: a RIFF container with a lossy, a lossless or an extended chunk first.
  var webp: Header? {
    guard has("RIFF", at: 0), has("WEBP", at: 8) else { return nil }
    if has("VP8 ", at: 12), let width = little(26, 2), let height = little(28, 2) {
      return (.webp, PixelSize(width: width & 0x3FFF, height: height & 0x3FFF))
    }
    if has("VP8L", at: 12), let bits = little(21, 4) {
      return (.webp, PixelSize(width: (bits & 0x3FFF) + 1, height: (bits >> 14 & 0x3FFF) + 1))
    }
    if has("VP8X", at: 12), let width = little(24, 3), let height = little(27, 3) {
      return (.webp, PixelSize(width: width + 1, height: height + 1))
    }
    return nil
  }

  /// GIF: the logical screen.
  var gif: Header? {
    guard has("GIF87a", at: 0) || has("GIF89a", at: 0),
      let width = little(6, 2), let height = little(8, 2)
    else { return nil }
    return (.gif, PixelSize(width: width, height: height))
  }

  var isTIFF: Bool {
    bytes.starts(with: [0x49, 0x49, 0x2A, 0]) || bytes.starts(with: [0x4D, 0x4D, 0, 0x2A])
  }

  /// TIFF: width and height among the entries of the first directory, which lies anywhere.
  var tiff: Header? {
    guard isTIFF else { return nil }
    let number = bytes[0] == 0x49 ? little : big
    guard let directory = number(4, 4), let count = number(directory, 2) else { return nil }
    var found: [Int: Int] = [:]
    for entry in 0..<count {
      let place = directory + 2 + entry * 12
      guard let tag = number(place, 2), let type = number(place + 2, 2) else { break }
      // A SHORT or a LONG.
      found[tag] = number(place + 8, type == 3 ? 2 : 4)
    }
    guard let width = found[256], let height = found[257] else { return nil }
    return (.tiff, PixelSize(width: width, height: height))
  }

  /// AVIF: the first image spatial extents property (`ispe`) of an ISO media file.
  var avif: Header? {
    guard has("ftyp", at: 4), has("avif", at: 8) || has("avis", at: 8) || has("mif1", at: 8)
    else { return nil }
    var offset = 12
    while offset + 16 <= bytes.count {
      if bytes[offset] == 0x69, has("ispe", at: offset),
        let width = big(offset + 8, 4), let height = big(offset + 12, 4)
      {
        return (.avif, PixelSize(width: width, height: height))
      }
      offset += 1
    }
    return nil
  }
}
