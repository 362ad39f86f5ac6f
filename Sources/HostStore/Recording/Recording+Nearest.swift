import ImagineAPI

/// The error for a call that was not recorded.
extension Recording {
  /// Names the nearest recorded request and the differences.
  func missing(_ call: RecordedCall) throws -> ImagineError {
    guard let wanted = call.description else {
      return ImagineError(.validation, "\(call.title) is not in the recording \(path)")
    }
    let recorded = try requests()
    let candidates = recorded.filter { $0.description.operation == wanted.operation }
    let differences = (candidates.isEmpty ? recorded : candidates).map { request in
      Difference.all(
        between: request.description, wanted, providers: (request.provider, call.provider),
        counts: (request.count, call.count))
    }
    guard let nearest = differences.min(by: Difference.isNearer) else {
      return ImagineError(
        .validation, "\(wanted.operation) is not in the recording \(path), which holds no requests")
    }
    return ImagineError(
      .validation,
      "\(wanted.operation) is not in the recording \(path); the nearest recorded request differs in "
        + nearest.map(\.description).joined(separator: "; "),
      field: nearest.first?.field)
  }
}

/// A field in which two requests differ.
private struct Difference: CustomStringConvertible {
  let field: String
  let recorded: String?
  let wanted: String?

  static func all(
    between recorded: RequestDescription, _ wanted: RequestDescription,
    providers: (String, String), counts: (Int, Int)
  ) -> [Difference] {
    let ours = fields(of: wanted, provider: providers.1, count: counts.1)
    let theirs = fields(of: recorded, provider: providers.0, count: counts.0)
    return Set(ours.keys).union(theirs.keys).sorted().compactMap { field in
      ours[field] == theirs[field]
        ? nil : Difference(field: field, recorded: theirs[field], wanted: ours[field])
    }
  }

  /// A request as messages show it, by field name.
  private static func fields(
    of request: RequestDescription, provider: String, count: Int
  ) -> [String: String] {
    var fields = request.fields.mapValues(\.whole)
    fields.merge(
      request.images.mapValues { hashes in
        "the image \(hashes.map { $0.prefix(12) }.joined(separator: ", "))"
      }
    ) { $1 }
    for (name, value) in request.extra { fields["extra.\(name)"] = value.whole }
    fields["operation"] = request.operation
    fields["provider"] = provider
    if count > 1 { fields["n"] = String(count) }
    return fields
  }

  /// Fewer different fields are nearer; for equal numbers, fewer different characters.
  static func isNearer(_ one: [Difference], _ other: [Difference]) -> Bool {
    (one.count, one.reduce(0) { $0 + $1.distance })
      < (other.count, other.reduce(0) { $0 + $1.distance })
  }

  /// The number of characters outside the common prefix and suffix.
  private var distance: Int {
    guard let recorded, let wanted else { return 1000 }
    let start = zip(recorded, wanted).prefix { $0 == $1 }.count
    let shorter = min(recorded.count, wanted.count)
    let end = zip(recorded.reversed(), wanted.reversed()).prefix { $0 == $1 }.count
    return max(recorded.count, wanted.count) - start - min(end, shorter - start)
  }

  var description: String {
    "\(field): recorded \(Self.shown(recorded)), now \(Self.shown(wanted))"
  }

  private static func shown(_ value: String?) -> String {
    guard let value else { return "nothing" }
    return value.count > 120 ? "\(value.prefix(117))..." : value
  }
}

extension Value {
  /// The value as in a script, not shortened.
  fileprivate var whole: String {
    if case .text(let text) = self { "\"\(text)\"" } else { description }
  }
}
