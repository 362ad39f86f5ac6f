import Foundation
import ImagineAPI
import ImagineTestSupport
import ServerStore
import Synchronization
import Testing

@testable import ImagineServer

@Suite("An accepted job")
struct RecoveryTests {
  @Test("is finished after a store outage that is longer than a lease")
  func outage() async throws {
    let (engine, faults) = (StubEngine(videoGate: .init(open: false)), StoreFaults())
    try await RunningServer.with(engine: engine, faults: faults) {
      $0.limits.leaseSeconds = 0.2
      $0.limits.renewSeconds = 0.05
      $0.limits.pollSeconds = 0.05
    } _: { server in
      let id = try await server.submitVideo("waves")
      _ = try await server.video(id, until: ["processing"])
      faults.begin(.unreachable)
      try await Task.sleep(for: .milliseconds(600))
      engine.videoGate.open()
      try await Task.sleep(for: .milliseconds(600))
      faults.end()
      _ = try await server.video(id, until: ["finished"])
      #expect(engine.videosBegun.withLock { $0 } == 1)
    }
  }

  @Test("is finished with its video if the store's answer to the end is lost")
  func lostEnd() async throws {
    let faults = StoreFaults()
    try await RunningServer.with(faults: faults) { server in
      faults.begin(.lostAnswer, in: "finish")
      let id = try await server.submitVideo("waves")
      let done = try await server.video(id, until: ["finished"])
      faults.end()
      let address = try #require((done["url"] as? [String: Any])?["generation"] as? String)
      #expect(try await server.send(.get, address, token: nil).text.hasPrefix("video of waves"))
    }
  }

