import ImagineCore

#if canImport(Glibc)
  import Glibc
  private let systemWrite = Glibc.write
#elseif canImport(Musl)
  import Musl
  private let systemWrite = Musl.write
#elseif canImport(Darwin)
  import Darwin
  private let systemWrite = Darwin.write
#endif

/// A file that appears under its name whole, or not at all.
///
/// What is written goes to a file without a name in the same folder; ``commit(to:replacing:)`` syncs
/// it and names it, on a thread of its own. A process that dies between leaves nothing. Where the
/// file system knows no files without names, it leaves a `.imagine-part-…` file, never half a picture.
final class WholeFile {
  /// Nil where the file has no name yet.
  private let temporaryPath: String?
  private let folder: String
  private var descriptor: Int32

  /// Begins a file in a folder that exists.
  ///
  /// - Throws: ``ImagineError`` of kind `io`.
  init(in folder: String) throws(ImagineError) {
    self.folder = folder
    descriptor = Self.openNameless(in: folder)
    if descriptor >= 0 {
      temporaryPath = nil
    } else {
      let path = Self.temporaryPath(in: folder)
      temporaryPath = path
      descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else { throw .system("cannot write in \(folder)") }
    }
  }

  /// -1 where that cannot be had.
  private static func openNameless(in folder: String) -> Int32 {
    #if os(Linux)
      // The header's O_TMPFILE is a macro that Swift does not import.
      let withoutName = 0o20_000_000 | O_DIRECTORY
      // A name is given by way of /proc, which some containers lack.
      guard access("/proc/self/fd", X_OK) == 0 else { return -1 }
      return open(folder, O_WRONLY | withoutName | O_CLOEXEC, 0o644)
    #else
      return -1
    #endif
  }

  /// A name that nobody else uses.
  static func temporaryPath(in folder: String) -> String {
    var name = SystemRandomNumberGenerator()
    return "\(folder)/.imagine-part-\(getpid())-\(String(name.next(), radix: 36))"
  }

  deinit { discard() }

  func write(_ bytes: UnsafeRawBufferPointer) throws(ImagineError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = systemWrite(
        descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw .system("cannot write in \(folder)")
      }
      rest = rest.dropFirst(count)
    }
  }

  /// Syncs the file and gives it its name. The writer is used up.
  ///
  /// - Parameter replacing: whether a file of that name is replaced.
  /// - Throws: ``ImagineError`` of kind `io`; then nothing has the name that did not have it before.
  ///   So it is for the name of a device or a pipe, whose place no file may take.
  func commit(to path: String, replacing: Bool) async throws(ImagineError) {
    if let facts = FileFacts(path), !facts.isFile, !facts.isFolder {
      throw ImagineError(.io, "cannot write \(path): it is a device or a pipe, and no file")
    }
    let file = SyncQueue.File(
      descriptor: descriptor, temporaryPath: temporaryPath, path: path, replacing: replacing)
    descriptor = -1
    try await SyncQueue.shared.place(file)
  }

  /// Removes what was written. Does nothing after a commit.
  func discard() {
    guard descriptor >= 0 else { return }
    close(descriptor)
    descriptor = -1
    if let temporaryPath { unlink(temporaryPath) }
  }

  /// Syncs a file that something else has written whole, and gives it its name.
  ///
  /// - Throws: ``ImagineError`` of kind `io`.
  static func move(_ temporaryPath: String, to path: String) throws(ImagineError) {
    let descriptor = open(temporaryPath, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system("cannot write \(path)") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0, rename(temporaryPath, path) == 0 else {
      throw .system("cannot write \(path)")
    }
  }

  /// Whether there is anything of that name.
  static func exists(_ path: String) -> Bool {
    access(path, F_OK) == 0
  }

  /// Makes a folder and those above it.
  static func makeFolder(_ path: String, mode: mode_t = 0o777) throws(ImagineError) {
    guard !path.isEmpty, mkdir(path, mode) != 0 else { return }
    switch errno {
    case EEXIST: return
    case ENOENT:
      try makeFolder(parent(of: path), mode: mode)
      guard mkdir(path, mode) == 0 || errno == EEXIST else {
        throw .system("cannot make the folder \(path)")
      }
    default: throw .system("cannot make the folder \(path)")
    }
  }

  /// The folder that a path is in; `.` for a bare name.
  static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}

extension ImagineError {
  /// A failure of the system, with what `errno` says of it.
  static func system(_ message: String) -> ImagineError {
    ImagineError(.io, "\(message): \(String(cString: strerror(errno)))")
  }
}
