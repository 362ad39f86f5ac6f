/// The bytes of a picture or a film, read by their place: an array, or a file too large to be kept.
///
/// Every access is checked against the end of the content, since the bytes are a stranger's. A read
/// that fails gives nothing, and is kept as ``failure``: who has parsed a source asks for it.
public final class MediaSource {
  public let byteCount: Int
  /// The first error of a read; nil while all went well.
  public private(set) var failure: ImagineError?

  private let load: (_ offset: Int, _ count: Int) throws(ImagineError) -> [UInt8]
  /// The part that was read last.
  private var window: [UInt8]
  private var windowStart = 0

  /// What is read at once where a field is asked for: headers lie apart.
  private static let smallWindow = 4096
  /// What is read at once where a range is gone through.
  private static let largeWindow = 1 << 17

  public init(_ bytes: [UInt8]) {
    byteCount = bytes.count
    window = bytes
    load = { _, _ in [] }
  }

  /// - Parameters:
  ///   - head: the first bytes, where they are at hand.
  ///   - load: gives `count` bytes from an offset; fewer only where the content ends.
  public init(
    byteCount: Int, head: [UInt8] = [],
    load: @escaping (_ offset: Int, _ count: Int) throws(ImagineError) -> [UInt8]
  ) {
    self.byteCount = byteCount
    window = head
    self.load = load
  }

  /// The bytes of a range; nil where not all of them are there.
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

  /// A big-endian number of up to 8 bytes; nil where it is not all there, or no `Int`.
  public func big(_ offset: Int, _ count: Int) -> Int? {
    bytes(offset, count).flatMap { Int(exactly: $0.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }) }
  }

  /// A little-endian number of up to 8 bytes.
  public func little(_ offset: Int, _ count: Int) -> Int? {
    bytes(offset, count).flatMap {
      Int(exactly: $0.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }
  }

  func has(_ text: StaticString, at offset: Int) -> Bool {
    guard let bytes = bytes(offset, text.utf8CodeUnitCount) else { return false }
    return text.withUTF8Buffer { bytes.elementsEqual($0) }
  }

  func starts(with bytes: [UInt8]) -> Bool {
    self.bytes(0, bytes.count)?.elementsEqual(bytes) == true
  }

  /// Four bytes as text, as chunks and boxes are named.
  public func name(_ offset: Int) -> String? {
    bytes(offset, 4).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Goes through a range piece by piece.
  ///
  /// - Parameter body: is given a piece and where it begins; false ends it.
  /// - Returns: whether the range was there to its end, or `body` ended it.
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
      let goesOn = window.withUnsafeBytes {
        body(UnsafeRawBufferPointer(rebasing: $0[first..<last]), offset)
      }
      guard goesOn else { return true }
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