  @Test("keeps its video while it is unknown whether the store recorded the end")
  func unknownEnd() async throws {
    let (home, faults) = (try TemporaryFolder(), StoreFaults())
    var id = ""
    try await RunningServer.with(home: home, faults: faults) {
      $0.limits.leaseSeconds = 0.5
    } _: { server in
      faults.begin(.lostAnswer, in: "finish")
      id = try await server.submitVideo("waves")
      _ = try await server.video(id, until: ["finished"])
    }
    try await RunningServer.with(home: home) { server in
      let address = try #require(
        (try await server.video(id)["url"] as? [String: Any])?["generation"] as? String)
      #expect(try await server.send(.get, address, token: nil).text.hasPrefix("video of waves"))
    }
  }

  @Test("is accepted if the store recorded it but its answer was lost")
  func lostAcceptance() async throws {
    let faults = StoreFaults()
    try await RunningServer.with(faults: faults) { server in
      faults.begin(.lostAnswer, in: "add", times: 1)
      let image = StubEngine.png(.init(width: 64, height: 64))
      let form = FormWriter(["prompt": "zoom", "style": "fast-svd"])
        .adding("file", file: image)
      let answer = try await server.post("/v2/video/image-to-video", form)
      let id = try #require(try answer.json["id"] as? String, "\(answer.text)")
      _ = try await server.video(id, until: ["finished"])
    }
  }

  @Test(
    "keeps its input image if it is unknown whether the store recorded it, and the answer is 1203")
  func unknownAcceptance() async throws {
    let faults = StoreFaults()
    try await RunningServer.with(faults: faults) { server in
      faults.begin(.lostAnswer, in: "add")
      let form = FormWriter(["prompt": "zoom", "style": "fast-svd"])
        .adding("file", file: StubEngine.png(.init(width: 64, height: 64)))
      let answer = try await server.post("/v2/video/image-to-video", form)
      #expect(answer.code == 1203)
      faults.end()
      let jobs = try FileManager.default.contentsOfDirectory(atPath: "\(server.home.path)/jobs")
      let id = try #require(jobs.first)
      _ = try await server.video(id, until: ["finished"])
    }
  }

  @Test("waits while a resource is missing, and does not fail")
  func missingResource() async throws {
    let engine = StubEngine()
    engine.missingResources.withLock { $0 = 12 }
    try await RunningServer.with(engine: engine) {
      $0.limits.pollSeconds = 0.01
    } _: { server in
      let id = try await server.submitVideo("waves")
      _ = try await server.video(id, until: ["finished"])
      #expect(engine.videosBegun.withLock { $0 } == 13)
    }
  }

  @Test("fails only by its own faults: a permanent one at once, others after retries")
  func faults() async throws {
    let engine = StubEngine()
    try await RunningServer.with(engine: engine) { server in
      let damaged = try await server.video(server.submitVideo("unusable"), until: ["failed"])
      #expect((damaged["error"] as? String)?.contains("damaged") == true)
      #expect(engine.videosBegun.withLock { $0 } == 1)
      _ = try await server.video(server.submitVideo("crash"), until: ["failed"])
      #expect(engine.videosBegun.withLock { $0 } == 4)
    }
  }

  @Test("counts against its account's limit, and other accounts still have room")
  func fairness() async throws {
    let engine = StubEngine(videoGate: .init(open: false))
    try await RunningServer.with(engine: engine) {
      $0.limits.videosPerAccount = 2
    } _: { server in
      let form = FormWriter(["prompt": "x", "style": "fast-svd"])
      for _ in 0..<2 { _ = try await server.submitVideo("x", token: "alice") }
      let third = try await server.post("/v2/video/text-to-video", form, token: "alice")
      #expect(third.code == 1202)
      #expect(third.headers["retry-after"] != nil)
      _ = try await server.submitVideo("x", token: "bob")
      let counts = try await server.store.jobCounts()
      #expect(counts.queued + counts.processing == 3)
    }
  }

  @Test("is removed with its video after the retention time")
  func retention() async throws {
    try await RunningServer.with {
      $0.limits.keepSeconds = 0.2
      $0.limits.cleanupSeconds = 0.05
    } _: { server in
      let id = try await server.submitVideo("waves")
      _ = try await eventually {
        try await server.send(.get, "/v2/video/\(id)/status").status == 404 ? true : nil
      }
      _ = try await eventually {
        FileManager.default.fileExists(atPath: "\(server.home.path)/jobs/\(id)") ? nil : true
      }
    }
  }

  @Test("never shares its folder: an existing folder is an error, and ids are unique")
  func exclusiveFolders() throws {
    let folder = try TemporaryFolder()
    try FilePath(folder.file("a")).createFolder()
    #expect(throws: ImagineError.self) { try FilePath(folder.file("a")).createFolder() }
    let ids = Set(try (0..<1000).map { _ in try RandomID.next() })
    #expect(ids.count == 1000)
    #expect(
      ids.allSatisfy {
        $0.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/)
          != nil
      })
  }
}

@Suite("An outage of the store or the disk")
struct StoreFaultTests {
  private let form = FormWriter(["prompt": "x", "style": "fast-svd"])

