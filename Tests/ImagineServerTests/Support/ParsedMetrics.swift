import Testing

/// Metrics in Prometheus' text format, read strictly by its specification.
struct ParsedMetrics {
  /// One line with a value.
  struct Sample {
    let name: String
    let labels: [String: String]
    let value: Double
  }

  struct Malformed: Error {
    let line: String
  }

  private(set) var types: [String: String] = [:]
  private(set) var samples: [Sample] = []

  /// - Throws: ``Malformed`` for a line that is none of the format, for a sample outside of its
  ///   metric's group, and for a sample that occurs twice.
  init(_ text: String) throws {
    try #require(text.hasSuffix("\n"))
    var group = ""
    var seen: Set<String> = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
      if let match = line.wholeMatch(of: /# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) .+/) {
        group = String(match.1)
      } else if let match = line.wholeMatch(
        of: /# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)/)
      {
        group = String(match.1)
        guard types.updateValue(String(match.2), forKey: group) == nil else {
          throw Malformed(line: String(line))
        }
      } else {
        let sample = try Self.sample(line)
        let name =
          types[group] == "histogram"
          ? sample.name.replacing(/_(bucket|sum|count)$/, with: "") : sample.name
        guard name == group, seen.insert(String(line.prefix { $0 != " " })).inserted else {
          throw Malformed(line: String(line))
        }
        samples.append(sample)
      }
    }
    try checkHistograms()
  }

  private static func sample(_ line: Substring) throws -> Sample {
    guard let match = line.wholeMatch(of: /([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(.*)\})? (\S+)/),
      let value = match.4 == "+Inf" ? .infinity : Double(match.4)
    else { throw Malformed(line: String(line)) }
    var labels: [String: String] = [:]
    var rest = match.3 ?? ""
    while !rest.isEmpty {
      guard let label = rest.prefixMatch(of: /([a-zA-Z_][a-zA-Z0-9_]*)="((\\["\\n]|[^"\\])*)",?/)
      else { throw Malformed(line: String(line)) }
      labels[String(label.1)] = String(label.2)
      rest = rest[label.range.upperBound...]
    }
    return Sample(name: String(match.1), labels: labels, value: value)
  }

  /// The counts of a histogram never fall, end with +Inf, and agree with `_count`.
  private func checkHistograms() throws {
    for (name, _) in types.filter({ $0.value == "histogram" }) {
      for count in samples where count.name == "\(name)_count" {
        let buckets = samples.filter { sample in
          sample.name == "\(name)_bucket"
            && sample.labels.filter { $0.key != "le" } == count.labels
        }
        let bounds = buckets.map { $0.labels["le"].flatMap { Double($0) } ?? .infinity }
        #expect(bounds == bounds.sorted())
        #expect(buckets.last?.labels["le"] == "+Inf")
        #expect(buckets.map(\.value) == buckets.map(\.value).sorted())
        #expect(buckets.last?.value == count.value)
        let sum = try #require(
          samples.first { $0.name == "\(name)_sum" && $0.labels == count.labels })
        #expect(count.value > 0 || sum.value == 0)
      }
    }
  }

  /// The value of a sample with these labels; nil if there is none.
  func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
    samples.first { $0.name == name && $0.labels == labels }?.value
  }
}
