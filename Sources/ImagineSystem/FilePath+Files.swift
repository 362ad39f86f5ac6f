public import ImagineAPI

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Operations on files and folders. Each throws an ``ImagineError`` of kind `io` with the path and
/// the system's reason.
extension FilePath {
  /// The file's status, following links; nil if nothing exists there.
  public func status() throws(ImagineError) -> FileStatus? {
    if let status = FileStatus(self) { return status }
    if errno == ENOENT || errno == ENOTDIR { return nil }
    throw .system("cannot look at \(self)")
  }

  /// Checks that a file can be written here, before something is paid for that is to be saved.
  public func checkIsPlace() throws(ImagineError) {
    let status = try status()
    if status?.isSpecial == true { return }
    if status?.isFolder == true || bytes.last == UInt8(ascii: "/") {
      throw ImagineError(.io, "cannot write \(self): it is a folder")
    }
    try (resolved ?? self).parent.checkIsFolder()
  }

  /// Checks that files can be written in this folder, or that it can be made.
  public func checkIsFolder() throws(ImagineError) {
    var folder = self
    while try folder.status() == nil, folder.parent != folder { folder = folder.parent }
    guard let status = try folder.status() else { return }
    if !status.isFolder {
      throw ImagineError(.io, "cannot write in \(self): \(folder) is no folder")
    }
    guard access(folder.cString, W_OK) == 0 else { throw .system("cannot write in \(folder)") }
  }

  /// The absolute path without links; nil if nothing exists there.
  public var resolved: FilePath? {
    guard let path = realpath(cString, nil) else { return nil }
    defer { free(path) }
    return FilePath(bytes: Array(UnsafeRawBufferPointer(start: path, count: strlen(path))))
  }

  /// The names in a folder, sorted by bytes; names in subfolders are relative paths. Links to
  /// folders are not followed.
  public func names(recursively: Bool) throws(ImagineError) -> [FilePath] {
    var names: [FilePath] = []
    var folders: [FilePath?] = [nil]
    while let folder = folders.popLast() {
      let path = folder.map { appending($0) } ?? self
      for (name, isFolder) in try path.entries() {
        let relative = folder.map { $0.appending(name) } ?? name
        names.append(relative)
        if recursively, isFolder { folders.append(relative) }
      }
    }
    return names.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
  }

  /// The names in a folder, without `.` and `..`.
  private func entries() throws(ImagineError) -> [(name: FilePath, isFolder: Bool)] {
    guard let folder = opendir(cString) else { throw .system("cannot list \(self)") }
    defer { closedir(folder) }
    var entries: [(FilePath, Bool)] = []
    while true {
      errno = 0
      guard let entry = readdir(folder) else {
        if errno == 0 { return entries }
        throw .system("cannot list \(self)")
      }
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        FilePath(bytes: bytes.prefix { $0 != 0 })
      }
      if name == FilePath(".") || name == FilePath("..") { continue }
      entries.append((name, appending(name).isFolderAndNoLink))
    }
  }

  /// Whether it is a folder and not a link to one.
  private var isFolderAndNoLink: Bool {
    var status = stat()
    return lstat(cString, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Removes a file or an empty folder; with `recursively`, a folder and its content. A link is
  /// removed, not its target.
  ///
  /// - Returns: false if nothing existed there.
  public func remove(recursively: Bool) throws(ImagineError) -> Bool {
    if recursively, isFolderAndNoLink {
      guard bytes.contains(where: { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ".") }) else {
        throw ImagineError(
          .io, "cannot remove \(self): it is the root or contains the current folder")
      }
      // Deeper names sort after their folder.
      for name in try names(recursively: true).reversed() {
        _ = try appending(name).remove(recursively: false)
      }
    }
    // For a folder, unlink fails with EISDIR on Linux and EPERM elsewhere.
    if unlink(cString) == 0 { return true }
    let fault = errno
    if fault == EISDIR || fault == EPERM, rmdir(cString) == 0 { return true }
    if errno == ENOENT { return false }
    throw .system("cannot remove \(self)")
  }

  /// Moves a file or a folder.
  ///
  /// - Parameter replacing: whether an existing file may be replaced; a folder never is.
  public func move(to target: FilePath, replacing: Bool) throws(ImagineError) {
    let message = "cannot move \(self) to \(target)"
    guard let source = try status() else {
      errno = ENOENT
      throw .system(message)
    }
    if source.isFolder {
      // mkdir is exclusive: if two processes move a folder to one path, only one succeeds.
      guard mkdir(target.cString, 0o777) == 0 else {
        throw errno == EEXIST ? .fileExists(target) : .system(message)
      }
      if systemRename(cString, target.cString) == 0 { return }
      let error = ImagineError.system(message)
      rmdir(target.cString)
      throw error
    }
    if replacing {
      // On one file system the target always exists.
      if systemRename(cString, target.cString) == 0 { return }
    } else {
      if systemLink(cString, target.cString) == 0 {
        guard unlink(cString) == 0 else { throw .system(message) }
        return
      }
      if errno == EEXIST { throw .fileExists(target) }
    }
    // Another file system, or one without hard links.
    guard errno == EXDEV || errno == EPERM || errno == ENOTSUP else { throw .system(message) }
    try copy(to: target, replacing: replacing)
    _ = try remove(recursively: false)
  }

  /// Copies a file or the content of a pipe. The copy appears complete or not at all.
  public func copy(to target: FilePath, replacing: Bool) throws(ImagineError) {
    let source = try FileReader(self)
    let file = try OutputFile(target, replacing: replacing)
    do throws(ImagineError) {
      var count = 0
      while true {
        let piece = try source.next(upTo: 1 << 18)
        if piece.isEmpty { break }
        count += piece.count
        if source.byteCount == nil, count > FileReader.maxStreamBytes {
          throw ImagineError(.io, "cannot read \(self): it is larger than 256 MiB")
        }
        try file.write(piece)
      }
    } catch {
      file.discard()
      throw error
    }
    try file.commitWithoutSync(replacing: replacing)
  }

  /// Writes a complete file, or to a device or pipe.
  public func write(_ bytes: [UInt8], replacing: Bool) throws(ImagineError) {
    let file = try OutputFile(self, replacing: replacing)
    do throws(ImagineError) {
      try file.write(bytes)
    } catch {
      file.discard()
      throw error
    }
    try file.commitWithoutSync(replacing: replacing)
  }

  /// Appends with one write, so that output of several programs does not mix.
  public func append(_ bytes: [UInt8]) throws(ImagineError) {
    let descriptor = open(cString, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .system("cannot write \(self)") }
    defer { close(descriptor) }
    try bytes.withUnsafeBufferPointer { bytes throws(ImagineError) in
      try writeAll(UnsafeRawBufferPointer(bytes), to: descriptor, "cannot write \(self)")
    }
  }
}
