import CoreMetrics
import Synchronization

/// The metrics of a service, in memory.
///
/// A factory of its own and not the process's, so that each service in a process has its own numbers.
final class MetricsRegistry: MetricsFactory {
  /// A metric, with a series for each combination of labels.
  private struct Family {
    let kind: MetricKind
    var help = ""
    var series: [String: any MetricValue] = [:]
  }

  /// Ranges of durations in seconds, from a health check to a video.
  static let durations = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120,
  ]
  /// Series of one metric. More are not kept, so that no label can fill the memory.
  static let maxSeries = 1000

  private let families = Mutex<[String: Family]>([:])

  /// Says what a metric counts.
  func describe(_ name: String, _ help: String) {
    families.withLock { $0[PrometheusText.validName(name)]?.help = help }
  }

  /// All metrics in Prometheus' text format.
  var text: String {
    let families = families.withLock { $0 }
    var text = PrometheusText()
    for (name, family) in families.sorted(by: { $0.key < $1.key }) {
      let series = family.series.filter { $0.key.isEmpty || $0.value.isSet }
      guard !series.isEmpty else { continue }
      text.begin(name, family.kind, help: family.help)
      for (labels, value) in series.sorted(by: { $0.key < $1.key }) {
        value.write(name, labels, to: &text)
      }
    }
    return text.text
  }

  /// The series with these labels. Of a metric with another type or too many series, one that is
  /// nowhere written.
  private func value<Value: MetricValue>(
    _ label: String, _ dimensions: [(String, String)], _ make: () -> Value
  ) -> Value {
    let labels = PrometheusText.labels(dimensions)
    return families.withLock { families in
      let name = PrometheusText.validName(label)
      var family = families[name] ?? Family(kind: Value.kind)
      if let existing = family.series[labels] as? Value { return existing }
      let value = make()
      guard family.kind == Value.kind, family.series.count < Self.maxSeries else { return value }
      family.series[labels] = value
      families[name] = family
      return value
    }
  }

  private func remove(_ handler: AnyObject) {
    families.withLock { families in
      families = families.mapValues { family in
        var family = family
        family.series = family.series.filter { $0.value !== handler }
        return family
      }
    }
  }

  func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    value(label, dimensions) { CounterValue() }
  }

  func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    value(label, dimensions) { GaugeValue() }
  }

  func makeRecorder(
    label: String, dimensions: [(String, String)], aggregate: Bool
  ) -> any RecorderHandler {
    guard aggregate else { return value(label, dimensions) { GaugeValue() } }
    return value(label, dimensions) { HistogramValue(bounds: Self.durations) }
  }

  func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    value(label, dimensions) { HistogramValue(bounds: Self.durations) }
  }

  func destroyCounter(_ handler: any CounterHandler) { remove(handler) }

  func destroyMeter(_ handler: any MeterHandler) { remove(handler) }

  func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }

  func destroyTimer(_ handler: any TimerHandler) { remove(handler) }
}
