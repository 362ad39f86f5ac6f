import Foundation
import ImagineCore
import ImagineStore
import ImagineTestSupport
import Synchronization
import Testing

@testable import ImagineServer

@Suite("What was accepted")
struct RecoveryTests {
  @Test("is finished though the store does not answer for longer than a lease")
  func outage() async throws {
    let (engine, faults) = (StubEngine(filmGate: .init(open: false)), StoreFaults())
    try await RunningServer.with(engine: engine, faults: faults) {
      $0.limits.leaseSeconds = 0.2
      $0.limits.renewSeconds = 0.05
      $0.limits.pollSeconds = 0.05
    } _: { server in
      let id = try await server.film("waves")
      _ = try await server.video(id, until: ["processing"])
      faults.begin(.unreachable)
      try await Task.sleep(for: .milliseconds(600))
      engine.filmGate.open()
      try await Task.sleep(for: .milliseconds(600))
      faults.end()
      _ = try await server.video(id, until: ["finished"])
      #expect(engine.filmsBegun.withLock { $0 } == 1)
    }
  }

  @Test("is finished though the answer to its end is lost, and its film is not removed")
  func lostEnd() async throws {
    let faults = StoreFaults()
    try await RunningServer.with(faults: faults) { server in
      faults.begin(.lostAnswer, in: "finish")
      let id = try await server.film("waves")
      let done = try await server.video(id, until: ["finished"])
      faults.end()
      let address = try #require((done["url"] as? [String: Any])?["generation"] as? String)
      #expect(try await server.send(.get, address, token: nil).text.hasPrefix("film of waves"))
    }
  }

  @Test("keeps its film while nobody knows whether the store has its end")
  func unknownEnd() async throws {
    let (home, faults) = (try TemporaryFolder(), StoreFaults())
    var id = ""
    try await RunningServer.with(home: home, faults: faults) {
      $0.limits.leaseSeconds = 0.5
    } _: { server in
      faults.begin(.lostAnswer, in: "finish")
      id = try await server.film("waves")
      _ = try await server.video(id, until: ["finished"])
    }
    try await RunningServer.with(home: home) { server in
      let address = try #require(
        (try await server.video(id)["url"] as? [String: Any])?["generation"] as? String)
      #expect(try await server.send(.get, address, token: nil).text.hasPrefix("film of waves"))
    }
  }

  @Test("is accepted where the store has it, though its answer was lost")
  func lostAcceptance() async throws {
    let faults = StoreFaults()
    try await RunningServer.with(faults: faults) { server in
      faults.begin(.lostAnswer, in: "add")
      let picture = StubEngine.png(.init(width: 64, height: 64))
      let form = FormWriter(["prompt": "zoom", "style": "fast-svd"])
        .adding("file", file: picture)
      let answer = try await server.post("/v2/video/image-to-video", form)
      let id = try #require(try answer.json["id"] as? String, "\(answer.text)")
      _ = try await server.video(id, until: ["finished"])
    }
  }

  @Test("keeps its picture where nobody can tell whether the store has it, and says 1203")
  func unknownAcceptance() async throws {
    let faults = StoreFaults()
    try await RunningServer.with(faults: faults) { server in
      faults.begin(.lostAnswer, in: "add")
      faults.begin(.unreachable, in: "known")
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

  @Test("waits while its surroundings lack something, and is not failed for that")
  func lack() async throws {
    let engine = StubEngine()
    engine.lacksLeft.withLock { $0 = 12 }
    try await RunningServer.with(engine: engine) {
      $0.limits.pollSeconds = 0.01
    } _: { server in
      let id = try await server.film("waves")
      _ = try await server.video(id, until: ["finished"])
      #expect(engine.filmsBegun.withLock { $0 } == 13)
    }
  }

  @Test("is failed by its own faults alone: at once by one that stays, else when they repeat")
  func faults() async throws {
    let engine = StubEngine()
    try await RunningServer.with(engine: engine) { server in
      let damaged = try await server.video(server.film("unusable"), until: ["failed"])
      #expect((damaged["error"] as? String)?.contains("damaged") == true)
      #expect(engine.filmsBegun.withLock { $0 } == 1)
      _ = try await server.video(server.film("crash"), until: ["failed"])
      #expect(engine.filmsBegun.withLock { $0 } == 4)
    }
  }

  @Test("is one account's as far as it may have waiting ones, and others still have room")
  func fairness() async throws {
    let engine = StubEngine(filmGate: .init(open: false))
    try await RunningServer.with(engine: engine) {
      $0.limits.filmsPerAccount = 2
    } _: { server in
      let form = FormWriter(["prompt": "x", "style": "fast-svd"])
      for _ in 0..<2 { _ = try await server.film("x", token: "alice") }
      let third = try await server.post("/v2/video/text-to-video", form, token: "alice")
      #expect(third.code == 1202)
      #expect(third.headers["retry-after"] != nil)
      _ = try await server.film("x", token: "bob")
      let folders = try FileManager.default.contentsOfDirectory(
        atPath: "\(server.home.path)/jobs")
      #expect(folders.count == 3)
    }
  }

  @Test("is removed with its film when it has been kept for its time")
  func retention() async throws {
    try await RunningServer.with {
      $0.limits.keepSeconds = 0.2
      $0.limits.tidySeconds = 0.05
    } _: { server in
      let id = try await server.film("waves")
      _ = try await eventually {
        try await server.send(.get, "/v2/video/\(id)/status").status == 404 ? true : nil
      }
      _ = try await eventually {
        FileManager.default.fileExists(atPath: "\(server.home.path)/jobs/\(id)") ? nil : true
      }
    }
  }

  @Test("is never another's to remove: a folder that is there is not taken for a new job's")
  func exclusiveFolders() throws {
    let folder = try TemporaryFolder()
    try Folder.makeNew(folder.file("a"))
    #expect(throws: HomeError.self) { try Folder.makeNew(folder.file("a")) }
    let ids = Set(try (0..<1000).map { _ in try RandomID.next() })
    #expect(ids.count == 1000)
    #expect(
      ids.allSatisfy {
        $0.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/)
          != nil
      })
  }
}

