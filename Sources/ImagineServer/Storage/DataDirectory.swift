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
/// pictures/          images that `/v1` returned by address; removed when their addresses expire
/// answers/<account>/ answers to calls with an Idempotency-Key, for an hour
/// steps/<id>/        the files of a step while it is done
/// ```
public struct DataDirectory: Sendable {
  public let path: String

  public var database: String { "\(path)/server.sqlite" }
  var jobs: String { "\(path)/jobs" }
  var temporaryImages: String { "\(path)/pictures" }
  var steps: String { "\(path)/steps" }
  var answers: String { "\(path)/answers" }
  var mediaKey: String { "\(path)/media.key" }

  /// Opens a data directory. Creates missing folders, accessible only to their owner.
  ///
  /// - Throws: ``ImagineError`` of kind `io`.
  public init(_ path: String) throws(ImagineError) {
    self.path = path.hasSuffix("/") && path.count > 1 ? String(path.dropLast()) : path
    for folder in [self.path, jobs, temporaryImages, answers, steps] {
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

  func jobFolder(_ id: String) -> String { "\(jobs)/\(id)" }

  /// - Parameter name: ``StoredJob/videoFolder``.
  func videoFolder(_ name: String, job id: String) -> String { "\(jobFolder(id))/\(name)" }
}
