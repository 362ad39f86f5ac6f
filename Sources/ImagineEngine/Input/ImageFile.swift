import ImagineAPI

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The part of an image file that a decoder gets: the pixels of the first frame, the palette and
/// the colour profile.
///
/// Texts, previews, camera metadata and further frames are removed, because some decoders expand
/// them to many times their size. The orientation is read from the metadata first.
struct ImageFile {
  let format: ImageFormat
  let bytes: [UInt8]
  /// 1 … 8, as EXIF numbers it; 1 for formats whose decoder applies the orientation itself.
  let orientation: Int

  /// - Throws: ``EngineError/unusable(field:reason:)`` for bytes of an unknown format, and for a
  ///   file whose decoding would cost far more than its size suggests.
  init(_ bytes: [UInt8], field: String) throws(EngineError) {
    guard let format = Self.format(of: bytes) else {
      throw .unusable(
        field: field,
        reason: bytes.isEmpty
          ? "it is empty" : "it is not a PNG, JPEG, WebP, AVIF, TIFF or GIF file")
    }
    let stripped: StrippedFile
    do {
      stripped =
        switch format {
        case .png: StrippedFile(png: bytes)
        case .jpeg: try StrippedFile(jpeg: bytes)
        case .webp: StrippedFile(webp: bytes)
        case .tiff: try StrippedFile(tiff: bytes)
        case .gif: StrippedFile(gif: bytes)
        case .avif: try StrippedFile(avif: bytes)
        }
    } catch {
      throw .unusable(field: field, reason: error.reason)
    }
    self.format = format
    self.bytes = stripped.bytes
    orientation = stripped.orientation
  }

  private static func format(of bytes: [UInt8]) -> ImageFormat? {
    let reader = ByteReader(bytes)
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return .png }
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return .jpeg }
    if reader.has("RIFF", at: 0), reader.has("WEBP", at: 8) { return .webp }
    if reader.has("ftyp", at: 4),
      reader.has("avif", at: 8) || reader.has("avis", at: 8) || reader.has("mif1", at: 8)
    {
      return .avif
    }
    if reader.has("II*\0", at: 0) || reader.has("MM\0*", at: 0) { return .tiff }
    if reader.has("GIF87a", at: 0) || reader.has("GIF89a", at: 0) { return .gif }
    return nil
  }
}

/// An image file without the parts that a decoder does not need. Damage is left for the decoder to
/// report.
struct StrippedFile {
  /// Why a file never reaches a decoder.
  struct Refusal: Error {
    let reason: String
  }

  var bytes: [UInt8]
  var orientation = 1
}

extension StrippedFile {
  /// PNG: keeps the critical chunks, transparency and the profile.
  init(png file: [UInt8]) {
    let reader = ByteReader(file)
    bytes = Array(file.prefix(8))
    bytes.reserveCapacity(file.count)
    var hasProfile = false
    var at = 8
    while let size = reader.number(at: at, 4), at + 12 + size <= file.count {
      let isCritical = file[at + 4] & 0x20 == 0
      if reader.has("eXIf", at: at + 4) {
        orientation = Orientation.read(exif: reader.slice(at + 8, size))
      }
      let isProfile = reader.has("iCCP", at: at + 4)
      if isCritical || reader.has("tRNS", at: at + 4) || isProfile && !hasProfile {
        bytes += file[at..<(at + 12 + size)]
      }
      hasProfile = hasProfile || isProfile
      at += 12 + size
    }
    // A truncated chunk counts as damage, unless it is one that is removed anyway.
    if at + 8 <= file.count, file[at + 4] & 0x20 == 0 { bytes += file[at...] }
  }

