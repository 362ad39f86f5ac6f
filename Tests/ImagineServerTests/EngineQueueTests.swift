import Foundation
import ImagineAPI
import ImagineTestSupport
import Synchronization
import Testing

@testable import ImagineServer

@Suite("The queue of engine calls")
struct EngineQueueTests {
  /// Running calls that a test controls, in the order in which they started.
  private final class Work: Sendable {
    let begun = Mutex<[String]>([])
    let isOpen = Mutex(false)

    func run(_ name: String) {
      begun.withLock { $0.append(name) }
      while !isOpen.withLock({ $0 }) { usleep(1000) }
    }
  }

  private func limits(threads: Int = 2, places: Int = 64, bytes: Int = 1000) -> Limits {
    var limits = Limits(cores: threads)
    limits.imageQueue = places
    limits.imageBytes = bytes
    return limits
  }

  private func demand(
    _ account: String, bytes: Int = 0, control: EngineControl? = nil
  ) -> EngineQueue.Demand {
    EngineQueue.Demand(bytes: bytes, control: control ?? EngineControl(account: account))
  }

  @Test("never runs more calls than it has threads, and gives the next turn to another account")
  func fair() async throws {
    let queue = EngineQueue(limits())
    let work = Work()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<6 {
        group.addTask { try await queue.run(demand("greedy")) { work.run("greedy \(number)") } }
      }
      _ = try await eventually { queue.turns.load == (2, 4) ? true : nil }
      group.addTask { try await queue.run(demand("other")) { work.run("other") } }
      _ = try await eventually { queue.turns.load == (2, 5) ? true : nil }
      work.isOpen.withLock { $0 = true }
      try await group.waitForAll()
    }
    let order = work.begun.withLock { $0 }
    #expect(order.count == 7)
    #expect(order.firstIndex(of: "other").map { (2...3).contains($0) } == true, "\(order)")
    try await queue.stop()
  }

  @Test("starts only calls that fit in memory, and leaves half of it to other accounts")
  func memory() async throws {
    let queue = EngineQueue(limits(threads: 8))
    let work = Work()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask { try await queue.run(demand("a", bytes: 200)) { work.run("a") } }
      }
      // Two of the four calls use half of the memory.
      _ = try await eventually { work.begun.withLock { $0.count } == 2 ? true : nil }
      group.addTask { try await queue.run(demand("b", bytes: 600)) { work.run("b") } }
      _ = try await eventually { work.begun.withLock { $0.contains("b") } ? true : nil }
      group.addTask { try await queue.run(demand("c", bytes: 1)) { work.run("c") } }
      // No memory is left. If there were, the call would start.
      try await Task.sleep(for: .milliseconds(50))
      #expect(work.begun.withLock { $0 }.filter { $0 != "b" } == ["a", "a"])
      work.isOpen.withLock { $0 = true }
      try await group.waitForAll()
    }
    #expect(work.begun.withLock { $0.count } == 6)
    try await queue.stop()
  }

  @Test("refuses a call that exceeds the memory limit, and names its field")
  func tooLarge() async throws {
    let queue = EngineQueue(limits())
    let failure = await #expect(throws: APIError.self) {
      try await queue.run(demand("a", bytes: 1001)) {}
    }
    #expect(failure?.fault == .requestInvalid)
    #expect(failure?.field == "image")
    try await queue.stop()
  }

  @Test("drops a waiting call whose client hung up, and stops a running one")
  func abandoned() async throws {
    let queue = EngineQueue(limits(threads: 1, places: 1))
    let work = Work()
    let isWanted = Mutex(true)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await queue.run(demand("a")) { work.run("first") } }
      _ = try await eventually { work.begun.withLock { $0.count } == 1 ? true : nil }
      let gone = EngineControl(account: "a") { isWanted.withLock { $0 } }
      let waiting = Task { try await queue.run(demand("a", control: gone)) { work.run("gone") } }
      // The only place is taken, so the next call is refused.
      _ = try await eventually {
        do {
          let probe = EngineControl(account: "a")
          probe.cancel()
          try await queue.run(demand("a", control: probe)) {}
          return nil as Bool?
        } catch let failure as APIError {
          #expect(failure.fault == .tooManyRequests && (failure.retryAfter ?? 0) >= 1)
          return true
        } catch {
          return nil
        }
      }
      isWanted.withLock { $0 = false }
      group.addTask { try await queue.run(demand("a")) { work.run("second") } }
      await #expect(throws: EngineControl.Stop.cancelled) { try await waiting.value }
      work.isOpen.withLock { $0 = true }
      try await group.waitForAll()
    }
    #expect(work.begun.withLock { $0 } == ["first", "second"])
    try await queue.stop()
  }

  @Test("starts a call's time limit when it runs, and shortens it on shutdown")
  func deadlines() async throws {
    var limits = limits(threads: 1)
    limits.imageSeconds = 0
    let strict = EngineQueue(limits)
    let control = EngineControl(account: "a")
    await #expect(throws: EngineControl.Stop.timedOut) {
      try await strict.run(demand("a", control: control)) { try control.check() }
    }
    try await strict.stop()
    let queue = EngineQueue(self.limits(threads: 1))
    let running = EngineControl(account: "a")
    let begun = Mutex(false)
    let call = Task {
      try await queue.run(demand("a", control: running)) {
        begun.withLock { $0 = true }
        while true {
          try running.check()
          usleep(1000)
        }
      }
    }
    _ = try await eventually { begun.withLock { $0 } ? true : nil }
    queue.shortenDeadlines(seconds: 0)
    await #expect(throws: EngineControl.Stop.timedOut) { try await call.value }
    try await queue.stop()
  }
}

