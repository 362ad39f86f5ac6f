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

  /// Reserves the price of a call in every budget, or in none. Waits while it fits only after calls
  /// in flight have ended; it holds no reservation meanwhile.
  func reserve(_ price: Price?) async throws {
    while let (budget, endings) = try reserveUnlessFull(price) {
      try await budget.endOfCall(after: endings)
    }
  }

  /// - Returns: the budget to wait for; nil if the price is reserved.
  private func reserveUnlessFull(_ price: Price?) throws(ImagineError) -> (Budget, Int)? {
    for (index, budget) in budgets.enumerated() {
      switch budget.reserve(price, allowsUnpriced: allowsUnpriced) {
      case .reserved: continue
      case .mustWait(let endings):
        withdraw(price, from: budgets[..<index])
        return (budget, endings)
      case .refused(let error):
        withdraw(price, from: budgets[..<index])
        throw error
      }
    }
    return nil
  }

  private func withdraw(_ price: Price?, from budgets: ArraySlice<Budget>) {
    for budget in budgets { budget.release(price) }
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

  /// Replaces the reservation of a call in flight by what it was, or may have been, billed.
  func settle(_ reserved: Price?, as price: Price?) {
    for budget in budgets { budget.settle(reserved, as: price) }
  }

  /// Replaces what is counted for a send that is not in flight; nil if it was not billed.
  func replace(_ counted: Price?, by price: Price??) {
    for budget in budgets { budget.replace(counted, by: price) }
  }
}

extension Workflow {
  func budgets(_ scope: BudgetScope? = nil) -> CallBudgets {
    CallBudgets(
      [budget] + (scope?.budgets ?? []), allowsUnpriced: defaults.withLock { $0.allowsUnpriced })
  }

  /// Reserves a call's price, asks a person where that is wanted, runs `body` and journals its
  /// failure.
  func withReservation<Value: Sendable>(
    _ call: CallEntry, _ price: Price?, _ body: @Sendable () async throws -> Value
  ) async throws -> Value {
    do {
      try await call.reserve(price)
      // After the reservation: of calls at the same time each counts the others.
      if let price, let approval { try await approval.approve(price, of: budget.spent.amounts) }
      return try await body()
    } catch let error as ImagineError {
      throw try await call.recordFailure(error)
    } catch is CancellationError {
      throw try await call.recordFailure(ImagineError(.cancelled, "the call was cancelled"))
    }
  }
}
