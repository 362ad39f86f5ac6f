public import ImagineAPI

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Reads a file, a pipe or a device from its start; closes it in `deinit`.
public final class FileReader {
  private let path: FilePath
  private let descriptor: Int32
  /// Nil for a pipe or a device.
  public let byteCount: Int?

  /// - Throws: ``ImagineError`` of kind `io`, like every function here.
  public init(_ path: FilePath) throws(ImagineError) {
    self.path = path
    descriptor = open(path.cString, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system("cannot read \(path)") }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let error = ImagineError.system("cannot read \(path)")
      close(descriptor)
      throw error
    }
    let isFile = status.st_mode & S_IFMT == S_IFREG
    // Files in /proc report 0 bytes but have content.
    byteCount = isFile && status.st_size > 0 ? Int(status.st_size) : nil
  }

  public convenience init(_ path: String) throws(ImagineError) {
    try self.init(FilePath(path))
  }

  deinit { close(descriptor) }

  /// The next bytes, at most `limit`; empty at the end of the file.
  public func next(upTo limit: Int) throws(ImagineError) -> [UInt8] {
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

  /// At most `count` bytes from `offset`, without moving the read position.
  public func bytes(from offset: Int, count: Int) throws(ImagineError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count {
      let piece = try pread(
        descriptor, at: offset + bytes.count, count: min(1 << 20, count - bytes.count), path)
      if piece.isEmpty { break }
      bytes += piece
    }
    return bytes
  }

  /// Reads to the end.
  ///
  /// - Parameters:
  ///   - limit: maximum size in bytes.
  ///   - willRead: called before bytes are read; if it throws, reading stops.
  /// - Throws: ``ImagineError`` of kind `io`, also if the file exceeds `limit`; what `willRead`
  ///   throws.
  public func all(
    limit: Int, willRead: (_ count: Int) throws -> Void
  ) throws -> [UInt8] {
    if let byteCount {
      try checkSize(byteCount, limit)
      try willRead(byteCount)
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(byteCount ?? 0)
    while true {
      let piece = try next(upTo: 1 << 20)
      if piece.isEmpty { return bytes }
      if byteCount.map({ bytes.count + piece.count > $0 }) ?? true { try willRead(piece.count) }
      bytes += piece
      try checkSize(bytes.count, limit)
    }
  }

  public func all(limit: Int = .max) throws(ImagineError) -> [UInt8] {
    do {
      return try all(limit: limit) { _ in }
    } catch let error as ImagineError {
      throw error
    } catch {
      throw ImagineError(.io, "cannot read \(path): \(error)")
    }
  }

  /// The maximum size of content without a known size, such as an endless device: 256 MiB.
  static let maxStreamBytes = 1 << 28

  /// - Parameter limit: maximum size in bytes; for a pipe or a device never more than 256 MiB.
  public func forEachPiece(
    limit: Int = .max, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    if let byteCount { try checkSize(byteCount, limit) }
    let limit = byteCount == nil ? min(limit, Self.maxStreamBytes) : limit
    var count = 0
    while true {
      let piece = try next(upTo: 1 << 18)
      if piece.isEmpty { return }
      count += piece.count
      try checkSize(count, limit)
      try piece.withUnsafeBytes(body)
    }
  }

  private func checkSize(_ count: Int, _ limit: Int) throws(ImagineError) {
    guard count > limit else { return }
    throw ImagineError(.io, "cannot read \(path): it is larger than \(limit >> 20) MiB")
  }
}

/// Reads bytes of an open file at an offset.
func pread(
  _ descriptor: Int32, at offset: Int, count: Int, _ path: FilePath
) throws(ImagineError) -> [UInt8] {
  while true {
    var result = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      result = pread(descriptor, buffer.baseAddress, count, off_t(offset))
      initialized = max(0, result)
    }
    if result >= 0 { return bytes }
    if errno != EINTR { throw .system("cannot read \(path)") }
  }
}
