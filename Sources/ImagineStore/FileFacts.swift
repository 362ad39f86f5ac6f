#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the system says of a file.
///
/// Foundation's attributes tell the owner's name as well, for which the lists of users and groups
/// are read at every call: at the end of a short script that took longer than all else.
struct FileFacts {
  let byteCount: Int
  /// Seconds since 1970.
  let changedAt: Double
  /// A device or a pipe is neither file nor folder.
  let isFile: Bool
  let isFolder: Bool

  /// Nil where there is no such file.
  init?(_ path: String) {
    var facts = stat()
    guard stat(path, &facts) == 0 else { return nil }
    byteCount = Int(facts.st_size)
    isFile = facts.st_mode & S_IFMT == S_IFREG
    isFolder = facts.st_mode & S_IFMT == S_IFDIR
    #if canImport(Darwin)
      let changed = facts.st_mtimespec
    #else
      let changed = facts.st_mtim
    #endif
    changedAt = Double(changed.tv_sec) + Double(changed.tv_nsec) / 1e9
  }

  /// Makes a file as new as one that is written now.
  ///
  /// - Returns: whether it is there.
  static func touch(_ path: String) -> Bool {
    utimensat(AT_FDCWD, path, nil, 0) == 0
  }
}
