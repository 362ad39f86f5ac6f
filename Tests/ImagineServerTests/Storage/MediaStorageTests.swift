import Foundation
import Hummingbird
import ImagineAPI
import ImagineTestSupport
import Logging
import Testing

@testable import ImagineServer

@Suite("A storage of media")
struct MediaStorageTests {
  enum Kind: String, CaseIterable {
    case folder, moto, nanio

    static var installed: [Kind] { ObjectServer.isInstalled ? allCases : [.folder] }
  }

  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func storage(_ kind: Kind) async throws -> any MediaStorage {
    guard let kind = ObjectServer.Kind(rawValue: kind.rawValue) else {
      return FolderStorage(try DataDirectory(folder.file("home")))
    }
    let server = try await ObjectServer.shared(kind)
    let settings = try #require(try ObjectSettings.parsed(server.settings(), in: folder))
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    return S3Storage(
      bucket: try settings.bucket(environment: server.variables, logger: logger),
      redirects: true)
  }

  @Test("keeps bytes and files under their names", arguments: Kind.installed)
  func media(_ kind: Kind) async throws {
    let storage = try await storage(kind)
    let name = "jobs/1/lease/video.mp4"
    #expect(try await storage.bytes(of: name) == nil)
    let none = try await storage.content(of: name)
    #expect(none == nil)
    #expect(try await storage.localFile(of: name, in: folder.path) == nil)
    try await storage.put(Array("one".utf8), as: name, type: "video/mp4")
    try await storage.put(Array("two".utf8), as: name, type: "video/mp4")
    #expect(try await storage.bytes(of: name) == Array("two".utf8))
    try FileSystem.write("film", to: folder.file("film"))
    try await storage.put(file: folder.file("film"), as: name, type: "video/mp4")
    let content = try await storage.content(of: name)
    #expect(content?.size == 4)
    let local = try #require(try await storage.localFile(of: name, in: folder.path))
    #expect(try String(contentsOfFile: local, encoding: .utf8) == "film")
    #expect((storage.address(of: name) == nil) == (kind == .folder))
  }

  @Test("lists and removes what begins alike, and nothing else", arguments: Kind.installed)
  func removal(_ kind: Kind) async throws {
    let storage = try await storage(kind)
    for name in ["jobs/1/a/v", "jobs/1/b/v", "jobs/1/input", "jobs/12/input", "answers/x/1"] {
      try await storage.put([1], as: name, type: "image/png")
    }
    #expect(
      try await Set(storage.names())
        == ["jobs/1/a/v", "jobs/1/b/v", "jobs/1/input", "jobs/12/input"])
    for _ in 0..<2 { try await storage.remove(below: "jobs/1/a/") }
    try await storage.remove(below: "jobs/1/input")
    #expect(try await Set(storage.names()) == ["jobs/1/b/v", "jobs/12/input"])
    try await storage.remove(below: "jobs/1/")
    try await storage.remove(below: "answers/x/1")
    #expect(try await storage.names() == ["jobs/12/input"])
    #expect(try await storage.names(below: "answers/").isEmpty)
    let begin = Date().timeIntervalSince1970
    try await storage.forEach(below: "jobs/") { medium in
      #expect(abs((medium.modifiedAt ?? 0) - begin) < 60)
      return true
    }
  }

  @Test("that is a folder still has what older versions stored, until that has expired")
  func leftovers() async throws {
    let storage = FolderStorage(try DataDirectory(folder.file("home")))
    let names = ["home/pictures/old", "home/answers/alice/old", "home/pictures/new/picture.png"]
    for name in names { try FileSystem.write("image", to: folder.file(name)) }
    let content = try await storage.content(of: "pictures/old/picture.png")
    #expect(content?.size == 5)
    let now = Date().timeIntervalSince1970
    storage.removeLeftovers(at: now)
    for name in names { #expect(FileManager.default.fileExists(atPath: folder.file(name))) }
    storage.removeLeftovers(at: now + 90_000)
    #expect(
      names.map { FileManager.default.fileExists(atPath: folder.file($0)) }
        == [false, false, true])
  }
}
