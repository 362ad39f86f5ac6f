import Foundation
import ImagineAPI
import ImagineTestSupport
import ImagineTesting
import ServerStore
import Synchronization
import Testing

@testable import ImagineServer

@Suite("Videos of upstreams")
struct UpstreamVideoTests {
  private func serving(
    _ settings: String, balance: Int64? = nil, _ body: (RunningServer) async throws -> Void
  ) async throws {
    let descriptions = try UpstreamDescription.all(in: settings)
    try await RunningServer.with {
      $0.upstreams = descriptions
      $0.limits.pollSeconds = 0.05
      $0.limits.renewSeconds = 0.1
      $0.limits.upstreamPauseSeconds = 0.1
      if let balance {
        let digest = Authentication.digest(of: "test")
        $0.authentication = .listed(TokenList(entries: [digest: .init(balance: balance)]))
      }
    } _: { server in
      try await body(server)
    }
  }

  private func submit(
    _ style: String, to server: RunningServer, image: [UInt8]? = nil
  ) async throws -> String {
    var form = FormWriter(["prompt": "waves", "style": style])
    if let image { form.add("file", file: image) }
    let path = image == nil ? "/v2/video/text-to-video" : "/v2/video/image-to-video"
    let answer = try await server.post(path, form)
    return try #require(try answer.json["id"] as? String, "\(answer.text)")
  }

  private func file(_ name: String, of video: [String: Any], _ server: RunningServer) async throws
    -> [UInt8]
  {
    let url = try #require((video["url"] as? [String: Any])?[name] as? String)
    return try await server.send(.get, url, token: nil).bytes
  }

  @Test("are submitted once, asked for by their ticket, and downloaded with their thumbnail")
  func whole() async throws {
    let upstream = try await VideoUpstream()
    try await serving(upstream.settings("styles = [\"studio-1\"]"), balance: 100) { server in
      let id = try await submit("studio-1", to: server)
      _ = try await eventually { upstream.questions(about: "job-1") > 0 ? true : nil }
      let digest = Authentication.digest(of: "test")
      let job = try #require(try await server.store.job(id: id, owner: digest))
      #expect(job.upstream == "studio" && job.ticket == #"{"id":"job-1"}"#)
      let status = try await server.send(.get, "/v2/video/\(id)/status")
      #expect(status.status == 200 && status.headers["x-imagine-engine"] == nil)
      _ = try await eventually {
        try await server.video(id)["progress"] as? Double == 0.25 ? true : nil
      }
      upstream.finishAll()
      let video = try await server.video(id, until: ["finished", "failed"])
      #expect(video["status"] as? String == "finished", "\(video)")
      #expect(try await file("generation", of: video, server) == SampleMedia.mp4)
      #expect(try await file("thumbnail", of: video, server) == SampleMedia.jpeg)
      #expect(upstream.submissions == 1)
      #expect(try await server.store.balance(of: digest) == 70)
      // The engine's own videos are made beside it.
      let own = try await server.video(submit("fast-svd", to: server), until: ["finished"])
      #expect(own["status"] as? String == "finished" && upstream.submissions == 1)
    }
  }

  @Test("have a thumbnail however many calls wait for the engine: the video was paid for")
  func thumbnailOfBusyEngine() async throws {
    let upstream = try await VideoUpstream(thumbnail: SampleMedia.png)
    let engine = StubEngine(paintGate: .init(open: false))
    let descriptions = try UpstreamDescription.all(
      in: upstream.settings("styles = [\"studio-1\"]"))
    try await RunningServer.with(engine: engine) {
      $0.upstreams = descriptions
      $0.limits.pollSeconds = 0.05
      $0.limits.imageThreads = 1
      // Nothing may wait that has a bound.
      $0.limits.imageQueue = 0
    } _: { server in
      let painting = Task { try await server.generate("anime") }
      _ = try await eventually { engine.begun.withLock { $0 } == 1 ? true : nil }
      #expect(try await server.generate("anime").code == 1202)
      upstream.finishAll()
      let id = try await submit("studio-1", to: server)
      // The conversion waits.
      _ = try await eventually {
        let text = try await server.send(.get, "/metrics", token: nil).text
        let waiting = try ParsedMetrics(text).value("imagine_engine_calls", ["state": "waiting"])
        let isOver = try await server.video(id)["status"] as? String == "finished"
        return waiting == 1 || isOver ? true : nil
      }
      engine.paintGate.open()
      #expect(try await painting.value.status == 200)
      let video = try await server.video(id, until: ["finished", "failed"])
      #expect(try await !file("thumbnail", of: video, server).isEmpty)
      let name = try #require((video["url"] as? [String: Any])?["thumbnail"] as? String)
      #expect(try await server.send(.get, name, token: nil).status == 200)
    }
  }

