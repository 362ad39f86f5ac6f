/// Writes metrics in Prometheus' text format, version 0.0.4.
struct PrometheusText {
  static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

  private(set) var text = ""

  /// Begins a metric. Its samples follow.
  mutating func begin(_ name: String, _ kind: MetricKind, help: String) {
    if !help.isEmpty {
      text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n"
    }
    text += "# TYPE \(name) \(kind.rawValue)\n"
  }

  /// - Parameter labels: as ``labels(_:)`` writes them.
  mutating func sample(_ name: String, _ labels: String, _ value: Double) {
    text += labels.isEmpty ? name : "\(name){\(labels)}"
    text += " \(Self.number(value))\n"
  }

  /// `method="GET",status="2xx"`.
  static func labels(_ labels: [(String, String)]) -> String {
    labels.map { "\(validName($0))=\"\(escaped($1, quotes: true))\"" }.joined(separator: ",")
  }

  static func number(_ value: Double) -> String {
    switch value {
    case .infinity: "+Inf"
    case -.infinity: "-Inf"
    case _ where value.isNaN: "NaN"
    case _ where value == value.rounded() && abs(value) < 1e15: String(Int64(value))
    default: String(value)
    }
  }

  /// A name of the format: letters, digits and underscores, of which no digit is the first.
  static func validName(_ name: String) -> String {
    let valid = String(
      name.map { character in
        character.isASCII && (character.isLetter || character.isNumber) ? character : "_"
      })
    return valid.first.map { $0.isNumber } ?? true ? "_" + valid : valid
  }

  private static func escaped(_ text: String, quotes: Bool) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": escaped += "\\\\"
      case "\n": escaped += "\\n"
      case "\"" where quotes: escaped += "\\\""
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
