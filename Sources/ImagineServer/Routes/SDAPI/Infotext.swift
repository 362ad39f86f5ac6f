import ImagineAPI

/// How an image was made, in the form of A1111: the prompt, and behind it a line of parameters.
///
/// ```
/// a red boat on a lake
/// Seed: 7, Size: 640x480, Model: flux-1, Version: imagine-engine-7
/// ```
struct Infotext: CustomStringConvertible {
  var prompt: String
  var seed: Int64
  var size: PixelSize
  var model: String
  /// The engine's version.
  var version: String

  /// The keyword of the text in a PNG.
  static let keyword = "parameters"

  var description: String {
    "\(prompt)\nSeed: \(seed), Size: \(size), Model: \(model), Version: \(version)"
  }

  private static let negative = "Negative prompt: "

  /// The parameters in a text that some program wrote.
  static func parameters(in text: String) -> Value {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    var parameters: [String: Value] = [:]
    if let last = lines.last, let pairs = pairs(in: last) {
      parameters = pairs
      lines.removeLast()
    }
    let start = lines.firstIndex { $0.hasPrefix(negative) } ?? lines.endIndex
    parameters["Prompt"] = .text(lines[..<start].joined(separator: "\n").trimmed)
    parameters["Negative prompt"] = .text(
      lines[start...].joined(separator: "\n").dropFirst(negative.count).trimmed)
    return .table(parameters)
  }

  /// The pairs of a line such as `Steps: 20, Model: "a, b"`; nil if it is none. As in A1111, three
  /// pairs tell that it is.
  private static func pairs(in line: String) -> [String: Value]? {
    var pairs: [String: Value] = [:]
    var rest = line[...]
    while let colon = rest.firstIndex(of: ":") {
      let name = rest[..<colon].trimmed
      rest = rest[rest.index(after: colon)...].drop { $0 == " " }
      guard !name.isEmpty, !name.contains(",") else { return nil }
      if rest.first == "\"", let end = rest.dropFirst().firstIndex(of: "\"") {
        pairs[name] = .text(String(rest[rest.index(after: rest.startIndex)..<end]))
        rest = rest[rest.index(after: end)...]
      } else {
        let value = rest.prefix { $0 != "," }
        pairs[name] = .text(value.trimmed)
        rest = rest[value.endIndex...]
      }
      rest = rest.drop { $0 == "," || $0 == " " }
    }
    return rest.isEmpty && pairs.count >= 3 ? pairs : nil
  }
}
