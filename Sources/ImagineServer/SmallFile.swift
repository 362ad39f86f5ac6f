#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Whole small files.
enum SmallFile {
  /// The bytes of a file; nil where there is none.
  ///
  /// - Parameter isSecret: whether only its owner may be able to read it.
  /// - Throws: ``HomeError`` where it cannot be read, is no regular file, or is not secret.
  static func read(_ path: String, isSecret: Bool = false) throws -> [UInt8]? {
    // Opening a pipe would wait for somebody to write.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw HomeError("read", path)
    }
    defer { close(descriptor) }
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw HomeError("read", path) }
    guard info.st_mode & S_IFMT == S_IFREG else {
      throw HomeError("read", path, because: "it is no regular file")
    }
    guard !isSecret || info.st_mode & 0o077 == 0 else {
      throw HomeError("use", path, because: "others may read it (chmod 600 \(path))")
    }
    guard info.st_size <= 64 << 20 else {
      throw HomeError("read", path, because: "it has more than 64 MB")
    }
    var bytes = [UInt8](repeating: 0, count: Int(info.st_size))
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeMutableBytes { buffer in
        systemRead(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw HomeError("read", path) }
      if count == 0 { break }
      done += count
    }
    return Array(bytes.prefix(done))
  }

  /// Writes a new file with access for its owner alone, synced. False where the path is taken.
  ///
  /// - Throws: ``HomeError``, and then nothing is left at the path.
  static func create(_ path: String, _ bytes: [UInt8]) throws -> Bool {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      if errno == EEXIST { return false }
      throw HomeError("write", path)
    }
    defer { close(descriptor) }
    do {
      try write(bytes, to: descriptor, path)
    } catch {
      unlink(path)
      throw error
    }
    return true
  }

  private static func write(_ bytes: [UInt8], to descriptor: Int32, _ path: String) throws {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        systemWrite(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw HomeError("write", path) }
      done += count
    }
    guard fsync(descriptor) == 0 else { throw HomeError("sync", path) }
  }
}

private func systemRead(
  _ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int
) -> Int {
  read(descriptor, buffer, count)
}

private func systemWrite(_ descriptor: Int32, _ buffer: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, buffer, count)
}
