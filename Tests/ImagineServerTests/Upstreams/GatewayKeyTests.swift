import Foundation
import ImagineAPI
import ImagineTestSupport
import ServerStore
import Synchronization
import Testing

@testable import ImagineServer

/// Two servers in this process: the first draws for the second.
@Suite("A gateway before a server that honours Idempotency-Key")
struct GatewayKeyTests {
  private let account = Authentication.digest(of: "the-gateways-token")

  /// - Parameter fault: of the server that draws.
  private func serving(
    _ fault: FaultPlan.Fault, honoursKeys: Bool = true, engine: StubEngine,
    _ body: (_ gateway: RunningServer, _ drawing: RunningServer) async throws -> Void
  ) async throws {
    try await RunningServer.with(engine: engine) {
      $0.faultPlan = FaultPlan(paint: .card, honoursKeys: honoursKeys, faults: [fault])
      $0.authentication = .listed(TokenList(entries: [account: .init(balance: 100)]))
    } _: { drawing in
      let upstreams = try UpstreamDescription.all(
        in: UpstreamStub.settings(
          "styles = [\"anime\", \"fast-svd\"]\ntoken_env = \"KEY\"", name: "studio",
          kind: "imagine", address: "\(drawing.address)/v2"))
      try await RunningServer.with {
        $0.upstreams = upstreams
        $0.environment = ["KEY": "the-gateways-token"]
        $0.limits.pollSeconds = 0.05
      } _: { gateway in
        try await body(gateway, drawing)
      }
    }
  }

  private func lostAnswer(_ route: String) -> FaultPlan.Fault {
    var fault = FaultPlan.Fault(route: route)
    (fault.close, fault.count) = (.after, 1)
    return fault
  }

  @Test("sends an image call again whose answer was lost, which is done and charged once")
  func image() async throws {
    let engine = StubEngine()
    try await serving(lostAnswer("/v2/image/generations"), engine: engine) { gateway, drawing in
      let answer = try await gateway.generate("anime")
      #expect(answer.status == 200, "\(answer.text.prefix(300))")
      #expect(try await drawing.store.balance(of: account) == 95)
    }
  }

  @Test("sends no key to a server that promises nothing, and no call twice")
  func noPromise() async throws {
    let engine = StubEngine()
    try await serving(
      lostAnswer("/v2/image/generations"), honoursKeys: false, engine: engine
    ) { gateway, drawing in
      let answer = try await gateway.generate("anime")
      #expect(answer.code == 1205, "\(answer.text.prefix(300))")
      #expect(try await drawing.store.balance(of: account) == 95)
    }
  }

  @Test("submits a video once whose answer was lost")
  func video() async throws {
    let engine = StubEngine()
    try await serving(lostAnswer("/v2/video/text-to-video"), engine: engine) { gateway, drawing in
      let id = try await gateway.submitVideo("waves")
      let video = try await gateway.video(id, until: ["finished", "failed"])
      #expect(engine.videosBegun.withLock { $0 } == 1, "\(video)")
      #expect(try await drawing.store.balance(of: account) == 70)
    }
  }
}
