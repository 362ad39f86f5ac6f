public import ImagineCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file of the user's that is written: whole or not at all where it is a file, and straight where
/// it is a device or a pipe, such as `/dev/stdout`.
public struct OutputFile {
  private enum Kind {
    case file(WholeFile)
    case stream(Int32)
  }

  private let kind: Kind
  private let path: FilePath

  /// Begins it; the folders that the path names are made.
  ///
  /// - Parameter replacing: whether a file of that name may be replaced.
  /// - Throws: ``ImagineError`` of kind `io`, as every function here does.
  public init(_ path: FilePath, replacing: Bool) throws(ImagineError) {
    self.path = path
    if path.isStream {
      // An open file goes on where it stands, behind what was printed.
      fflush(nil)
      let descriptor =
        path.descriptor.map { fcntl($0, F_DUPFD_CLOEXEC, 3) }
        ?? open(path.cString, O_WRONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw .system("cannot write \(path)") }
      kind = .stream(descriptor)
      return
    }
    let target = path.linkTarget
    if !replacing, FileFacts(path) != nil { throw .exists(path) }
    if FileFacts(target.parent) == nil { try WholeFile.makeFolder(target.parent) }
    kind = .file(try WholeFile(in: target.parent))
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

  /// Syncs it and gives it its name.
  public func commit(replacing: Bool) async throws(ImagineError) {
    switch kind {
    case .file(let file): try await file.commit(to: path, replacing: replacing)
    case .stream(let descriptor): try Self.end(descriptor, path)
    }
  }

  /// As ``commit(replacing:)``, but returns before the disk has it.
  public func place(replacing: Bool) throws(ImagineError) {
    switch kind {
    case .file(let file): try file.place(at: path, replacing: replacing)
    case .stream(let descriptor): try Self.end(descriptor, path)
    }
  }

  /// Gives it up.
  public func discard() {
    switch kind {
    case .file(let file): file.discard()
    case .stream(let descriptor): _ = systemClose(descriptor)
    }
  }

  private static func end(_ descriptor: Int32, _ path: FilePath) throws(ImagineError) {
    guard systemClose(descriptor) == 0 || errno == EINTR else {
      throw .system("cannot write \(path)")
    }
  }
}

extension ImagineError {
  static func exists(_ path: FilePath) -> ImagineError {
    ImagineError(.io, "\(path) exists and may not be overwritten")
  }
}

extension FilePath {
  /// Whether what is written there is passed on, and no file takes its place: a device, a pipe, or
  /// a file of this process that is open, such as `/dev/stdout`.
  public var isStream: Bool { descriptor != nil || FileFacts(self)?.isSpecial == true }

  /// The open file that a name of `/dev` or `/proc` stands for.
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

  /// Where a link leads, through further links, whether or not there is anything; itself where it is
  /// no link.
  var linkTarget: FilePath {
    var path = self
    for _ in 0..<40 {
      var target = [CChar](repeating: 0, count: Int(PATH_MAX))
      let count = readlink(path.cString, &target, target.count)
      guard count > 0 else { return path }
      let next = FilePath(bytes: target[..<count].map { UInt8(bitPattern: $0) })
      path = next.isAbsolute ? next : path.parent.appending(next)
    }
    return path
  }
}
