public import ImagineAPI

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The result of `stat`, which follows links.
///
/// Foundation's file attributes include the owner's name; reading the user and group lists for it
/// took longer than everything else at the end of a short script.
public struct FileStatus {
  public let byteCount: Int
  /// Seconds since 1970.
  public let modifiedAt: Double
  /// False for devices and pipes.
  public let isFile: Bool
  public let isFolder: Bool
  /// The permission bits.
  let mode: mode_t
  let user: uid_t
  let group: gid_t

  /// Neither file nor folder: a device, a pipe or a socket.
  public var isSpecial: Bool { !isFile && !isFolder }

  /// Nil if there is no such file; `errno` is set.
  public init?(_ path: FilePath) {
    var status = stat()
    guard stat(path.cString, &status) == 0 else { return nil }
    self.init(status)
  }

  public init?(_ path: String) {
    self.init(FilePath(path))
  }

  init(_ status: stat) {
    byteCount = Int(status.st_size)
    isFile = status.st_mode & S_IFMT == S_IFREG
    isFolder = status.st_mode & S_IFMT == S_IFDIR
    mode = status.st_mode & 0o7777
    user = status.st_uid
    group = status.st_gid
    #if canImport(Darwin)
      let modified = status.st_mtimespec
    #else
      let modified = status.st_mtim
    #endif
    modifiedAt = Double(modified.tv_sec) + Double(modified.tv_nsec) / 1e9
  }

  /// Sets the modification time to now.
  ///
  /// - Returns: whether the file exists.
  public static func touch(_ path: String) -> Bool {
    utimensat(AT_FDCWD, path, nil, 0) == 0
  }
}

extension FileStatus {
  /// Device and inode number: identifies a file independently of its name.
  public struct Identity: Equatable, Sendable {
    private let device: UInt64
    private let inode: UInt64

    /// Nil if there is no such file.
    public init?(_ path: String) {
      var status = stat()
      guard stat(path, &status) == 0 else { return nil }
      device = UInt64(truncatingIfNeeded: status.st_dev)
      inode = UInt64(truncatingIfNeeded: status.st_ino)
    }
  }
}
