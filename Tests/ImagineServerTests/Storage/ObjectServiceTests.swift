import Foundation
import ImagineAPI
import ImagineTestSupport
import Logging
import ServerStore
import Synchronization
import Testing

@testable import ImagineServer

/// The whole service on a real server of objects that checks signatures, of addresses too.
@Suite(
  "A service whose media are objects",
  .enabled(if: ObjectServer.isInstalled, "scripts/test installs the servers"))
struct ObjectServiceTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func with(
    _ more: String = "", configure: (inout ServiceConfiguration) -> Void = { _ in },
    _ body: (RunningServer, any MediaStorage) async throws -> Void
  ) async throws {
    let server = try await ObjectServer.shared(.nanio)
    let settings = try #require(try ObjectSettings.parsed(server.settings(more), in: folder))
    let storage = S3Storage(
      bucket: try settings.bucket(
        environment: server.variables,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }), redirects: true)
    try await RunningServer.with {
      $0.objects = settings
      $0.environment = server.variables
      configure(&$0)
    } _: {
      try await body($0, storage)
    }
  }

  /// The addresses of a finished video's files.
  private func addresses(_ video: [String: Any]) throws -> [String] {
    let urls = try #require(video["url"] as? [String: Any])
    return try ["generation", "thumbnail"].map { try #require(urls[$0] as? String) }
  }

  @Test("stores a video under its lease, and sends its readers to the bucket")
  func video() async throws {
    try await with { server, storage in
      let id = try await server.submitVideo("waves")
      let video = try await server.video(id, until: ["finished"])
      let folder = try #require(try await server.store.videoFolder(of: id))
      #expect(
        try await storage.names() == [
          "jobs/\(id)/\(folder)/thumbnail.jpg", "jobs/\(id)/\(folder)/video.mp4",
        ])
      #expect(!FileManager.default.fileExists(atPath: "\(server.home.path)/jobs"))
      let contents = ["video of waves", "thumbnail of waves"]
      for (address, content) in zip(try addresses(video), contents) {
        let redirect = try await server.send(.get, address, token: nil)
        #expect(redirect.status == 307 && redirect.headers["cache-control"] == "no-store")
        let place = try #require(redirect.headers["location"])
        #expect(place.contains("X-Amz-Expires=120&"))
        let answer = try await server.send(.get, place, token: nil)
        #expect(answer.status == 200 && answer.text.hasPrefix(content))
        // The address is signed for GET alone.
        let head = try await server.send(.head, address, token: nil)
        #expect(head.status == 200 && head.bytes.isEmpty)
        #expect(head.headers["content-length"] == String(answer.bytes.count))
        let part = try await server.send(
          .get, place, token: nil, headers: [("Range", "bytes=0-4")])
        #expect(part.status == 206 && content.hasPrefix(part.text))
      }
      let content = try await server.send(.get, "/v1/videos/\(id)/content")
      #expect(content.status == 307)
    }
  }

  @Test("gives an attempt its input from the bucket, and removes all with the job")
  func animation() async throws {
    try await with { server, storage in
      let image = StubEngine.png(.init(width: 64, height: 64))
      let form = FormWriter(["prompt": "zoom", "style": "fast-svd"]).adding("file", file: image)
      let answer = try await server.post("/v2/video/image-to-video", form)
      let id = try #require(try answer.json["id"] as? String, "\(answer.text)")
      let video = try await server.video(id, until: ["finished"])
      let place = try await server.send(.get, addresses(video)[0], token: nil).headers["location"]
      let film = try await server.send(.get, #require(place), token: nil)
      #expect(film.text.hasPrefix("video of zoom from \(image.count) bytes"))
      // The input is not needed any more.
      _ = try await eventually { try await storage.names().count == 2 ? true : nil }
      #expect(try await server.send(.delete, "/v2/video/\(id)").status == 200)
      _ = try await eventually { try await storage.names().isEmpty ? true : nil }
      #expect(try await server.send(.get, addresses(video)[0], token: nil).status == 404)
    }
  }

  @Test("returns images by address, and removes them when the addresses have expired")
  func images() async throws {
    try await with {
      $0.limits.linkSeconds = -59.5
      $0.limits.cleanupSeconds = 0.05
    } _: { server, storage in
      let answer = try await server.send(
        .post, "/v1/images/generations",
        body: Array(#"{"model":"flux-1","prompt":"a","response_format":"url"}"#.utf8))
      #expect(answer.status == 200, "\(answer.text)")
      _ = try await eventually {
        try await storage.names(below: "pictures/").isEmpty ? true : nil
      }
    }
    try await with { server, storage in
      let answer = try await server.send(
        .post, "/v1/images/generations",
        body: Array(#"{"model":"flux-1","prompt":"a","response_format":"url"}"#.utf8))
      let list = try #require(try answer.json["data"] as? [[String: Any]])
      let address = try #require(list.first?["url"] as? String)
      #expect(try await storage.names(below: "pictures/").count == 1)
      let place = try #require(
        try await server.send(.get, address, token: nil).headers["location"])
      let image = try await server.send(.get, place, token: nil)
      #expect(image.status == 200 && image.headers["content-type"] == "image/png")
    }
  }

  @Test("keeps the answers of calls with an Idempotency-Key")
  func answers() async throws {
    try await with { server, storage in
      func call() async throws -> Answer {
        let form = FormWriter(["prompt": "a", "style": "anime"])
        return try await server.send(
          .post, "/v2/image/generations",
          headers: [
            ("Content-Type", "multipart/form-data; boundary=\(form.boundary)"),
            ("Idempotency-Key", "k"),
          ], body: form.bytes)
      }
      let first = try await call()
      #expect(first.status == 200, "\(first.text)")
      #expect(try await storage.names(below: "answers/").count == 1)
      let second = try await call()
      #expect(second.bytes == first.bytes && second.headers["idempotent-replayed"] == "true")
      #expect(server.engine.painted.withLock { $0 } == 1)
    }
  }

  @Test("sends media itself where clients cannot reach the bucket, with ranges")
  func noRedirect() async throws {
    try await with("redirect = false") { server, _ in
      let id = try await server.submitVideo("waves")
      let address = try await addresses(server.video(id, until: ["finished"]))[0]
      let whole = try await server.send(.get, address, token: nil)
      #expect(whole.status == 200 && whole.text.hasPrefix("video of waves"))
      let part = try await server.send(
        .get, address, token: nil, headers: [("Range", "bytes=9-13")])
      #expect(part.status == 206 && part.text == "waves")
      let last = whole.bytes.count
      let past = try await server.send(
        .get, address, token: nil, headers: [("Range", "bytes=\(last)-")])
      #expect(past.status == 416)
    }
  }
}

@Suite("A job whose media cannot be stored")
struct FailingStorageTests {
  @Test("waits for the storage, and does not fail")
  func outage() async throws {
    let folder = try TemporaryFolder()
    // A file where the folder of jobs should be.
    try FileSystem.write("", to: folder.file("jobs"))
    try await RunningServer.with(home: folder) {
      $0.limits.pollSeconds = 0.05
    } _: { server in
      let id = try await server.submitVideo("waves")
      _ = try await eventually { server.engine.videosBegun.withLock { $0 > 2 } ? true : nil }
      #expect(try await server.video(id)["status"] as? String != "failed")
      #expect(
        try await server.store.job(
          id: id, owner: Authentication.digest(of: "test"))?.faults == 0)
      try FileManager.default.removeItem(atPath: folder.file("jobs"))
      _ = try await server.video(id, until: ["finished"])
    }
  }
}
