public import ImagineCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What can be done with the name of a file or folder. Each throws ``ImagineError`` of kind `io`
/// that names the path and the system's reason.
extension FilePath {
  /// What the system says of it, links followed; nil where nothing is.
  public func facts() throws(ImagineError) -> FileFacts? {
    if let facts = FileFacts(self) { return facts }
    if errno == ENOENT || errno == ENOTDIR { return nil }
    throw .system("cannot look at \(self)")
  }

  /// The names in a folder in the order of their bytes; those in its folders by their paths from it.
  /// A link to a folder is a name like another.
  public func names(recursively: Bool) throws(ImagineError) -> [FilePath] {
    var names: [FilePath] = []
    var folders: [FilePath?] = [nil]
    while let folder = folders.popLast() {
      let path = folder.map { appending($0) } ?? self
      for (name, isFolder) in try path.entries() {
        let place = folder.map { $0.appending(name) } ?? name
        names.append(place)
        if recursively, isFolder { folders.append(place) }
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
      entries.append((name, appending(name).isFolderItself))
    }
  }

  /// Whether it is a folder, and no link to one.
  private var isFolderItself: Bool {
    var facts = stat()
    return lstat(cString, &facts) == 0 && facts.st_mode & S_IFMT == S_IFDIR
  }

  /// Removes a file or an empty folder; with `recursively` a folder and all that is in it. A link
  /// is removed, not what it leads to.
  ///
  /// - Returns: false where nothing was there.
  public func remove(recursively: Bool) throws(ImagineError) -> Bool {
    if recursively, isFolderItself {
      guard bytes.contains(where: { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ".") }) else {
        throw ImagineError(.io, "cannot remove \(self): it is the root, or holds this folder")
      }
      // What lies deeper stands behind its folder.
      for name in try names(recursively: true).reversed() {
        _ = try appending(name).remove(recursively: false)
      }
    }
    // Of a folder, unlink says EISDIR on Linux and EPERM elsewhere.
    if unlink(cString) == 0 { return true }
    let fault = errno
    if fault == EISDIR || fault == EPERM, rmdir(cString) == 0 { return true }
    if errno == ENOENT { return false }
    throw .system("cannot remove \(self)")
  }

  /// Moves a file or a folder.
  ///
  /// - Parameter replacing: whether a file of that name may be replaced; a folder never is.
  public func move(to target: FilePath, replacing: Bool) throws(ImagineError) {
    let message = "cannot move \(self) to \(target)"
    guard let source = try facts() else {
      errno = ENOENT
      throw .system(message)
    }
    if source.isFolder {
      // Of two that move something to one place, one makes this folder.
      guard mkdir(target.cString, 0o777) == 0 else {
        throw errno == EEXIST ? .exists(target) : .system(message)
      }
      if systemRename(cString, target.cString) == 0 { return }
      let error = ImagineError.system(message)
      rmdir(target.cString)
      throw error
    }
    if replacing {
      // On one disk this leaves no moment without the file.
      if systemRename(cString, target.cString) == 0 { return }
    } else {
      if systemLink(cString, target.cString) == 0 {
        guard unlink(cString) == 0 else { throw .system(message) }
        return
      }
      if errno == EEXIST { throw .exists(target) }
    }
    // On another disk, or one that knows no links.
    guard errno == EXDEV || errno == EPERM || errno == ENOTSUP else { throw .system(message) }
    try copy(to: target, replacing: replacing)
    _ = try remove(recursively: false)
  }

  /// Copies a file, or what comes out of a pipe. The copy appears whole or not at all.
  public func copy(to target: FilePath, replacing: Bool) throws(ImagineError) {
    let source = try FileReader(self)
    let file = try OutputFile(target, replacing: replacing)
    do throws(ImagineError) {
      var count = 0
      while true {
        let piece = try source.next(upTo: 1 << 18)
        if piece.isEmpty { break }
        count += piece.count
        if source.byteCount == nil, count > FileReader.mostStreamed {
          throw ImagineError(.io, "cannot read \(self): it is larger than 256 MiB")
        }
        try file.write(piece)
      }
    } catch {
      file.discard()
      throw error
    }
    try file.place(replacing: replacing)
  }

  /// Writes a whole file, or to a device or a pipe.
  public func write(_ bytes: [UInt8], replacing: Bool) throws(ImagineError) {
    let file = try OutputFile(self, replacing: replacing)
    do throws(ImagineError) {
      try file.write(bytes)
    } catch {
      file.discard()
      throw error
    }
    try file.place(replacing: replacing)
  }

  /// Appends with one write, so that what several programs append does not mix.
  public func append(_ bytes: [UInt8]) throws(ImagineError) {
    let descriptor = open(cString, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .system("cannot write \(self)") }
    defer { close(descriptor) }
    try bytes.withUnsafeBufferPointer { bytes throws(ImagineError) in
      try writeAll(UnsafeRawBufferPointer(bytes), to: descriptor, "cannot write \(self)")
    }
  }
}
