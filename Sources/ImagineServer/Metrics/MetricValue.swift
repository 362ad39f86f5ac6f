import CoreMetrics
import Synchronization

/// The value of one series: a metric with certain labels.
protocol MetricValue: AnyObject, Sendable {
  static var kind: MetricKind { get }

  /// Whether it was ever set. A series with labels appears with its first value.
  var isSet: Bool { get }

  /// Writes the series' samples.
  func write(_ name: String, _ labels: String, to text: inout PrometheusText)
}

/// The types of Prometheus' text format that are used here.
enum MetricKind: String {
  case counter, gauge, histogram
}

/// A number that only rises.
final class CounterValue: MetricValue, CounterHandler {
  static let kind = MetricKind.counter
  private let count = Atomic<Int64>(0)

  var isSet: Bool { count.load(ordering: .relaxed) != 0 }

  func increment(by amount: Int64) {
    if amount > 0 { count.wrappingAdd(amount, ordering: .relaxed) }
  }

  func reset() { count.store(0, ordering: .relaxed) }

  func write(_ name: String, _ labels: String, to text: inout PrometheusText) {
    text.sample(name, labels, Double(count.load(ordering: .relaxed)))
  }
}

/// A number that rises and falls.
final class GaugeValue: MetricValue, MeterHandler, RecorderHandler {
  static let kind = MetricKind.gauge
  private let value = Mutex<Double?>(nil)

  var isSet: Bool { value.withLock { $0 != nil } }

  func set(_ value: Int64) { set(Double(value)) }

  func set(_ value: Double) { self.value.withLock { $0 = value } }

  func increment(by amount: Double) { value.withLock { $0 = ($0 ?? 0) + amount } }

  func decrement(by amount: Double) { increment(by: -amount) }

  func record(_ value: Int64) { set(value) }

  func record(_ value: Double) { set(value) }

  func write(_ name: String, _ labels: String, to text: inout PrometheusText) {
    text.sample(name, labels, value.withLock { $0 } ?? 0)
  }
}

/// How often values fell into each of some ranges.
final class HistogramValue: MetricValue, RecorderHandler, TimerHandler {
  private struct State {
    /// By range; the last one has no upper bound.
    var counts: [Int]
    var sum = 0.0
  }

  static let kind = MetricKind.histogram
  /// Upper bounds of the ranges, ascending.
  private let bounds: [Double]
  private let state: Mutex<State>

  init(bounds: [Double]) {
    self.bounds = bounds
    state = Mutex(State(counts: [Int](repeating: 0, count: bounds.count + 1)))
  }

  var isSet: Bool { state.withLock { $0.counts.contains { $0 > 0 } } }

  func record(_ value: Int64) { record(Double(value)) }

  func record(_ value: Double) {
    // A value that is no number would make the sum one too, for ever.
    guard value.isFinite else { return }
    let range = bounds.firstIndex { value <= $0 } ?? bounds.count
    state.withLock { state in
      state.counts[range] += 1
      state.sum += value
    }
  }

  func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

  func write(_ name: String, _ labels: String, to text: inout PrometheusText) {
    let state = state.withLock { $0 }
    let prefix = labels.isEmpty ? "" : labels + ","
    var count = 0
    for (bound, inRange) in zip(bounds + [.infinity], state.counts) {
      count += inRange
      text.sample(
        "\(name)_bucket", "\(prefix)le=\"\(PrometheusText.number(bound))\"", Double(count))
    }
    text.sample("\(name)_sum", labels, state.sum)
    text.sample("\(name)_count", labels, Double(count))
  }
}
