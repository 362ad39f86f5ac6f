import CoreMetrics
import Foundation
import ImagineAPI
import ImagineTestSupport
import Testing

@testable import ImagineServer

@Suite("The metrics")
struct MetricsTests {
  private func metrics(of server: RunningServer) async throws -> ParsedMetrics {
    let answer = try await server.send(.get, "/metrics", token: nil)
    #expect(answer.status == 200)
    #expect(answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
    return try ParsedMetrics(answer.text)
  }

  @Test("are written in Prometheus' text format, with everything escaped")
  func format() throws {
    let registry = MetricsRegistry()
    Counter(
      label: "b_total", dimensions: [("path", "a\\b\"c\nd"), ("9-x", "é")], factory: registry
    )
    .increment(by: 3)
    registry.describe("b_total", "Counts \\ and\nmore.")
    let times = Recorder(label: "a.seconds", aggregate: true, factory: registry)
    for value in [0.0005, 0.001, 0.3, 7, 1000, .infinity, .nan] { times.record(value) }
    Meter(label: "c", factory: registry).set(-2.5)
    let parsed = try ParsedMetrics(registry.text)
    #expect(
      registry.text.contains(
        #"""
        # HELP b_total Counts \\ and\nmore.
        # TYPE b_total counter
        b_total{path="a\\b\"c\nd",_9_x="é"} 3
        """#))
    #expect(parsed.types == ["a_seconds": "histogram", "b_total": "counter", "c": "gauge"])
    #expect(parsed.value("a_seconds_bucket", ["le": "0.001"]) == 2)
    #expect(parsed.value("a_seconds_bucket", ["le": "0.5"]) == 3)
    #expect(parsed.value("a_seconds_bucket", ["le": "10"]) == 4)
    #expect(parsed.value("a_seconds_bucket", ["le": "+Inf"]) == 5)
    #expect(parsed.value("a_seconds_count") == 5)
    #expect(abs((parsed.value("a_seconds_sum") ?? 0) - 1007.3015) < 1e-9)
    #expect(parsed.value("c") == -2.5)
  }

  @Test("keep equal series once, no series of another type, and a bounded number of series")
  func bounds() throws {
    let registry = MetricsRegistry()
    for _ in 0..<2 { Counter(label: "a", factory: registry).increment() }
    Meter(label: "a", factory: registry).set(9)
    for number in 0..<2 * MetricsRegistry.maxSeries {
      Counter(label: "b", dimensions: [("n", "\(number)")], factory: registry).increment()
    }
    let parsed = try ParsedMetrics(registry.text)
    #expect(parsed.value("a") == 2)
    #expect(parsed.samples.filter { $0.name == "b" }.count == MetricsRegistry.maxSeries)
    let gone = Counter(label: "c", factory: registry)
    gone.destroy()
    #expect(try ParsedMetrics(registry.text).types["c"] == nil)
  }

  @Test("count and time requests by route, and tell nothing about who calls what")
  func requests() async throws {
    try await RunningServer.with { server in
      let image = FormWriter(["prompt": "a secret cat", "style": "anime"])
      for _ in 0..<3 {
        #expect(
          try await server.post("/v2/image/generations", image, token: "alice").status == 200)
      }
      #expect(
        try await server.post("/v2/image/generations", FormWriter(), token: "bob").status == 400)
      let id = try await server.submitVideo("secret waves")
      _ = try await server.video(id, until: ["finished"])
      for path in ["/nothing/\(UUID())", "/x/\(UUID())", "/v2/image/generations"] {
        _ = try await server.send(.get, path)
      }
      let metrics = try await metrics(of: server)
      let route = ["method": "POST", "route": "/v2/image/generations"]
      #expect(
        metrics.value(
          "imagine_http_requests_total", route.merging(["status": "2xx"]) { $1 }) == 3)
      #expect(
        metrics.value(
          "imagine_http_requests_total", route.merging(["status": "4xx"]) { $1 }) == 1)
      #expect(metrics.value("imagine_http_request_duration_seconds_count", route) == 4)
      #expect(
        metrics.value(
          "imagine_http_requests_total", ["method": "other", "route": "other", "status": "4xx"])
          == 3)
      let status = ["method": "GET", "route": "/v2/video/*/status", "status": "2xx"]
      #expect((metrics.value("imagine_http_requests_total", status) ?? 0) > 0)
      #expect(metrics.value("imagine_engine_call_wait_seconds_count") == 3)
      #expect(metrics.value("imagine_engine_call_duration_seconds_count") == 3)
      #expect(metrics.value("imagine_jobs_ended_total", ["state": "finished"]) == 1)
      #expect(metrics.value("imagine_jobs", ["state": "queued"]) == 0)
      #expect(metrics.value("imagine_store_up") == 1)
      #expect((metrics.value("imagine_http_connections") ?? 0) > 0)
      #expect((metrics.value("process_open_fds") ?? 0) > 3)
      let text = try await server.send(.get, "/metrics", token: nil).text
      let digests = ["alice", "bob", "test"].map(Authentication.digest)
      for secret in [id, "secret", "alice", "nothing"] + digests.map({ String($0.prefix(8)) }) {
        #expect(!text.contains(secret), "\(secret)")
      }
    }
  }

  @Test("tell what waits and what runs at the moment")
  func queue() async throws {
    let engine = StubEngine(
      paintGate: .init(open: false), videoGate: .init(open: false))
    try await RunningServer.with(engine: engine) { server in
      // The client opens 8 connections at most.
      let calls = (0..<5).map { _ in
        Task {
          try await server.post(
            "/v2/image/generations", FormWriter(["prompt": "a", "style": "anime"]))
        }
      }
      for number in 0..<3 { _ = try await server.submitVideo("video \(number)") }
      let metrics = try await eventually {
        let now = try await self.metrics(of: server)
        return now.value("imagine_engine_calls", ["state": "running"]) == 2
          && now.value("imagine_engine_calls", ["state": "waiting"]) == 3
          && now.value("imagine_jobs", ["state": "processing"]) == 1 ? now : nil
      }
      #expect(metrics.value("imagine_jobs", ["state": "queued"]) == 2)
      #expect((metrics.value("imagine_jobs_oldest_queued_age_seconds") ?? 0) > 0)
      engine.paintGate.open()
      engine.videoGate.open()
      for call in calls { #expect(try await call.value.status == 200) }
    }
  }

  @Test("say that the store does not answer, instead of its last numbers")
  func store() async throws {
    let faults = StoreFaults()
    try await RunningServer.with(faults: faults) { server in
      #expect(try await metrics(of: server).value("imagine_store_up") == 1)
      faults.begin(.unreachable)
      let metrics = try await metrics(of: server)
      #expect(metrics.value("imagine_store_up") == 0)
      #expect(metrics.value("imagine_jobs", ["state": "queued"]) == nil)
      faults.end()
    }
  }

  @Test("are read by this machine, or with their own token")
  func access() async throws {
    let forwarded = [("X-Forwarded-For", "192.0.2.1")]
    try await RunningServer.with { server in
      let answer = try await server.send(.get, "/metrics", headers: forwarded)
      #expect(answer.status == 403)
      #expect(answer.message.contains("--metrics-token"))
      // What came through a proxy on this machine is not local, whoever the proxy says it is.
      for header in [("Forwarded", "for=127.0.0.1"), ("Via", "1.1 proxy")] {
        #expect(try await server.send(.get, "/metrics", headers: [header]).status == 403)
      }
    }
    try await RunningServer.with {
      $0.administrators = AdministratorAccess(token: "watch")
    } _: { server in
      #expect(try await server.send(.get, "/metrics", token: nil).status == 200)
      for (token, status) in [("watch", 200), ("test", 403), (nil, 403)] {
        let answer = try await server.send(
          .get, "/metrics", token: token, headers: forwarded)
        #expect(answer.status == status)
      }
    }
  }

  @Test("have a token file that holds one word and is private")
  func tokenFile() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("token")
    try FileSystem.write("watch\n", to: path)
    chmod(path, 0o644)
    #expect(throws: SettingsError.self) { _ = try AdministratorAccess(tokenFile: path) }
    chmod(path, 0o600)
    _ = try AdministratorAccess(tokenFile: path)
    for text in ["", " \n", "two words"] {
      try FileSystem.write(text, to: path)
      let error = #expect(throws: SettingsError.self) {
        _ = try AdministratorAccess(tokenFile: path)
      }
      #expect(error?.description.contains("one word") == true)
    }
  }
}