  @Test("wait for their turns: never more jobs than the capacity are at the upstream")
  func capacity() async throws {
    let upstream = try await VideoUpstream()
    try await serving(upstream.settings("styles = [\"s\"]\ncapacity = 1")) { server in
      let ids = [try await submit("s", to: server), try await submit("s", to: server)]
      _ = try await eventually { upstream.questions(about: "job-1") > 0 ? true : nil }
      _ = try await server.video(ids[1], until: ["processing"])
      #expect(upstream.submissions == 1)
      upstream.finishAll()
      for id in ids { _ = try await server.video(id, until: ["finished"]) }
      #expect(upstream.submissions == 2)
    }
  }

  @Test("that are deleted are cancelled at the upstream")
  func deletion() async throws {
    let upstream = try await VideoUpstream()
    try await serving(upstream.settings("styles = [\"s\"]")) { server in
      let id = try await submit("s", to: server, image: SampleMedia.png)
      _ = try await eventually { upstream.questions(about: "job-1") > 0 ? true : nil }
      #expect(try await server.send(.delete, "/v2/video/\(id)").status == 200)
      _ = try await eventually { upstream.deleted.contains("job-1") ? true : nil }
      _ = try await eventually {
        FileManager.default.fileExists(atPath: "\(server.home.path)/jobs/\(id)") ? nil : true
      }
    }
  }

  @Test(
    "that the upstream refuses fail with its reason; a lost answer is uncertain; both are refunded")
  func failures() async throws {
    let upstream = try await VideoUpstream { number in
      number == 1
        ? .json(400, #"{"status":"error","code":1100,"error":"BadRequest","message":"no waves"}"#)
        : .close
    }
    try await serving(upstream.settings("styles = [\"s\"]\ncapacity = 1"), balance: 100) { server in
      let refused = try await server.video(submit("s", to: server), until: ["failed", "finished"])
      #expect((refused["error"] as? String)?.contains("no waves") == true, "\(refused)")
      let lost = try await server.video(submit("s", to: server), until: ["failed", "finished"])
      #expect((lost["error"] as? String)?.contains("may be making the video") == true, "\(lost)")
      #expect(upstream.submissions == 2)
      let digest = Authentication.digest(of: "test")
      #expect(try await server.store.balance(of: digest) == 100)
    }
  }

  @Test("wait while the upstream is busy or cannot be reached")
  func patience() async throws {
    let upstream = try await VideoUpstream { number in
      switch number {
      case 1: .full(status: 429, headers: ["retry-after-ms": "100"], body: Array("{}".utf8))
      case 2...8: .full(status: 503, headers: [:], body: Array("{}".utf8))
      default: nil
      }
    }
    upstream.finishAll()
    try await serving(upstream.settings("styles = [\"s\"]")) { server in
      let video = try await server.video(submit("s", to: server), until: ["failed", "finished"])
      #expect(video["status"] as? String == "finished", "\(video)")
      #expect(upstream.submissions == 9)
    }
  }

  @Test("a file that is no video fails the job; a missing thumbnail does not")
  func files() async throws {
    for (bytes, expected) in [(SampleMedia.png, "failed"), (SampleMedia.mp4, "finished")] {
      let upstream = try await VideoUpstream(video: bytes, thumbnail: nil)
      upstream.finishAll()
      try await serving(upstream.settings("styles = [\"s\"]")) { server in
        let video = try await server.video(submit("s", to: server), until: ["failed", "finished"])
        #expect(video["status"] as? String == expected, "\(video)")
      }
    }
  }

  @Test("ComfyUI makes them by a ticket of the server's")
  func comfy() async throws {
    let folder = try TemporaryFolder()
    try FileSystem.write(ComfyWorkflows.video, to: folder.file("video.json"))
    let stub = try await ComfyStub(faults: [.answerLost])
    let settings = UpstreamStub.settings(
      """
      styles = ["s"]
      [upstream.workflows.video]
      file = "\(folder.file("video.json"))"
      inputs = { prompt = "6.prompt", seed = "6.seed" }
      """, name: "comfy", kind: "comfy", address: stub.address)
    try await serving(settings) { server in
      let video = try await server.video(submit("s", to: server), until: ["failed", "finished"])
      #expect(video["status"] as? String == "finished", "\(video)")
      #expect(try await file("generation", of: video, server).count > SampleMedia.mp4.count - 1)
      #expect(stub.sent.count == 1)
    }
  }
}
