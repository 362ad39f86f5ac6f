import ImagineAPI
import Synchronization

/// The budgets that a call counts against: the run's, and those of the parts of the script that
/// make the call.
struct CallBudgets: Sendable {
  private let budgets: [Budget]
  private let allowsUnpriced: Bool

  fileprivate init(_ budgets: [Budget], allowsUnpriced: Bool) {
    self.budgets = budgets
    self.allowsUnpriced = allowsUnpriced
  }

  /// Reserves the price of a call in every budget, or in none.
  func reserve(_ price: Price?) throws(ImagineError) {
    for (index, budget) in budgets.enumerated() {
      do {
        try budget.reserve(price, allowsUnpriced: allowsUnpriced)
      } catch {
        for earlier in budgets[..<index] { earlier.release(price) }
        throw error
      }
    }
  }

  /// Counts the sends that earlier attempts of the run made, in the budgets of parts of the script.
  /// The run's own budget has counted them when the run was resumed.
  func count(_ earlier: JournaledCall) {
    for budget in budgets.dropFirst() {
      for send in earlier.sends { budget.count(send.price) }
    }
  }

  func release(_ price: Price?) {
    for budget in budgets { budget.release(price) }
  }

  /// Replaces a reserved price by what the service billed.
  func settle(_ reserved: Price?, as price: Price) {
    guard reserved != price else { return }
    for budget in budgets {
      budget.release(reserved)
      budget.count(price)
    }
  }
}

extension Workflow {
  func budgets(_ scope: BudgetScope? = nil) -> CallBudgets {
    CallBudgets(
      [budget] + (scope?.budgets ?? []), allowsUnpriced: defaults.withLock { $0.allowsUnpriced })
  }

  /// Reserves a call's price if a person allows it, runs `body` and journals its failure.
  func withReservation<Value: Sendable>(
    _ call: CallEntry, _ price: Price?, _ body: @Sendable () async throws -> Value
  ) async throws -> Value {
    do {
      if let price, let approval { try await approval.approve(price, after: budget.spent.amounts) }
      try call.reserve(price)
      return try await body()
    } catch let error as ImagineError {
      throw try await call.recordFailure(error)
    } catch is CancellationError {
      throw try await call.recordFailure(ImagineError(.cancelled, "the call was cancelled"))
    }
  }
}
