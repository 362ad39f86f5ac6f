public import ImagineAPI

/// Decides about calls that cost more than a person has allowed so far.
public protocol SpendingApproval: Sendable {
  /// Returns when a call may be made.
  ///
  /// - Parameter spent: the amounts of the run's calls with this one, one per unit.
  /// - Throws: ``ImagineError`` of kind `budget` if it may not.
  func approve(_ price: Price, of spent: [Price]) async throws
}

/// Asks a person before the calls of a session cost more than an amount together, and again before
/// they cost as much more.
public actor AskingApproval: SpendingApproval {
  private let step: Price
  /// Millionths of the unit of ``step``.
  private var allowed: Int64
  /// The question that is open.
  private var question: Task<Bool, Never>?
  /// False if the answer is no; nil if there is nobody to ask.
  private let ask: @Sendable (String) async -> Bool?

  public init(above step: Price, ask: @escaping @Sendable (String) async -> Bool?) {
    self.step = step
    allowed = step.millionths
    self.ask = ask
  }

  public func approve(_ price: Price, of spent: [Price]) async throws {
    guard price.unit == step.unit, price.millionths > 0 else { return }
    let total = spent.first { $0.unit == step.unit }?.millionths ?? 0
    // One question at a time; its answer may serve this call too.
    while let question { _ = await question.value }
    guard total > allowed else { return }
    let limit = Price(millionths: allowed, unit: step.unit)
    let text = "a call of \(price) takes this session beyond \(limit); make it?"
    let task = Task { [ask] in await ask(text) ?? true }
    question = task
    let isAllowed = await task.value
    question = nil
    guard isAllowed else {
      throw ImagineError(.budget, "you did not allow the session to spend more than \(limit)")
    }
    while allowed < total, step.millionths > 0 {
      let (next, isOver) = allowed.addingReportingOverflow(step.millionths)
      allowed = isOver ? .max : next
    }
    if step.millionths == 0 { allowed = max(allowed, total) }
  }
}