  /// JPEG: keeps the tables, the frame headers, the JFIF and Adobe segments, the profile and the
  /// pixels.
  ///
  /// - Throws: ``Refusal`` for more than 100 scans, because each costs as much as the whole image.
  init(jpeg file: [UInt8]) throws(Refusal) {
    let reader = ByteReader(file)
    bytes = Array(file.prefix(2))
    bytes.reserveCapacity(file.count)
    var hasOrientation = false
    var at = 2
    while let mark = reader.number(at: at, 2), mark >= 0xFF00 {
      if mark == 0xFFFF {
        at += 1
        continue
      }
      if mark == 0xFF01 || (0xFFD0...0xFFD8).contains(mark) {
        at += 2
        continue
      }
      guard mark != 0xFFDA, mark != 0xFFD9, let size = reader.number(at: at + 2, 2), size >= 2,
        at + 2 + size <= file.count
      else { break }
      if mark == 0xFFE1, reader.has("Exif\0\0", at: at + 4), !hasOrientation {
        orientation = Orientation.read(exif: reader.slice(at + 4, size - 2))
        hasOrientation = true
      }
      let isKept =
        switch mark {
        case 0xFFE0: reader.has("JFIF\0", at: at + 4)
        case 0xFFE2: reader.has("ICC_PROFILE\0", at: at + 4)
        case 0xFFEE: reader.has("Adobe", at: at + 4)
        case 0xFFE0...0xFFEF, 0xFFFE: false
        default: true
        }
      if isKept { bytes += file[at..<(at + 2 + size)] }
      at += 2 + size
    }
    guard Self.scans(in: file, from: at, atMost: 101) <= 100 else {
      throw Refusal(reason: "it is a JPEG file with more than 100 scans")
    }
    bytes += file[min(at, file.count)...]
  }

  private static func scans(in file: [UInt8], from start: Int, atMost most: Int) -> Int {
    file.withUnsafeBytes { file in
      guard let base = file.baseAddress else { return 0 }
      var count = 0
      var at = start
      // Marks are rare, and this reads every file to its end.
      while at + 1 < file.count, count < most,
        let mark = memchr(base + at, 0xFF, file.count - 1 - at)
      {
        at = base.distance(to: mark) + 1
        if file[at] == 0xDA { count += 1 }
      }
      return count
    }
  }

  /// WebP: keeps the pixels of the first frame, alpha and the profile.
  init(webp file: [UInt8]) {
    let reader = ByteReader(file, isBig: false)
    bytes = Array(file.prefix(12))
    bytes.reserveCapacity(file.count)
    var frames = 0
    var at = 12
    while let size = reader.number(at: at + 4, 4), at + 8 + size <= file.count {
      let end = min(at + 8 + size + size % 2, file.count)
      if reader.has("EXIF", at: at) {
        orientation = Orientation.read(exif: reader.slice(at + 8, size))
      }
      if reader.has("ANMF", at: at) { frames += 1 }
      let isPart =
        reader.has("VP8", at: at) || reader.has("ALPH", at: at) || reader.has("ICCP", at: at)
        || reader.has("ANIM", at: at) || reader.has("ANMF", at: at) && frames == 1
      if isPart {
        let start = bytes.count
        bytes += file[at..<end]
        // Clear the flags for EXIF (8) and XMP (4), which were removed.
        if reader.has("VP8X", at: at), size >= 1 { bytes[start + 8] &= ~0x0C }
      }
      at = end
    }
    let isWhole = at >= file.count
    if !isWhole { bytes += file[at...] }
    guard bytes.count >= 12 else { return }
    // The size field must still show that the file is truncated.
    let declared = reader.number(at: 4, 4) ?? 0
    let size =
      isWhole && declared + 8 <= file.count + 1 ? bytes.count - 8 : max(declared, bytes.count)
    for index in 0..<4 { bytes[4 + index] = UInt8(truncatingIfNeeded: size >> (8 * index)) }
  }