  @Test("is 1203 on every route that needs it, and never 'internal error'")
  func unreachable() async throws {
    let faults = StoreFaults()
    try await RunningServer.with(faults: faults) {
      $0.authentication = .listed(
        TokenList(entries: [Authentication.digest(of: "test"): .init(balance: 100)]))
    } _: { server in
      let id = try await server.submitVideo("waves")
      let done = try await server.video(id, until: ["finished"])
      let address = try #require((done["url"] as? [String: Any])?["generation"] as? String)
      faults.begin(.unreachable)
      let image = FormWriter(["prompt": "a cat", "style": "anime"])
      let answers = [
        try await server.post("/v2/video/text-to-video", form),
        try await server.post("/v2/image/generations", image),
        try await server.send(.get, "/v2/video/\(id)/status"),
        try await server.send(.get, "/v2/video/status/\(id)"),
        try await server.send(.post, "/v2/assets/\(id)/status"),
        try await server.send(.delete, "/v2/video/\(id)"),
        try await server.send(.delete, "/v2/video/delete/\(id)"),
        try await server.send(.get, address, token: nil),
        try await server.send(.get, "/readyz", token: nil),
      ]
      for answer in answers {
        #expect(answer.status == 503, "\(answer.text)")
        #expect(answer.code == 1203, "\(answer.text)")
      }
      let images = try await server.send(
        .post, "/v1/images/generations", body: Array(#"{"model":"flux-1","prompt":"a"}"#.utf8))
      #expect(images.status == 503)
      #expect(try await server.send(.get, "/healthz", token: nil).status == 200)
      faults.end()
      #expect(try await server.send(.get, "/readyz", token: nil).status == 200)
    }
  }

  @Test("that loses the answer to a charge neither loses the image nor charges twice")
  func charge() async throws {
    let faults = StoreFaults()
    try await RunningServer.with(faults: faults) {
      $0.authentication = .listed(
        TokenList(entries: [Authentication.digest(of: "test"): .init(balance: 100)]))
    } _: { server in
      faults.begin(.lostAnswer, in: "settle")
      let answer = try await server.post(
        "/v2/image/generations", FormWriter(["prompt": "a cat", "style": "anime"]))
      #expect(answer.status == 200)
      #expect(try await server.store.balance(of: Authentication.digest(of: "test")) == 95)
    }
  }

  @Test("of the data directory's folders is 1203")
  func disk() async throws {
    try await RunningServer.with { server in
      for name in ["jobs", "pictures"] {
        try Data().write(to: URL(fileURLWithPath: "\(server.home.path)/\(name)"))
      }
      let animation = form.adding("file", file: StubEngine.png(.init(width: 64, height: 64)))
      let answers = [
        try await server.post("/v2/video/image-to-video", animation),
        try await server.send(
          .post, "/v1/images/generations", body: Array(#"{"model":"flux-1","prompt":"a"}"#.utf8)),
      ]
      #expect(answers.map(\.status) == [503, 503])
      #expect(answers[0].code == 1203)
    }
  }

  @Test("that removes the database file fails every health check and every new job")
  func lostDatabase() async throws {
    try await RunningServer.with { server in
      try FileManager.default.removeItem(atPath: "\(server.home.path)/server.sqlite")
      #expect(try await server.post("/v2/video/text-to-video", form).code == 1203)
      for path in ["/healthz", "/readyz"] {
        #expect(try await server.send(.get, path, token: nil).code == 1203)
      }
    }
  }

  @Test(
    "of a video's file is an error answer, not a truncated one",
    arguments: [true, false])
  func videoFile(isFolder: Bool) async throws {
    try await RunningServer.with { server in
      let id = try await server.submitVideo("waves")
      let done = try await server.video(id, until: ["finished"])
      let address = try #require((done["url"] as? [String: Any])?["generation"] as? String)
      let folder = "\(server.home.path)/jobs/\(id)"
      let name = try #require(
        FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String }
          .first { $0.hasSuffix("video.mp4") })
      try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
      if isFolder {
        try FileManager.default.createDirectory(
          atPath: "\(folder)/\(name)", withIntermediateDirectories: false)
      }
      let answer = try await server.send(.get, address, token: nil)
      #expect(answer.status == (isFolder ? 503 : 404))
      #expect(answer.code == (isFolder ? 1203 : 1100))
    }
  }

  @Test("is prevented for /v1 images: the oldest are removed at the limit")
  func images() async throws {
    let folder = try TemporaryFolder()
    let directory = try DataDirectory(folder.path)
    let store = try SQLiteServiceStore(path: directory.database)
    let temporaryImages = TemporaryImages(
      FolderStorage(directory), store: store,
      keys: try LinkKeys(directory, store: store, lifetime: 3600), limit: 10_000)
    for _ in 0..<50 {
      _ = try await temporaryImages.store([UInt8](repeating: 1, count: 1000), as: .png)
      #expect(FilePath(folder.file("pictures")).children.count <= 10)
    }
    #expect(FilePath(folder.file("pictures")).children.count == 10)
  }
}
