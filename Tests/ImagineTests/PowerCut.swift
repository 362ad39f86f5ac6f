import Foundation
import ImagineTestSupport
import Testing

/// Simulates a power cut: writes to the journal that were not synced are lost.
struct PowerCut {
  private let library: String
  private let copies: String

  init(_ library: String, copies: String) throws {
    self.library = library
    self.copies = copies
    try FileManager.default.createDirectory(atPath: copies, withIntermediateDirectories: true)
  }

  /// Compiles the library that copies the journal at each fsync of a program.
  static func makeLibrary(in folder: TemporaryFolder) async throws -> String {
    let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "PowerCut.c")
    let library = folder.file("powercut.so")
    let compiled = try await Program(path: "/usr/bin/env").run([
      "cc", "-shared", "-fPIC", "-o", library, source.path, "-ldl",
    ])
    try #require(compiled.status == 0, "\(compiled.errors)")
    return library
  }

  /// The environment of the program that loses its unsynced writes.
  var environment: [String: String] { ["LD_PRELOAD": library, "SYNCED_COPIES": copies] }

  /// Replaces the journal with its last synced copy.
  ///
  /// - Returns: true if anything was lost.
  func dropUnsyncedWrites(home: String) throws -> Bool {
    let files = FileManager.default
    var differs = false
    for name in ["journal.sqlite", "journal.sqlite-wal"] {
      let (path, copy) = ("\(home)/\(name)", "\(copies)/\(name)")
      differs = differs || !files.contentsEqual(atPath: path, andPath: copy)
      try? files.removeItem(atPath: path)
      if files.fileExists(atPath: copy) { try files.copyItem(atPath: copy, toPath: path) }
    }
    try? files.removeItem(atPath: "\(home)/journal.sqlite-shm")
    return differs
  }
}
