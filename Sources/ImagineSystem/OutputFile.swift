public import ImagineAPI

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A user's output file. A file appears complete or not at all; a device or pipe, such as
/// `/dev/stdout`, is written directly.
public struct OutputFile {
  private enum Kind {
    case file(AtomicFile)
    case stream(Int32)
  }

  private let kind: Kind
  private let path: FilePath

  /// Opens the output and creates missing parent folders.
  ///
  /// - Parameter replacing: whether an existing file may be replaced.
  /// - Throws: ``ImagineError`` of kind `io`, like every function here.
  public init(_ path: FilePath, replacing: Bool) throws(ImagineError) {
    self.path = path
    if path.isStream {
      // A duplicate continues at the descriptor's position, after what was printed.
      fflush(nil)
      let descriptor =
        path.descriptor.map { fcntl($0, F_DUPFD_CLOEXEC, 3) }
        ?? open(path.cString, O_WRONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw .system("cannot write \(path)") }
      kind = .stream(descriptor)
      return
    }
    let target = path.linkTarget
    if !replacing, FileStatus(path) != nil { throw .fileExists(path) }
    if FileStatus(target.parent) == nil { try AtomicFile.makeFolder(target.parent) }
    kind = .file(try AtomicFile(in: target.parent))
  }

  public func write(_ bytes: UnsafeRawBufferPointer) throws(ImagineError) {
    switch kind {
    case .file(let file): try file.write(bytes)
    case .stream(let descriptor): try writeAll(bytes, to: descriptor, "cannot write \(path)")
    }
  }

  public func write(_ bytes: [UInt8]) throws(ImagineError) {
    try bytes.withUnsafeBufferPointer { bytes throws(ImagineError) in
      try write(UnsafeRawBufferPointer(bytes))
    }
  }

  /// Syncs the file (fsync) and gives it its name.
  public func commit(replacing: Bool) async throws(ImagineError) {
    switch kind {
    case .file(let file): try await file.commit(to: path, replacing: replacing)
    case .stream(let descriptor): try Self.close(descriptor, path)
    }
  }

  /// Like ``commit(replacing:)``, but without fsync.
  public func commitWithoutSync(replacing: Bool) throws(ImagineError) {
    switch kind {
    case .file(let file): try file.commitWithoutSync(to: path, replacing: replacing)
    case .stream(let descriptor): try Self.close(descriptor, path)
    }
  }

  /// Discards the output.
  public func discard() {
    switch kind {
    case .file(let file): file.discard()
    case .stream(let descriptor): _ = systemClose(descriptor)
    }
  }

  private static func close(_ descriptor: Int32, _ path: FilePath) throws(ImagineError) {
    guard systemClose(descriptor) == 0 || errno == EINTR else {
      throw .system("cannot write \(path)")
    }
  }
}

extension ImagineError {
  static func fileExists(_ path: FilePath) -> ImagineError {
    ImagineError(.io, "\(path) exists and may not be overwritten")
  }
}

extension FilePath {
  /// Whether output to this path is a stream and not a file: a device, a pipe, or an open
  /// descriptor of this process, such as `/dev/stdout`.
  public var isStream: Bool { descriptor != nil || FileStatus(self)?.isSpecial == true }

  /// The descriptor that a path in `/dev` or `/proc` names.
  fileprivate var descriptor: Int32? {
    switch text {
    case "/dev/stdin"?: return 0
    case "/dev/stdout"?: return 1
    case "/dev/stderr"?: return 2
    case let text?:
      let prefix = ["/dev/fd/", "/proc/self/fd/"].first(where: text.hasPrefix)
      return prefix.flatMap { Int32(text.dropFirst($0.count)) }
    case nil: return nil
    }
  }

  /// The target of a symbolic link, through further links, whether or not it exists; this path if
  /// it is no link.
  var linkTarget: FilePath {
    var path = self
    for _ in 0..<40 {
      guard let next = path.linkDestination else { return path }
      path = next.isAbsolute ? next : path.parent.appending(next)
    }
    return path
  }

  /// The content of a symbolic link; nil if it is no link.
  var linkDestination: FilePath? {
    var target = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(cString, &target, target.count)
    return count > 0 ? FilePath(bytes: target[..<count].map { UInt8(bitPattern: $0) }) : nil
  }

  /// Whether this is a folder in which this process may create files.
  package var isWritableFolder: Bool { access(cString, W_OK | X_OK) == 0 }
}
