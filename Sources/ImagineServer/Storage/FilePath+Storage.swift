import ImagineAPI
import ImagineSystem

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Folders of the data directory. Errors are ``ImagineError`` of kind `io`.
extension FilePath {
  /// Creates a folder; an existing folder is an error.
  func createFolder() throws(ImagineError) {
    guard mkdir(cString, 0o700) == 0 else { throw .system("cannot make the folder \(self)") }
  }

  /// The names in a folder; empty if it cannot be read.
  var children: [String] {
    ((try? names(recursively: false)) ?? []).compactMap(\.text)
  }

  /// Removes a file, or a folder with its content. Does nothing if it does not exist.
  func removeAll() { _ = try? remove(recursively: true) }

  /// Renames a file within its folder, and fsyncs its content.
  func rename(to name: String) throws(ImagineError) {
    try sync()
    let target = parent.appending(name)
    guard self == target || systemRename(cString, target.cString) == 0 else {
      throw .system("cannot rename \(self)")
    }
  }

  /// Calls fsync for a file or folder.
  func sync() throws(ImagineError) {
    let descriptor = open(cString, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system("cannot open \(self)") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw .system("cannot sync \(self)") }
  }
}

/// Small files that are read and written whole: keys, token files, input images.
extension FilePath {
  private static let maxBytes = 64 << 20

  /// Whether it is in the folder of systemd's credentials, which nobody else can enter. The mode of
  /// a file there says that its group may read it.
  private var isCredential: Bool {
    guard let folder = getenv("CREDENTIALS_DIRECTORY") else { return false }
    return description.hasPrefix(String(cString: folder) + "/") && !description.contains("/../")
  }

  /// The bytes of a file; nil if it does not exist.
  ///
  /// - Parameter isSecret: whether to refuse a file that others may read.
  func readSmallFile(isSecret: Bool = false) throws(ImagineError) -> [UInt8]? {
    // Without O_NONBLOCK, opening a pipe would wait for a writer.
    let descriptor = open(cString, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw .system("cannot read \(self)")
    }
    defer { close(descriptor) }
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw .system("cannot read \(self)") }
    guard info.st_mode & S_IFMT == S_IFREG else {
      throw ImagineError(.io, "cannot read \(self): it is not a regular file")
    }
    guard !isSecret || info.st_mode & 0o077 == 0 || isCredential else {
      throw ImagineError(.io, "cannot use \(self): others may read it (chmod 600 \(self))")
    }
    guard info.st_size <= Self.maxBytes else {
      throw ImagineError(.io, "cannot read \(self): it is larger than \(Self.maxBytes >> 20) MB")
    }
    var bytes = [UInt8](repeating: 0, count: Int(info.st_size))
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeMutableBytes { buffer in
        systemRead(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .system("cannot read \(self)") }
      if count == 0 { break }
      done += count
    }
    return Array(bytes.prefix(done))
  }

  /// Creates and fsyncs a file that only its owner can read. If it throws, it leaves no file.
  ///
  /// - Returns: false if the file already exists.
  func createPrivateFile(_ bytes: [UInt8]) throws(ImagineError) -> Bool {
    let descriptor = open(cString, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      if errno == EEXIST { return false }
      throw .system("cannot write \(self)")
    }
    defer { close(descriptor) }
    do throws(ImagineError) {
      try bytes.withUnsafeBufferPointer { bytes throws(ImagineError) in
        try writeAll(UnsafeRawBufferPointer(bytes), to: descriptor, "cannot write \(self)")
      }
      guard fsync(descriptor) == 0 else { throw .system("cannot sync \(self)") }
    } catch {
      unlink(cString)
      throw error
    }
    return true
  }
}

private func systemRead(
  _ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int
) -> Int {
  read(descriptor, buffer, count)
}

private func systemRename(_ source: [CChar], _ target: [CChar]) -> Int32 {
  rename(source, target)
}
