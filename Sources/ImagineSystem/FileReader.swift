public import ImagineCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Reads a file from its start, or what comes out of a pipe or a device; closes it when it goes.
public final class FileReader {
  private let path: FilePath
  private let descriptor: Int32
  /// Nil for a pipe or a device, which ends when nothing more comes.
  public let byteCount: Int?

  /// - Throws: ``ImagineError`` of kind `io`, as every function here does.
  public init(_ path: FilePath) throws(ImagineError) {
    self.path = path
    descriptor = open(path.cString, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system("cannot read \(path)") }
    var facts = stat()
    guard fstat(descriptor, &facts) == 0 else {
      let error = ImagineError.system("cannot read \(path)")
      close(descriptor)
      throw error
    }
    let isFile = facts.st_mode & S_IFMT == S_IFREG
    // The files of /proc say 0, and hold something.
    byteCount = isFile && facts.st_size > 0 ? Int(facts.st_size) : nil
  }

  public convenience init(_ path: String) throws(ImagineError) {
    try self.init(FilePath(path))
  }

  deinit { close(descriptor) }

  /// The next bytes: at most `limit`, none at the end of the file.
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

  /// At most `count` bytes of a file from `offset`; the place of the next read stays.
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

  /// The content of a file by its places, as it is needed. The reader lives as long.
  public func source(byteCount: Int) -> MediaSource {
    MediaSource(byteCount: byteCount) { offset, count throws(ImagineError) in
      try self.bytes(from: offset, count: count)
    }
  }

  /// The content by its places; what comes out of a pipe is read to its end first.
  ///
  /// - Parameter limit: the most bytes that are taken from a pipe or a device.
  public func source(limit: Int) throws(ImagineError) -> MediaSource {
    if let byteCount { return source(byteCount: byteCount) }
    return MediaSource(try all(limit: limit))
  }

  /// Everything up to the end.
  ///
  /// - Parameters:
  ///   - limit: the most bytes that there may be.
  ///   - willTake: is told of bytes before they are taken; its error ends the reading.
  /// - Throws: ``ImagineError`` of kind `io`, also where there is more; what `willTake` throws.
  public func all(
    limit: Int, willTake: (_ count: Int) throws -> Void
  ) throws -> [UInt8] {
    if let byteCount {
      try checkSize(byteCount, limit)
      try willTake(byteCount)
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(byteCount ?? 0)
    while true {
      let piece = try next(upTo: 1 << 20)
      if piece.isEmpty { return bytes }
      if byteCount.map({ bytes.count + piece.count > $0 }) ?? true { try willTake(piece.count) }
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

  /// The most bytes that are taken of what has no size, such as a device that never ends: 256 MiB.
  static let mostStreamed = 1 << 28

  /// - Parameter limit: the most bytes that there may be; of a pipe or a device 256 MiB in any case.
  public func forEachPiece(
    limit: Int = .max, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    if let byteCount { try checkSize(byteCount, limit) }
    let limit = byteCount == nil ? min(limit, Self.mostStreamed) : limit
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

/// Bytes of an open file by their place.
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
