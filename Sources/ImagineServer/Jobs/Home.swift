#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The folder that one or more servers keep everything in.
///
/// ```
/// server.sqlite      jobs and balances
/// media.key          signs the addresses of films and pictures
/// jobs/<id>/         a job's input picture, and a folder with its film
/// pictures/          pictures that `/v1` answered with by address, for an hour
/// ```
public struct Home: Sendable {
  /// Its path.
  public let path: String

  public var database: String { "\(path)/server.sqlite" }
  var jobs: String { "\(path)/jobs" }
  var pictures: String { "\(path)/pictures" }
  var mediaKey: String { "\(path)/media.key" }

  /// Opens a home, making the folders that are missing with access for their owner alone.
  ///
  /// - Throws: ``HomeError`` where that fails.
  public init(_ path: String) throws {
    self.path = path.hasSuffix("/") && path.count > 1 ? String(path.dropLast()) : path
    try Folder.make(self.path)
    try Folder.make(jobs)
    try Folder.make(pictures)
  }

  /// Whether the disk has room for work to begin.
  var hasRoom: Bool {
    var facts = statvfs()
    guard statvfs(path, &facts) == 0 else { return false }
    return UInt64(facts.f_bavail) * UInt64(facts.f_frsize) >= 32 << 20
  }

  func folder(ofJob id: String) -> String { "\(jobs)/\(id)" }

  func folder(ofFilm film: String, job id: String) -> String { "\(folder(ofJob: id))/\(film)" }
}

/// A folder or file of the home could not be read or written.
public struct HomeError: Error, CustomStringConvertible {
  public let description: String

  /// Says what `errno` says.
  init(_ action: String, _ path: String) {
    self.init(action, path, because: String(cString: strerror(errno)))
  }

  init(_ action: String, _ path: String, because reason: String) {
    description = "cannot \(action) \(path): \(reason)"
  }
}

/// What the service does with folders.
enum Folder {
  /// Makes a folder and those above it.
  static func make(_ path: String) throws {
    if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
      throw HomeError("make the folder", path)
    }
    try make(String(path[..<slash]))
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
      throw HomeError("make the folder", path)
    }
  }

  /// Makes a folder that must not be there yet.
  static func makeNew(_ path: String) throws {
    guard mkdir(path, 0o700) == 0 else { throw HomeError("make the folder", path) }
  }

  /// The names in a folder; none where it is not there.
  static func names(in path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// Removes a folder or a file and everything in it; what is not there is removed already.
  static func remove(_ path: String) {
    if unlink(path) == 0 || errno == ENOENT { return }
    for name in names(in: path) { remove("\(path)/\(name)") }
    rmdir(path)
  }

  /// What the system says of a file or folder.
  struct File {
    /// Seconds since 1970 of its last change.
    let changed: Double
    /// Bytes.
    let size: Int
  }

  /// Nil where there is none.
  static func file(_ path: String) -> File? {
    var info = stat()
    guard stat(path, &info) == 0 else { return nil }
    #if canImport(Darwin)
      let changed = info.st_mtimespec.tv_sec
    #else
      let changed = info.st_mtim.tv_sec
    #endif
    return File(changed: Double(changed), size: Int(info.st_size))
  }

  /// Gives a file in a folder another name there, and makes its content outlive a power cut.
  static func keep(_ file: String, as name: String, in folder: String) throws {
    try sync(file)
    let path = "\(folder)/\(name)"
    guard file == path || rename(file, path) == 0 else { throw HomeError("rename", file) }
  }

  /// Makes what was written to a file or folder outlive a power cut.
  static func sync(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw HomeError("open", path) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw HomeError("sync", path) }
  }
}