  /// GIF: keeps the first frame, and enlarges the screen to hold it.
  init(gif file: [UInt8]) {
    let reader = ByteReader(file, isBig: false)
    bytes = file
    guard file.count > 13 else { return }
    var at = 13 + Self.paletteSize(file[10])
    var control: ArraySlice<UInt8> = []
    while at + 1 < file.count, file[at] == 0x21 {
      guard let end = Self.endOfBlocks(file, at + 2) else { return }
      if file[at + 1] == 0xF9 { control = file[at..<end] }
      at = end
    }
    guard at + 11 <= file.count, file[at] == 0x2C else { return }
    let end = Self.endOfBlocks(file, at + 11 + Self.paletteSize(file[at + 9]))
    bytes = Array(file.prefix(13 + Self.paletteSize(file[10]))) + control
    bytes += file[at..<(end ?? file.count)]
    if end != nil { bytes.append(0x3B) }
    for side in [0, 2] {
      let screen = reader.number(at: 6 + side, 2) ?? 0
      let place = reader.number(at: at + 1 + side, 2) ?? 0
      let frame = reader.number(at: at + 5 + side, 2) ?? 0
      let needed = min(max(screen, place + frame), 0xFFFF)
      bytes[6 + side] = UInt8(needed & 0xFF)
      bytes[7 + side] = UInt8(needed >> 8)
    }
  }

  private static func paletteSize(_ flags: UInt8) -> Int {
    flags & 0x80 == 0 ? 0 : 3 << (Int(flags & 7) + 1)
  }

  /// The offset after a row of blocks; nil when the file ends before.
  private static func endOfBlocks(_ file: [UInt8], _ start: Int) -> Int? {
    var at = start
    while at < file.count {
      let size = Int(file[at])
      at += 1 + size
      if size == 0 { return at }
    }
    return nil
  }
}

extension StrippedFile {
  /// The tags that locate and describe pixels, and the profile's.
  private static let tiffTags: Set<Int> = [
    256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 292, 293, 317, 318, 319, 320, 322, 323,
    324, 325, 332, 334, 338, 339, 340, 341, 347, 512, 513, 514, 515, 519, 520, 521, 529, 530, 531,
    532, 34_675, 50_674,
  ]

  /// TIFF: keeps the pixels of the first directory.
  ///
  /// Tags cannot be removed from a file of offsets, so a directory without them is appended.
  init(tiff file: [UInt8]) throws(Refusal) {
    bytes = file
    guard let directory = TIFFDirectory(file) else { return }
    orientation = directory.number(of: 274).flatMap(Orientation.valid) ?? 1
    let tile = PixelSize(
      width: directory.number(of: 322) ?? 1, height: directory.number(of: 323) ?? 1)
    guard max(tile.width, tile.height) <= PixelBudget.side,
      tile.width * tile.height <= PixelBudget.area
    else { throw Refusal(reason: "its tiles of \(tile) pixels are too large") }
    var seen: Set<Int> = []
    let kept = directory.entries.filter {
      Self.tiffTags.contains($0.tag) && seen.insert($0.tag).inserted
    }
    if bytes.count % 2 == 1 { bytes.append(0) }
    let start = bytes.count
    func put(_ value: Int, _ count: Int) -> [UInt8] {
      let order = directory.reader.isBig ? Array((0..<count).reversed()) : Array(0..<count)
      return order.map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    bytes += put(kept.count, 2)
    for entry in kept { bytes += entry.bytes }
    bytes += put(0, 4)
    bytes.replaceSubrange(4..<8, with: put(start, 4))
  }

  /// AVIF: unchanged, because its boxes refer to each other by offset.
  ///
  /// - Throws: ``Refusal`` when the items are together larger than the file, and for an image of so
  ///   many parts that composing it costs far more than its size suggests.
  init(avif file: [UInt8]) throws(Refusal) {
    bytes = file
    let items = HEIFItems(file)
    guard items.itemBytes <= file.count + 4096 else {
      throw Refusal(reason: "its AVIF items are together larger than the file")
    }
    // When there are parts, the largest image is the whole. All parts but a few are at least 64
    // pixels a side.
    guard items.parts <= 16 + items.largestArea / 4096 else {
      throw Refusal(reason: "it is an AVIF file with too many parts (\(items.parts))")
    }
  }
}
