public import ImagineAPI

/// A part of a program with its own budget, within the run's and within those of the parts around
/// it.
///
/// ```swift
/// let scope = BudgetScope(limit: Budget.Limit(price: .tokens(20)))
/// let image = try await workflow.generate("a boat", in: scope)
/// ```
public final class BudgetScope: Sendable {
  public let budget: Budget
  /// The part around this one; nil for none.
  public let outer: BudgetScope?

  public init(limit: Budget.Limit, within outer: BudgetScope? = nil) {
    budget = Budget(of: "this part of the script", limit: limit)
    self.outer = outer
  }

  /// The budgets of this part and those around it, innermost first.
  var budgets: [Budget] { [budget] + (outer?.budgets ?? []) }
}
