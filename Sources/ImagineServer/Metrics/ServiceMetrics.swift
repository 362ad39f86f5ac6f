import CoreMetrics
import HTTPTypes

/// The metrics of a service. No label holds an account, a prompt, an id or anything else that a client
/// chooses.
struct ServiceMetrics: Sendable {
  private let registry = MetricsRegistry()

  /// Open connections.
  let connections: Meter
  let calls: EngineCallMetrics
  /// Jobs that this server finished, and those that failed here.
  let jobsFinished: Counter
  let jobsFailed: Counter

  init() {
    connections = registry.meter(
      "imagine_http_connections", "Open connections.")
    calls = EngineCallMetrics(registry)
    jobsFinished = registry.counter(
      "imagine_jobs_ended_total", "Jobs that this server ended.", [("state", "finished")])
    jobsFailed = registry.counter(
      "imagine_jobs_ended_total", "Jobs that this server ended.", [("state", "failed")])
  }

  /// The metrics of each route, in the order of the routes.
  func requests(of routes: [Route]) -> RequestMetrics { RequestMetrics(routes, registry) }

  /// All metrics in Prometheus' text format.
  var text: String { registry.text }
}

/// Times of engine calls.
struct EngineCallMetrics: Sendable {
  /// Seconds that a call waited for its turn.
  let waits: Recorder
  /// Seconds that a call ran.
  let durations: Recorder

  init(_ registry: MetricsRegistry) {
    waits = registry.histogram(
      "imagine_engine_call_wait_seconds", "How long image calls waited for their turn.")
    durations = registry.histogram(
      "imagine_engine_call_duration_seconds", "How long image calls ran.")
  }
}

/// Counts and times the requests of each route.
struct RequestMetrics: Sendable {
  /// The metrics of one route.
  private struct Series: Sendable {
    /// By the first digit of the status.
    let answers: [Counter]
    let durations: Recorder

    init(method: String, route: String, _ registry: MetricsRegistry) {
      let labels = [("method", method), ("route", route)]
      answers = (1...5).map { digit in
        registry.counter(
          "imagine_http_requests_total", "Answered requests.",
          labels + [("status", "\(digit)xx")])
      }
      durations = registry.histogram(
        "imagine_http_request_duration_seconds",
        "Time from a request's head to the head of its answer.", labels)
    }
  }

  private let routes: [Series]
  private let unmatched: Series

  init(_ routes: [Route], _ registry: MetricsRegistry) {
    self.routes = routes.map {
      Series(method: $0.method.rawValue, route: $0.path, registry)
    }
    unmatched = Series(method: "other", route: "other", registry)
  }

  /// - Parameter route: its place in the list of routes; nil if the request has none.
  func record(route: Int?, status: Int, _ duration: Duration) {
    let series = route.map { routes[$0] } ?? unmatched
    series.answers[min(max(status / 100, 1), 5) - 1].increment()
    series.durations.record(duration.seconds)
  }
}

extension MetricsRegistry {
  /// Sets a number that is asked for when the metrics are read.
  func set(
    _ name: String, _ help: String, _ labels: [(String, String)] = [], to value: Double
  ) {
    meter(name, help, labels).set(value)
  }

  /// Sets a count that is kept elsewhere, in a registry that has none of it yet.
  func set(_ name: String, _ help: String, toCount count: Int) {
    counter(name, help).increment(by: count)
  }

  fileprivate func counter(
    _ name: String, _ help: String, _ labels: [(String, String)] = []
  ) -> Counter {
    defer { describe(name, help) }
    return Counter(label: name, dimensions: labels, factory: self)
  }

  fileprivate func meter(
    _ name: String, _ help: String, _ labels: [(String, String)] = []
  ) -> Meter {
    defer { describe(name, help) }
    return Meter(label: name, dimensions: labels, factory: self)
  }

  fileprivate func histogram(
    _ name: String, _ help: String, _ labels: [(String, String)] = []
  ) -> Recorder {
    defer { describe(name, help) }
    return Recorder(label: name, dimensions: labels, aggregate: true, factory: self)
  }
}
