public import ImagineAPI

/// Random access to the bytes of an image or a video: an array, or a file too large for memory.
///
/// Every access is checked, since the bytes are untrusted. A failed read returns nil and is kept as
/// ``failure``, which the caller checks after parsing.
public final class MediaSource {
  public let byteCount: Int
  /// The first error of a read; nil if none failed.
  public private(set) var failure: ImagineError?

  private let load: (_ offset: Int, _ count: Int) throws(ImagineError) -> [UInt8]
  /// The bytes that were read last.
  private var window: [UInt8]
  private var windowStart = 0

  /// Minimum read size for fields: headers are far apart.
  private static let smallWindow = 4096
  /// Read size for ranges.
  private static let largeWindow = 1 << 17

  public init(_ bytes: [UInt8]) {
    byteCount = bytes.count
    window = bytes
    load = { _, _ in [] }
  }

  /// - Parameters:
  ///   - head: the first bytes, if they are in memory.
  ///   - load: reads `count` bytes from an offset; fewer only at the end.
  public init(
    byteCount: Int, head: [UInt8] = [],
    load: @escaping (_ offset: Int, _ count: Int) throws(ImagineError) -> [UInt8]
  ) {
    self.byteCount = byteCount
    window = head
    self.load = load
  }

  /// The bytes of a range; nil if the range is incomplete.
  public func bytes(_ offset: Int, _ count: Int) -> ArraySlice<UInt8>? {
    guard offset >= 0, count >= 0, offset <= byteCount, count <= byteCount - offset else {
      return nil
    }
    if offset < windowStart || offset + count > windowStart + window.count {
      guard move(to: offset, count: max(count, Self.smallWindow)),
        count <= window.count
      else { return nil }
    }
    let start = offset - windowStart
    return window[start..<start + count]
  }

  /// A big-endian number of up to 8 bytes; nil if it is incomplete or no `Int`.
  public func bigEndian(_ offset: Int, _ count: Int) -> Int? {
    bytes(offset, count).flatMap { Int(exactly: $0.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }) }
  }

  /// A little-endian number of up to 8 bytes.
  public func littleEndian(_ offset: Int, _ count: Int) -> Int? {
    bytes(offset, count).flatMap {
      Int(exactly: $0.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }
  }

  func matches(_ text: StaticString, at offset: Int) -> Bool {
    guard let bytes = bytes(offset, text.utf8CodeUnitCount) else { return false }
    return text.withUTF8Buffer { bytes.elementsEqual($0) }
  }

  func starts(with bytes: [UInt8]) -> Bool {
    self.bytes(0, bytes.count)?.elementsEqual(bytes) == true
  }

  /// The four-byte name of a chunk or box.
  public func name(_ offset: Int) -> String? {
    bytes(offset, 4).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Reads a range in pieces.
  ///
  /// - Parameter body: receives a piece and its offset; returns false to stop.
  /// - Returns: false if the range could not be read to its end.
  @discardableResult
  func forEachPiece(
    from start: Int, to end: Int, _ body: (UnsafeRawBufferPointer, _ offset: Int) -> Bool
  ) -> Bool {
    var offset = start
    let end = min(end, byteCount)
    while offset < end {
      if offset < windowStart || offset >= windowStart + window.count {
        guard move(to: offset, count: Self.largeWindow), !window.isEmpty else { return false }
      }
      let first = offset - windowStart
      let last = min(window.count, end - windowStart)
      let shouldContinue = window.withUnsafeBytes {
        body(UnsafeRawBufferPointer(rebasing: $0[first..<last]), offset)
      }
      guard shouldContinue else { return true }
      offset = windowStart + last
    }
    return true
  }

  private func move(to offset: Int, count: Int) -> Bool {
    guard failure == nil else { return false }
    do {
      window = try load(offset, min(count, byteCount - offset))
      windowStart = offset
      return true
    } catch {
      failure = error
      return false
    }
  }
}
