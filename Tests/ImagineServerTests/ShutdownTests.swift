import Foundation
import ImagineAPI
import Synchronization
import Testing

@testable import ImagineServer

@Suite("A service that shuts down")
struct ShutdownTests {
  @Test("answers the requests in flight, and accepts no new ones")
  func inFlight() async throws {
    let engine = StubEngine(paintGate: .init(open: false))
    try await RunningServer.with(engine: engine) { server in
      let answer = Task {
        try await server.post(
          "/v2/image/generations", FormWriter(["prompt": "a cat", "style": "anime"]))
      }
      _ = try await eventually { engine.begun.withLock { $0 } == 1 ? true : nil }
      await server.stop()
      _ = try await eventually {
        (try? await RawConnection(to: server.address)) == nil ? true : nil
      }
      engine.paintGate.open()
      #expect(try await answer.value.status == 200)
    }
  }
}
