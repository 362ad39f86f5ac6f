import Foundation
import ImagineAPI
import ImagineTestSupport
import MediaFiles
import Synchronization
import Testing

@testable import ImagineServer

/// A real server on a socket, and real children that are killed.
@Suite("An engine call in a child", .serialized)
struct EngineChildrenTests {
  private let children = EngineChildren.real()
  private let painting = FormWriter(["prompt": "a red fox", "style": "anime", "seed": "7"])

  private func with(
    _ children: EngineChildren? = nil, configure: (inout ServiceConfiguration) -> Void = { _ in },
    _ body: (RunningServer) async throws -> Void
  ) async throws {
    try await RunningServer.with(
      children: ChildEngine(StubEngine(), in: children ?? self.children), configure: configure,
      body)
  }

  private func paint(_ server: RunningServer) async throws -> Answer {
    try await server.post("/v2/image/generations", painting)
  }

  /// The process of the only call, as soon as there is one.
  private func busy(besides others: Set<Int32> = []) async throws -> Int32 {
    try await eventually { children.busyProcesses.subtracting(others).first }
  }

  private func isGone(_ id: Int32) async throws {
    _ = try await eventually { SystemProcess.groupExists(id) ? nil : true }
  }

  @Test("is done by a child that has done no call of another account, and by the same for one")
  func accounts() async throws {
    try await with { server in
      func process(_ token: String) async throws -> Int32 {
        async let answer = server.post("/v2/image/generations", painting, token: token)
        let id = try await busy()
        #expect(try await answer.status == 200)
        return id
      }
      var accounts: [Int32: String] = [:]
      for token in ["a", "b", "a", "c", "b", "d", "d", "a"] {
        let id = try await process(token)
        #expect(accounts[id, default: token] == token)
        accounts[id] = token
        // The next one is ready before it is needed, and few are kept.
        _ = try await eventually {
          children.idleProcesses.contains { accounts[$0] == nil } ? true : nil
        }
        #expect(children.idleProcesses.count <= 3)
      }
      // Calls of one account in a row have one child.
      let last = try await process("d")
      #expect(try await process("d") == last)
    }
  }

  @Test("is tried again if the child is killed, and gives the same image")
  func killed() async throws {
    try await with { server in
      let image = try await paint(server)
      #expect(image.status == 200)
      #expect(ImageHeader(image.bytes)?.size == PixelSize(width: 1024, height: 1024))
      async let again = paint(server)
      kill(try await busy(), SIGKILL)
      #expect(try await again.bytes == image.bytes)
      #expect(children.figures.died == 1)
      #expect(children.figures.busy == 0)
      let metrics = try ParsedMetrics(
        try await server.send(.get, "/metrics", token: nil).text)
      #expect(metrics.value("imagine_engine_children_died_total") == 1)
      #expect(metrics.types["imagine_engine_children_died_total"] == "counter")
      let started = metrics.value("imagine_engine_children_started_total")
      #expect(started ?? 0 >= 2)
      #expect(metrics.types["imagine_engine_children_started_total"] == "counter")
    }
  }

  @Test("is 1205 if its child dies twice, and no other call is touched")
  func poisoned() async throws {
    try await with { server in
      let image = try await paint(server).bytes
      async let other = server.post("/v2/image/enhance", FormWriter().adding("image", file: image))
      let innocent = try await busy()
      async let poisoned = paint(server)
      let first = try await busy(besides: [innocent])
      kill(first, SIGKILL)
      kill(try await busy(besides: [innocent, first]), SIGKILL)
      let answer = try await poisoned
      #expect(answer.status == 500)
      #expect(answer.code == 1205)
      #expect(answer.message.contains("died"))
      #expect(SystemProcess.exists(innocent))
      #expect(try await other.status == 200)
      #expect(children.figures.died == 2)
      #expect(try await paint(server).status == 200)
    }
  }

  @Test("ends with its child if the client hangs up")
  func hungUp() async throws {
    try await with { server in
      let image = try await paint(server).bytes
      var connection: RawConnection? = try await RawConnection(to: server.address)
      try await connection?.post(
        "/v2/image/enhance", FormWriter().adding("image", file: image))
      let id = try await busy()
      connection?.resetAtEnd()
      connection = nil
      try await isGone(id)
      _ = try await eventually { children.figures.busy == 0 ? true : nil }
      #expect(children.figures.died == 0)
      #expect(try await paint(server).status == 200)
    }
  }

  @Test("ends with its child at its deadline, with 1204")
  func outOfTime() async throws {
    let image = BilevelImage(size: PixelSize(width: 2000, height: 2000))
      .png(colors: (background: [0, 0, 0], ink: [255, 255, 255]), texts: [])
    try await with {
      $0.limits.imageSeconds = 0.3
    } _: { server in
      async let answer = server.post(
        "/v2/image/enhance", FormWriter().adding("image", file: image))
      let id = try await busy()
      #expect(try await answer.code == 1204)
      try await isGone(id)
    }
  }

  @Test("that needs more memory than it may is 1205, and the next one succeeds")
  func outOfMemory() async throws {
    // The stub that estimates says 0 bytes, so a call has the reserve alone.
    let large = BilevelImage(size: PixelSize(width: 8000, height: 8000))
      .png(colors: (background: [0, 0, 0], ink: [255, 255, 255]), texts: [])
    try await with { server in
      let form = FormWriter(["format": "png", "width": "7000"]).adding("image", file: large)
      let answer = try await server.post("/x/convert", form)
      #expect(answer.code == 1205, "\(answer.text.prefix(300))")
      #expect(try await paint(server).status == 200)
    }
  }