@Suite("A fault of the store or the disk")
struct StoreFaultTests {
  private let film = FormWriter(["prompt": "x", "style": "fast-svd"])

  @Test("is 1203 on every route that needs it, and no route says 'internal error'")
  func unreachable() async throws {
    let faults = StoreFaults()
    try await RunningServer.with(faults: faults) {
      $0.callers = .listed(TokenList(entries: [Callers.digest(of: "test"): .init(balance: 100)]))
    } _: { server in
      let id = try await server.film("waves")
      let done = try await server.video(id, until: ["finished"])
      let address = try #require((done["url"] as? [String: Any])?["generation"] as? String)
      faults.begin(.unreachable)
      let picture = FormWriter(["prompt": "a cat", "style": "anime"])
      let answers = [
        try await server.post("/v2/video/text-to-video", film),
        try await server.post("/v2/image/generations", picture),
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

  @Test("that loses the answer to a charge neither loses the picture nor charges twice")
  func charge() async throws {
    let faults = StoreFaults()
    try await RunningServer.with(faults: faults) {
      $0.callers = .listed(TokenList(entries: [Callers.digest(of: "test"): .init(balance: 100)]))
    } _: { server in
      faults.begin(.lostAnswer, in: "charge")
      let answer = try await server.post(
        "/v2/image/generations", FormWriter(["prompt": "a cat", "style": "anime"]))
      #expect(answer.status == 200)
      #expect(try await server.store.balance(of: Callers.digest(of: "test")) == 95)
    }
  }

  @Test("of the home's folders is 1203, too")
  func disk() async throws {
    try await RunningServer.with { server in
      for name in ["jobs", "pictures"] {
        try FileManager.default.removeItem(atPath: "\(server.home.path)/\(name)")
        try Data().write(to: URL(fileURLWithPath: "\(server.home.path)/\(name)"))
      }
      let animation = film.adding("file", file: StubEngine.png(.init(width: 64, height: 64)))
      let answers = [
        try await server.post("/v2/video/text-to-video", film),
        try await server.post("/v2/video/image-to-video", animation),
        try await server.send(
          .post, "/v1/images/generations", body: Array(#"{"model":"flux-1","prompt":"a"}"#.utf8)),
      ]
      #expect(answers.map(\.status) == [503, 503, 503])
      #expect(answers[0].code == 1203)
    }
  }

  @Test("that removes the database's file is told by every probe, and nothing more is accepted")
  func lostDatabase() async throws {
    try await RunningServer.with { server in
      try FileManager.default.removeItem(atPath: "\(server.home.path)/server.sqlite")
      #expect(try await server.post("/v2/video/text-to-video", film).code == 1203)
      for path in ["/healthz", "/readyz"] {
        #expect(try await server.send(.get, path, token: nil).code == 1203)
      }
    }
  }

  @Test(
    "of a film's own file is an answer with a body, and not one that breaks off",
    arguments: [true, false])
  func film(isFolder: Bool) async throws {
    try await RunningServer.with { server in
      let id = try await server.film("waves")
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

  @Test("does not let the pictures of /v1 take all the disk: the oldest make way")
  func pictures() throws {
    let folder = try TemporaryFolder()
    let home = try Home(folder.path)
    let shelf = PictureShelf(
      home: home, links: try MediaLinks(home: home, lifetime: 3600), limit: 10_000)
    for _ in 0..<50 {
      _ = try shelf.place([UInt8](repeating: 1, count: 1000), as: .png)
      #expect(Folder.names(in: home.pictures).count <= 10)
    }
    #expect(Folder.names(in: home.pictures).count >= 8)
  }
}
