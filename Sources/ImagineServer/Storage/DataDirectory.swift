public import ImagineAPI
import ImagineSystem

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The directory that one or more servers share.
///
/// ```
/// server.sqlite      jobs and balances
/// media.key          signs the addresses of videos and images
/// jobs/<id>/         a job's input image, and a folder with its video
/// images/          images that `/v1` returned by address; removed when their addresses expire
/// films/<id>/        the files of a film while it is made
/// ```
public struct DataDirectory: Sendable {
  public let path: String

  public var database: String { "\(path)/server.sqlite" }
  var jobs: String { "\(path)/jobs" }
  var temporaryImages: String { "\(path)/pictures" }
  var mediaKey: String { "\(path)/media.key" }

  /// Opens a data directory. Creates missing folders, accessible only to their owner.
  ///
  /// - Throws: ``ImagineError`` of kind `io`.
  public init(_ path: String) throws(ImagineError) {
    self.path = path.hasSuffix("/") && path.count > 1 ? String(path.dropLast()) : path
    for folder in [self.path, jobs, temporaryImages] {
      try AtomicFile.makeFolder(folder, mode: 0o700)
    }
  }

  /// A new folder for the files of a film. Those that a dead server left are removed.
  func makeFilmFolder() throws -> String {
    let films = FilePath("\(path)/films")
    try AtomicFile.makeFolder(films.description, mode: 0o700)
    for name in films.children {
      let folder = films.appending(name)
      if let status = FileStatus(folder), status.modifiedAt + 86_400 < WallClock.now {
        folder.removeAll()
      }
    }
    let folder = films.appending(try RandomID.next())
    try folder.createFolder()
    return folder.description
  }

  /// Whether the disk has enough free space to start work.
  var hasFreeSpace: Bool {
    var facts = statvfs()
    guard statvfs(path, &facts) == 0 else { return false }
    return UInt64(facts.f_bavail) * UInt64(facts.f_frsize) >= 32 << 20
  }

  func jobFolder(_ id: String) -> String { "\(jobs)/\(id)" }

  /// - Parameter name: ``StoredJob/videoFolder``.
  func videoFolder(_ name: String, job id: String) -> String { "\(jobFolder(id))/\(name)" }
}
