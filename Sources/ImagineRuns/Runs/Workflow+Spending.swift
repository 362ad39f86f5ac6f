public import ImagineAPI

/// What calls cost, and what has been spent.
extension Workflow {
  /// The price of a call that is not made; nil if no price is known. Fields that do not change the
  /// price may be missing.
  ///
  /// - Throws: ``ImagineError`` of kind `validation`.
  public func estimate(_ call: Call) throws -> Price? {
    let profile = try (call.provider ?? provider(nil)).profile
    guard let operation = profile.operations.first(where: { $0.name == call.operation }) else {
      throw ImagineError.invalid(
        field: "operation", given: "\"\(call.operation)\"",
        expected: "one of: \(profile.operations.map(\.name).joined(separator: ", "))",
        allowed: profile.operations.map(\.name))
    }
    var call = call
    for field in operation.fields
    where call.fields[field.name] == nil && call.images[field.name] == nil {
      if field.maxImages > 0 {
        call.images[field.name] = [.bytes([])]
      } else if field.hostDefault == nil, case .required = field.presence,
        case .text = field.kind
      {
        call.fields[field.name] = .text("-")
      }
    }
    var request = try call.request(at: profile)
    request.count = call.count ?? 1
    return profile.prices.price(of: request)
  }

  /// What this run has spent: the number of calls, how many of them have no known price, and the
  /// amounts of the others, one per unit.
  public var spent: (calls: Int, unpriced: Int, amounts: [Price]) { budget.spent }

  /// Selects calls of the journal.
  public struct HistoryFilter: Sendable {
    /// The id of a run, or a prefix of it; nil for all runs.
    public var run: String?
    public var operation: String?
    public var provider: String?
    public var state: JournaledCall.State?
    /// The most calls; the newest count.
    public var limit = 100

    public init() {}
  }

  /// Calls in the journal, newest last.
  ///
  /// - Throws: ``ImagineError``.
  public func history(_ filter: HistoryFilter = HistoryFilter()) throws -> [JournaledCall] {
    try run.journaledCalls(of: filter.run).filter { call in
      (filter.operation ?? call.request.operation) == call.request.operation
        && (filter.provider ?? call.provider) == call.provider
        && (filter.state ?? call.state) == call.state
    }
    .suffix(max(0, filter.limit))
  }

  /// Paths of a call's files in the asset store.
  public func files(of call: JournaledCall) throws -> [String] {
    try call.results.compactMap { try assets.asset(sha256: $0.sha256)?.path }
  }

  /// Paths of the answers that were paid for, of those files that are composites.
  public func originals(of call: JournaledCall) throws -> [String] {
    try call.results.compactMap(\.original).compactMap {
      try assets.asset(sha256: $0.sha256)?.path
    }
  }
}
