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
/// media.key          signed the addresses of older versions; the store has the keys now
/// store-id           the id of the store whose media these are
/// jobs/<id>/         a job's input image, and a folder with its video
/// pictures/<id>/     an image that `/v1` returned by address; removed when its address expires
/// answers/<account>/ answers to calls with an Idempotency-Key, for an hour
/// films/<id>/        a job's video while it is made
/// steps/<id>/        the files of a step while it is done
/// ```
///
/// Where media are in a bucket, only the database and what is in work are here.
public struct DataDirectory: Sendable {
  public let path: String

  public var database: String { "\(path)/server.sqlite" }
  var films: String { "\(path)/films" }
  var steps: String { "\(path)/steps" }
  var mediaKey: String { "\(path)/media.key" }

  /// Opens a data directory. Creates missing folders, accessible only to their owner.
  ///
  /// - Throws: ``ImagineError`` of kind `io`.
  public init(_ path: String) throws(ImagineError) {
    self.path = path.hasSuffix("/") && path.count > 1 ? String(path.dropLast()) : path
    for folder in [self.path, films, steps] {
      try AtomicFile.makeFolder(folder, mode: 0o700)
    }
  }

  /// A new folder for the files of a step.
  func makeStepFolder() throws -> String {
    let folder = "\(steps)/\(try RandomID.next())"
    try FilePath(folder).createFolder()
    return folder
  }

  /// Whether the disk has enough free space to start work.
  var hasFreeSpace: Bool {
    var facts = statvfs()
    guard statvfs(path, &facts) == 0 else { return false }
    return UInt64(facts.f_bavail) * UInt64(facts.f_frsize) >= 32 << 20
  }

  /// The folder in which an attempt makes a job's video.
  func filmFolder(_ lease: String, job id: String) -> String { "\(films)/\(id)/\(lease)" }

  /// Removes what an attempt left.
  func removeFilms(of id: String, lease: String) {
    FilePath(filmFolder(lease, job: id)).removeAll()
    // Fails if another attempt is at work in it.
    _ = try? FilePath("\(films)/\(id)").remove(recursively: false)
  }

  /// Removes the files of work whose server died. No work takes a day.
  ///
  /// - Parameter now: seconds since 1970.
  func removeOldWork(at now: Double) {
    for folder in [films, steps].map({ FilePath($0) }) {
      for name in folder.children {
        let path = folder.appending(name)
        if let status = FileStatus(path), status.modifiedAt < now - 86_400 { path.removeAll() }
      }
    }
  }
}
