import ImagineCore

#if canImport(Glibc)
  import Glibc
  private let systemRead = Glibc.read
#elseif canImport(Musl)
  import Musl
  private let systemRead = Musl.read
#elseif canImport(Darwin)
  import Darwin
  private let systemRead = Darwin.read
#endif

/// Reads a file from its start; closes it when it goes.
final class FileReader {
  private let path: String
  private let descriptor: Int32

  /// - Throws: ``ImagineError`` of kind `io`, as every function here does.
  init(_ path: String) throws(ImagineError) {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system("cannot read \(path)") }
  }

  /// Nil where there is no file that can be read; a pipe, which would wait for its writer, is none.
  convenience init?(fileAt path: String) {
    guard FileFacts(path)?.isFile == true else { return nil }
    try? self.init(path)
  }

  deinit { close(descriptor) }

  var byteCount: Int {
    get throws(ImagineError) {
      var facts = stat()
      guard fstat(descriptor, &facts) == 0 else { throw .system("cannot read \(path)") }
      return Int(facts.st_size)
    }
  }

  /// The next bytes: at most `limit`, none at the end of the file.
  func next(upTo limit: Int) throws(ImagineError) -> [UInt8] {
    while true {
      var count = 0
      let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, initialized in
        count = systemRead(descriptor, buffer.baseAddress, limit)
        initialized = max(0, count)
      }
      if count >= 0 { return bytes }
      if errno != EINTR { throw .system("cannot read \(path)") }
    }
  }

  /// At most `count` bytes from `offset`; the place of the next read moves behind them.
  func bytes(from offset: Int, count: Int) throws(ImagineError) -> [UInt8] {
    let count = min(count, max(0, try byteCount - offset))
    guard lseek(descriptor, off_t(offset), SEEK_SET) >= 0 else {
      throw .system("cannot read \(path)")
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count {
      let piece = try next(upTo: min(1 << 20, count - bytes.count))
      if piece.isEmpty { break }
      bytes += piece
    }
    return bytes
  }

  func all() throws(ImagineError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(try byteCount)
    while true {
      let piece = try next(upTo: 1 << 20)
      if piece.isEmpty { return bytes }
      bytes += piece
    }
  }

  func forEachPiece(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    while true {
      let piece = try next(upTo: 1 << 18)
      if piece.isEmpty { return }
      try piece.withUnsafeBytes(body)
    }
  }

  /// Whether the whole file is these bytes.
  func holds(_ bytes: [UInt8]) throws(ImagineError) -> Bool {
    guard try byteCount == bytes.count else { return false }
    return Self.equal(try all(), bytes)
  }

  /// Whether another file has the same content; both are read from their starts.
  func holds(sameAs other: FileReader) throws(ImagineError) -> Bool {
    let (ownCount, otherCount) = (try byteCount, try other.byteCount)
    guard ownCount == otherCount else { return false }
    while true {
      let piece = try next(upTo: 1 << 18)
      guard Self.equal(try other.next(upTo: 1 << 18), piece) else { return false }
      if piece.isEmpty { return true }
    }
  }

  /// As `==`, which compares arrays of bytes one by one.
  private static func equal(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    guard one.count == other.count else { return false }
    return one.withUnsafeBytes { one in
      other.withUnsafeBytes { other in
        guard let start = one.baseAddress, let otherStart = other.baseAddress else { return true }
        return memcmp(start, otherStart, one.count) == 0
      }
    }
  }
}