@Suite("An engine call")
struct EngineCallTests {
  private let path = "/v2/image/generations"

  @Test("stops when its client hangs up, and is not charged")
  func hungUp() async throws {
    let engine = StubEngine(paintGate: .init(open: false))
    try await RunningServer.with(engine: engine) { server in
      let form = FormWriter(["prompt": "a cat", "style": "anime", "seed": "1"])
      let body = String(decoding: form.bytes, as: UTF8.self)
      var connection: RawConnection? = try await RawConnection(to: server.address)
      try await connection?.write(
        "POST \(path) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n"
          + "Content-Type: multipart/form-data; boundary=\(form.boundary)\r\n"
          + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
      _ = try await eventually { engine.begun.withLock { $0 } == 1 ? true : nil }
      connection = nil
      _ = try await eventually { engine.abandoned.withLock { $0 } == 1 ? true : nil }
      #expect(engine.painted.withLock { $0 } == 0)
    }
  }

  @Test("that exceeds its time limit is 1204")
  func outOfTime() async throws {
    let engine = StubEngine(paintGate: .init(open: false))
    try await RunningServer.with(engine: engine) {
      $0.limits.imageSeconds = 0.05
    } _: { server in
      let answer = try await server.post(
        path, FormWriter(["prompt": "a cat", "style": "anime"]))
      #expect(answer.status == 504)
      #expect(answer.code == 1204)
    }
  }

  @Test("is limited in its prompt, for every operation and API")
  func prompts() async throws {
    try await RunningServer.with { server in
      let long = String(repeating: "é", count: 32_001)
      let image = StubEngine.png(PixelSize(width: 8, height: 8))
      let forms: [(String, FormWriter)] = [
        (path, FormWriter(["prompt": long, "style": "anime"])),
        ("/v2/image/generations/transparent", FormWriter(["prompt": long])),
        (
          "/v2/image/edits/generative-fill",
          FormWriter(["prompt": long]).adding("image", file: image)
            .adding("mask", file: image)
        ),
        (
          "/v2/image/edits/ai-resize",
          FormWriter(["prompt": long]).adding("image", file: image)
        ),
        ("/v2/video/text-to-video", FormWriter(["prompt": long, "style": "fast-svd"])),
        (
          "/v2/video/image-to-video",
          FormWriter(["prompt": long, "style": "fast-svd"]).adding("file", file: image)
        ),
      ]
      for (path, form) in forms {
        let answer = try await server.post(path, form)
        #expect(answer.code == 1100, "\(path)")
        #expect(answer.message.contains("'prompt'"), "\(path): \(answer.message)")
      }
      let answer = try await server.send(
        .post, "/v1/images/generations", headers: [("Content-Type", "application/json")],
        body: Array(#"{"model":"flux-1","prompt":"\#(long)"}"#.utf8))
      #expect(answer.status == 400 && answer.text.contains("prompt"))
      let fitting = try await server.post(
        path, FormWriter(["prompt": String(long.dropLast()), "style": "anime"]))
      #expect(fitting.status == 200)
    }
  }

  @Test(
    "with an image over the pixel budget is refused with its field, before anything is stored or queued"
  )
  func bounds() async throws {
    try await RunningServer.with { server in
      for size in [
        PixelSize(width: 20, height: 60_000), PixelSize(width: 60_000, height: 20),
        PixelSize(width: 1, height: 257), PixelSize(width: 8001, height: 8000),
      ] {
        let image = StubEngine.png(size)
        let video = try await server.post(
          "/v2/video/image-to-video",
          FormWriter(["prompt": "a cat", "style": "fast-svd"]).adding("file", file: image))
        #expect(video.code == 1100)
        #expect(video.message.contains("'file'") && video.message.contains("\(size)"))
        for path in ["/v2/image/enhance", "/v2/image/edits/ai-resize", "/x/convert"] {
          let answer = try await server.post(path, FormWriter().adding("image", file: image))
          #expect(answer.code == 1100, "\(path)")
          #expect(answer.message.contains("'image'"), "\(path): \(answer.message)")
        }
      }
    }
  }

  @Test("for a conversion counts against the rate")
  func convertRate() async throws {
    try await RunningServer.with {
      $0.limits.callsPerMinute = 2
    } _: { server in
      let form = FormWriter().adding("image", file: StubEngine.png(PixelSize(width: 8, height: 8)))
      var codes: [Int] = []
      for _ in 0..<3 { codes.append(try await server.post("/x/convert", form).status) }
      #expect(codes == [200, 200, 429])
    }
  }
}
