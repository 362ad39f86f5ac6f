import ImagineCore

/// What to say of a call that was not recorded.
extension Recording {
  /// A call that is not in the recording: names the nearest request that is, and what differs.
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

/// A field that two requests differ in.
private struct Difference: CustomStringConvertible {
  let field: String
  let recorded: String?
  let wanted: String?

  static func all(
    between recorded: RequestDescription, _ wanted: RequestDescription,
    providers: (String, String), counts: (Int, Int)
  ) -> [Difference] {
    let ours = facts(of: wanted, provider: providers.1, count: counts.1)
    let theirs = facts(of: recorded, provider: providers.0, count: counts.0)
    return Set(ours.keys).union(theirs.keys).sorted().compactMap { field in
      ours[field] == theirs[field]
        ? nil : Difference(field: field, recorded: theirs[field], wanted: ours[field])
    }
  }

  /// A request by the names of its fields, as messages show them.
  private static func facts(
    of request: RequestDescription, provider: String, count: Int
  ) -> [String: String] {
    var facts = request.fields.mapValues(\.quoted)
    facts.merge(request.pictures.mapValues { "the picture \($0.prefix(12))" }) { $1 }
    for (name, value) in request.extra { facts["extra.\(name)"] = value.quoted }
    facts["operation"] = request.operation
    facts["provider"] = provider
    if count > 1 { facts["n"] = String(count) }
    return facts
  }

  /// Fewer fields that differ are nearer; of as many, those that differ in fewer characters.
  static func isNearer(_ one: [Difference], _ other: [Difference]) -> Bool {
    (one.count, one.reduce(0) { $0 + $1.distance })
      < (other.count, other.reduce(0) { $0 + $1.distance })
  }

  /// How many characters are not in the common beginning and end.
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

extension RequestDescription.Scalar {
  fileprivate var quoted: String {
    if case .text(let text) = self { "\"\(text)\"" } else { description }
  }
}
