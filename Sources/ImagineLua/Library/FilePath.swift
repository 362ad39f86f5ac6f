import ImagineCore
import Lua

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

#if canImport(Glibc)
  import Glibc
  private let systemRename = Glibc.rename
  private let systemWrite = Glibc.write
#elseif canImport(Musl)
  import Musl
  private let systemRename = Musl.rename
  private let systemWrite = Musl.write
#elseif canImport(Darwin)
  import Darwin
  private let systemRename = Darwin.rename
  private let systemWrite = Darwin.write
#endif

/// The path that a script gave, and what can be done with what is there.
///
/// Its functions throw ``ImagineError`` of kind `io` that names the path and the system's reason.
struct FilePath {
  let text: String

  private var files: FileManager { .default }

  /// - Throws: ``ImagineError`` of kind `validation` for what no path can be.
  init(_ call: borrowing LuaCall, _ index: Int) throws {
    let given = try call.get(index, as: LuaString.self)
    guard let text = given.validText, !text.isEmpty, !text.utf8.contains(0) else {
      throw ImagineError.invalid(
        field: "path", given: "\"\(given)\"", expected: "a path of at least one character, in UTF-8"
      )
    }
    self.text = text
  }

  private init(_ text: String) { self.text = text }

  private var url: URL { URL(filePath: text) }

  private var parent: FilePath {
    let trimmed = text.trimmingSlashes
    guard let slash = trimmed.lastIndex(of: "/") else { return FilePath(".") }
    return FilePath(String(trimmed[...slash]))
  }

  /// Whether what is there is neither a file nor a folder.
  private var isSpecial: Bool {
    var facts = stat()
    guard stat(text, &facts) == 0 else { return false }
    return facts.st_mode & S_IFMT != S_IFREG && facts.st_mode & S_IFMT != S_IFDIR
  }

  // MARK: Contents

  func contents() throws(ImagineError) -> [UInt8] {
    try check("cannot read \(text)") { try Array(Data(contentsOf: url)) }
  }

  /// Writes a file that appears whole or not at all.
  func write(_ bytes: [UInt8], replacing: Bool) throws(ImagineError) {
    try check("cannot write \(text)") {
      // A device or a pipe is written to: a file that took its place would be its end.
      if replacing { return try Data(bytes).write(to: url, options: isSpecial ? [] : .atomic) }
      // A link is made only where nothing has the name, so that nobody's file is lost in a race.
      let part = FilePath("\(parent.text)/.imagine-part-\(UUID().uuidString)")
      defer { try? files.removeItem(atPath: part.text) }
      try Data(bytes).write(to: part.url)
      try files.linkItem(atPath: part.text, toPath: text)
    }
  }

  /// Appends with one write, so that what several programs append does not mix.
  func append(_ bytes: [UInt8]) throws(ImagineError) {
    let descriptor = open(text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .system("cannot write \(text)", errno) }
    defer { close(descriptor) }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        throw .system("cannot write \(text)", errno)
      }
      rest = rest.dropFirst(count)
    }
  }

  // MARK: Names

  struct Info {
    var kind: String
    /// Bytes.
    var size: Int
    /// Seconds since 1970.
    var modified: Double
  }

  /// What is there, links followed; nil where nothing is.
  func info() throws(ImagineError) -> Info? {
    var status = stat()
    guard stat(text, &status) == 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw .system("cannot look at \(text)", errno)
    }
    #if canImport(Darwin)
      let time = status.st_mtimespec
    #else
      let time = status.st_mtim
    #endif
    let kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: "file"
      case S_IFDIR: "folder"
      default: "other"
      }
    return Info(
      kind: kind, size: Int(status.st_size),
      modified: Double(time.tv_sec) + Double(time.tv_nsec) / 1e9)
  }

  /// The names in a folder in the order of their bytes; those in its folders by their paths from it.
  func list(recursively: Bool) throws(ImagineError) -> [String] {
    let names = try check("cannot list \(text)") {
      recursively
        ? try files.subpathsOfDirectory(atPath: text) : try files.contentsOfDirectory(atPath: text)
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Makes a folder and those above it; one that is there is left as it is.
  func makeFolder() throws(ImagineError) {
    try check("cannot make the folder \(text)") {
      try files.createDirectory(atPath: text, withIntermediateDirectories: true)
    }
  }

  /// Makes the folder that the path is in.
  func makeParent() throws(ImagineError) {
    if try parent.info() == nil { try parent.makeFolder() }
  }

  /// Removes a file or an empty folder; with `recursively` a folder and all that is in it. A link
  /// is removed, not what it leads to.
  /// - Returns: false where nothing was there.
  func remove(recursively: Bool) throws(ImagineError) -> Bool {
    if recursively {
      guard text.contains(where: { $0 != "/" && $0 != "." }) else {
        throw ImagineError(.io, "cannot remove \(text): it is the root, or holds this folder")
      }
      var status = stat()
      guard lstat(text, &status) == 0 || errno != ENOENT else { return false }
      try check("cannot remove \(text)") { try files.removeItem(atPath: text) }
      return true
    }
    // Foundation would remove a folder with all that is in it. Of a folder, unlink says EISDIR on
    // Linux and EPERM elsewhere.
    if unlink(text) == 0 { return true }
    if errno == EISDIR || errno == EPERM, rmdir(text) == 0 { return true }
    if errno == ENOENT { return false }
    throw .system("cannot remove \(text)", errno)
  }

  func move(to target: FilePath, replacing: Bool) throws(ImagineError) {
    let message = "cannot move \(text) to \(target.text)"
    if replacing, try target.info()?.kind == "file" {
      // On one disk this leaves no moment without the file.
      if systemRename(text, target.text) == 0 { return }
      guard errno == EXDEV else { throw .system(message, errno) }
      try target.write(contents(), replacing: true)
      _ = try remove(recursively: false)
    } else {
      try check(message) { try files.moveItem(atPath: text, toPath: target.text) }
    }
  }

  /// Runs what Foundation does and describes its error.
  private func check<Result>(
    _ message: String, _ body: () throws -> Result
  ) throws(ImagineError) -> Result {
    do {
      return try body()
    } catch let error as CocoaError {
      throw ImagineError(.io, "\(message): \(error.reason)")
    } catch {
      throw ImagineError(.io, "\(message): \(error)")
    }
  }
}

extension CocoaError {
  /// What the system says of it.
  fileprivate var reason: String {
    if let system = underlying as? POSIXError {
      return String(cString: strerror(system.code.rawValue))
    }
    switch code {
    case .fileNoSuchFile, .fileReadNoSuchFile: return String(cString: strerror(ENOENT))
    case .fileReadNoPermission, .fileWriteNoPermission: return String(cString: strerror(EACCES))
    case .fileWriteFileExists: return "it exists and may not be overwritten"
    case .fileWriteOutOfSpace: return String(cString: strerror(ENOSPC))
    default: return "\(self)"
    }
  }
}

extension ImagineError {
  /// A failure of the system, with what it says of it.
  fileprivate static func system(_ message: String, _ code: Int32) -> ImagineError {
    ImagineError(.io, "\(message): \(String(cString: strerror(code)))")
  }
}

extension String {
  /// Without slashes at the end, unless that is all there is.
  fileprivate var trimmingSlashes: Substring {
    let end = lastIndex { $0 != "/" }
    return end.map { self[...$0] } ?? prefix(1)
  }
}