  @Test("is not touched by the death of a child that waits")
  func idle() async throws {
    try await with { server in
      let image = try await paint(server).bytes
      let waiting = try await eventually {
        children.idleProcesses.count > 1 ? children.idleProcesses : nil
      }
      for id in waiting { kill(id, SIGKILL) }
      _ = try await eventually { waiting.allSatisfy(SystemProcess.hasEnded) ? true : nil }
      #expect(try await paint(server).bytes == image)
      #expect(children.figures.died == 0)
    }
  }

  @Test("passes the engine's own errors on, and its child stays")
  func errors() async throws {
    try await with { server in
      var damaged = try await paint(server).bytes
      for index in damaged.count / 2..<damaged.count { damaged[index] = 0 }
      _ = try await eventually { children.idleProcesses.count == 2 ? true : nil }
      let waiting = children.idleProcesses
      let answer = try await server.post(
        "/x/convert", FormWriter(["width": "64"]).adding("image", file: damaged))
      #expect(answer.code == 1100, "\(answer.text.prefix(300))")
      #expect(answer.message.contains("field 'image'"))
      #expect(children.idleProcesses.sorted() == waiting.sorted())
    }
  }

  @Test("is 1200 if no child can be started, and 1205 if its program is another")
  func wrongPrograms() async throws {
    try await with(.real(program: "/nowhere/imagine-server")) { server in
      let answer = try await paint(server)
      #expect(answer.code == 1200)
      #expect(answer.headers["retry-after"] != nil)
    }
    try await with(.real(program: "/bin/echo")) { server in
      let answer = try await paint(server)
      #expect(answer.code == 1205)
    }
  }

  @Test("gives what the engine gives in the server's process, for images and numbers")
  func equality() async throws {
    let folder = try TemporaryFolder()
    let alone = try ServerProcess(
      ["--home", folder.file("home"), "--port", "0", "--engine", "in-process"])
    let address = try await alone.address()
    try await with { server in
      let image = try await paint(server)
      func compare(_ path: String, _ form: FormWriter) async throws {
        let here = try await server.post(address + path, form)
        let there = try await server.post(path, form)
        #expect(here.status == 200, "\(path): \(here.text.prefix(300))")
        #expect(there.bytes == here.bytes, "\(path): \(there.text.prefix(300))")
        for name in ["x-imagine-confidence", "x-imagine-drift"] {
          #expect(there.headers[name] == here.headers[name])
        }
      }
      try await compare("/v2/image/generations", painting)
      let one = FormWriter().adding("image", file: image.bytes)
      try await compare("/v2/image/background/remover", one)
      let small = try await server.post(
        "/x/convert", FormWriter(["width": "96"]).adding("image", file: image.bytes)
      ).bytes
      let form = FormWriter().adding("image", file: small)
      try await compare("/x/convert", form.adding("format", "webp").adding("height", "40"))
      try await compare("/x/thumbnail", form.adding("width", "40").adding("height", "40"))
      try await compare(
        "/x/composite", form.adding("mask", file: small).adding("edited", file: small))
      try await compare("/v2/image/edits/ai-resize", form.adding("aspect_ratio", "16:9"))
      try await compare("/v2/image/edits/remove", form.adding("mask", file: small))
      for (step, files) in [
        (#"{"operation":"rotate","fields":{"degrees":12.5}}"#, ["base"]),
        (#"{"operation":"crop","fields":{"x":"25%","y":3,"width":20,"height":"50%"}}"#, ["base"]),
        (#"{"operation":"paste","fields":{"x":-10,"opacity":0.5}}"#, ["base", "image"]),
        (#"{"operation":"measure","fields":{}}"#, ["base"]),
      ] {
        var form = FormWriter(["step": step])
        for file in files { form.add("\(file).0", file: small) }
        try await compare("/x/step", form)
      }
    }
    alone.signal(SIGTERM)
    #expect(await alone.exit() == 0)
  }

  @Test("of a job is queued again if its child dies, and its ffmpeg dies too")
  func job() async throws {
    try await with {
      $0.limits.pollSeconds = 0.1
    } _: { server in
      let id = try await server.submitVideo("waves")
      let process = try await busy()
      kill(process, SIGKILL)
      try await isGone(process)
      let second = try await busy(besides: [process])
      // The video is written by now.
      _ = try await eventually {
        try await server.video(id)["progress"] as? Double ?? 0 > 0 ? true : nil
      }
      kill(second, SIGTERM)
      try await isGone(second)
      let video = try await server.video(id, until: ["finished", "failed"])
      #expect(video["status"] as? String == "finished")
      #expect(children.figures.died == 2)
      let link = try #require((video["url"] as? [String: Any])?["generation"] as? String)
      let film = try await server.send(.get, link).bytes
      #expect(VideoHeader(MediaSource(film)) != nil)
    }
  }

  @Test("of a job ends with its child if the job is deleted")
  func deletion() async throws {
    try await with { server in
      let id = try await server.submitVideo("waves")
      let process = try await busy()
      #expect(try await server.send(.delete, "/v2/video/\(id)").status == 200)
      try await isGone(process)
      #expect(children.figures.died == 0)
    }
  }
}
