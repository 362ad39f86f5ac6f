import Foundation
import ImagineAPI
import ImagineTestSupport
import Logging
import Synchronization
import Testing

@testable import ImagineServer

@Suite("The trace of a request")
struct TracingTests {
  private let trace = "4bf92f3577b34da6a3ce929d0e0e4736"

  @Test("goes on with the caller's, under an id of its own that is the request's")
  func goesOn() async throws {
    try await RunningServer.with { server in
      let header = [("traceparent", "00-\(trace)-00f067aa0ba902b7-01")]
      let answer = try await server.send(.get, "/healthz", headers: header)
      let context = try #require(answer.headers["traceparent"].flatMap(TraceContext.init(header:)))
      #expect(context.trace == trace)
      #expect(context.flags == "01")
      #expect(context.span != "00f067aa0ba902b7")
      #expect(context.span == answer.headers["x-request-id"])
    }
  }

  @Test("is a new one if the caller has none, and for each request another")
  func isNew() async throws {
    try await RunningServer.with { server in
      var traces: Set<String> = []
      for header in [[], [], [("traceparent", "00-\(trace)-0000000000000000-01")]] {
        for path in ["/healthz", "/nothing"] {
          let answer = try await server.send(.get, path, headers: header)
          let context = try #require(
            answer.headers["traceparent"].flatMap(TraceContext.init(header:)))
          #expect(context.flags == "00")
          traces.insert(context.trace)
        }
      }
      #expect(traces.count == 6)
      #expect(!traces.contains(trace))
    }
  }

  @Test("is in every line that is logged for it, as JSON too")
  func logged() throws {
    let kept = KeptLog()
    var logger = Logger(label: "test") { _ in
      var handler = EscapingLogHandler(kept)
      handler.metadataProvider = .trace
      return handler
    }
    logger[metadataKey: "kept"] = "a\nb"
    let context = TraceContext(trace: trace, span: "00f067aa0ba902b7")
    TraceContext.$current.withValue(context) {
      logger.notice(
        "two\nlines \u{1b}[31m",
        metadata: ["count": .stringConvertible(7), "list": ["x\u{202e}", "\"y\\"]])
    }
    logger.notice("outside")
    let events = kept.events.all.withLock { $0 }
    #expect(events.count == 2)
    let text = JSONLogHandler(label: "test").line(of: events[0], at: 1_741_072_165.048_523)
    #expect(!text.contains("\n"))
    let line = try #require(
      try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(line["message"] as? String == #"two\nlines \u{1B}[31m"#)
    #expect(line["level"] as? String == "notice")
    #expect(line["time"] as? String == "2025-03-04T07:09:25.048523Z")
    let metadata = try #require(line["metadata"] as? [String: Any])
    #expect(metadata["trace"] as? String == trace)
    #expect(metadata["kept"] as? String == #"a\nb"#)
    #expect(metadata["count"] as? Int == 7)
    #expect(metadata["list"] as? [String] == [#"x\u{202E}"#, #""y\"#])
    #expect(events[1].metadata?["trace"] == nil)
  }
}

/// Keeps events instead of writing them.
private struct KeptLog: LogHandler {
  final class Events: Sendable {
    let all = Mutex<[LogEvent]>([])
  }

  let events = Events()
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.trace

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) { events.all.withLock { $0.append(event) } }
}
