import ImagineAPI
import ImagineSystem
import ServerStore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Media in a data directory, which several servers may share. A name is a path in it.
struct FolderStorage: MediaStorage {
  let directory: DataDirectory

  init(_ directory: DataDirectory) { self.directory = directory }

  private func path(_ name: String) -> FilePath { FilePath("\(directory.path)/\(name)") }

  func put(_ bytes: [UInt8], as name: String, type: String) async throws {
    let path = path(name)
    try AtomicFile.makeFolder(path.parent, mode: 0o700)
    let file = try AtomicFile(in: path.parent)
    try bytes.withUnsafeBytes { try file.write($0) }
    try await file.commit(to: path, replacing: true)
  }

  /// The file is moved: it must be synced.
  func put(file source: String, as name: String, type: String) async throws {
    let path = path(name)
    try AtomicFile.makeFolder(path.parent, mode: 0o700)
    try FilePath(source).move(to: path, replacing: true)
    try path.parent.sync()
  }

  func bytes(of name: String) async throws -> [UInt8]? {
    guard let status = try path(name).status(), !status.isFolder else { return nil }
    do throws(ImagineError) {
      return try FileReader(path(name)).all(limit: 1 << 30)
    } catch {
      // It may have been removed meanwhile.
      guard try path(name).status() == nil else { throw error }
      return nil
    }
  }

  func content(of name: String) async throws -> (any MediaContent)? {
    var path = path(name)
    // Older versions stored an image as a file that has its id as name.
    if name.hasPrefix(MediaName.pictures), FileStatus(path.parent)?.isFolder == false {
      path = path.parent
    }
    return try OpenFile(path.description)
  }

  func address(of name: String) -> String? { nil }

  func localFile(of name: String, in folder: String) async throws -> String? {
    try path(name).status() == nil ? nil : path(name).description
  }

  func remove(below beginning: String) async throws {
    _ = try path(beginning).remove(recursively: true)
  }

  func forEach(
    below beginning: String, _ body: @Sendable (ListedMedium) async throws -> Bool
  ) async throws {
    let folder = path(beginning)
    guard try folder.status() != nil else { return }
    for name in try folder.names(recursively: true) {
      // A name may be gone by now.
      guard let status = FileStatus(folder.appending(name)), !status.isFolder,
        let text = name.text
      else { continue }
      let medium = ListedMedium(name: beginning + text, modifiedAt: status.modifiedAt)
      guard try await body(medium) else { return }
    }
  }

  /// Removes images and answers that a version stored which recorded no removals. Neither is kept
  /// for a day.
  ///
  /// - Parameter now: seconds since 1970.
  func removeLeftovers(at now: Double) {
    let answers = path(MediaName.answers)
    let folders = [path(MediaName.pictures)] + answers.children.map { answers.appending($0) }
    for folder in folders {
      for name in folder.children {
        let path = folder.appending(name)
        if let status = FileStatus(path), !status.isFolder, status.modifiedAt < now - 86_400 {
          path.removeAll()
        }
      }
    }
  }
}
