public import ImagineCore

#if canImport(Glibc)
  public import Glibc
#elseif canImport(Musl)
  public import Musl
#elseif canImport(Darwin)
  public import Darwin
#endif

/// What the system says of a file, links followed.
///
/// Foundation's attributes tell the owner's name as well, for which the lists of users and groups
/// are read at every call: at the end of a short script that took longer than all else.
public struct FileFacts {
  public let byteCount: Int
  /// Seconds since 1970.
  public let changedAt: Double
  /// A device or a pipe is neither file nor folder.
  public let isFile: Bool
  public let isFolder: Bool
  /// The permissions, and who owns the file.
  let mode: mode_t
  let user: uid_t
  let group: gid_t

  /// Neither file nor folder: a device, a pipe or a socket.
  public var isSpecial: Bool { !isFile && !isFolder }

  /// Nil where there is no such file; `errno` says why.
  public init?(_ path: FilePath) {
    var facts = stat()
    guard stat(path.cString, &facts) == 0 else { return nil }
    self.init(facts)
  }

  public init?(_ path: String) {
    self.init(FilePath(path))
  }

  init(_ facts: stat) {
    byteCount = Int(facts.st_size)
    isFile = facts.st_mode & S_IFMT == S_IFREG
    isFolder = facts.st_mode & S_IFMT == S_IFDIR
    mode = facts.st_mode & 0o7777
    user = facts.st_uid
    group = facts.st_gid
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
  public static func touch(_ path: String) -> Bool {
    utimensat(AT_FDCWD, path, nil, 0) == 0
  }
}

extension FileFacts {
  /// What tells a file from every other one, whatever its name.
  public struct Identity: Equatable, Sendable {
    private let device: UInt64
    private let number: UInt64

    /// Nil where there is no such file.
    public init?(_ path: String) {
      var facts = stat()
      guard stat(path, &facts) == 0 else { return nil }
      device = UInt64(truncatingIfNeeded: facts.st_dev)
      number = UInt64(truncatingIfNeeded: facts.st_ino)
    }
  }
}
