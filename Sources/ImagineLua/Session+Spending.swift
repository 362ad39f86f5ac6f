import ImagineCore
import Lua
import Synchronization

/// What a call's cost is counted against.
struct Spending: Sendable {
  /// The run's, and those of the parts of the script that the call is made in.
  private let budgets: [Budget]
  private let allowsUnpriced: Bool

  /// The budgets of the task that runs now.
  ///
  /// - Parameter state: nil for a call that no script makes.
  init(in state: LuaState?, _ session: Session) {
    var budgets = [session.budget]
    var scope = state?.taskContext as? BudgetScope
    while let inner = scope {
      budgets.append(inner.budget)
      scope = inner.outer
    }
    self.budgets = budgets
    allowsUnpriced = session.defaults.withLock { $0.allowsUnpriced }
  }

  /// Sets aside what a call may cost in each budget, or in none.
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

  /// Counts the sends of a call that earlier attempts of the run made, as those did: in the budgets
  /// of parts of the script. The run's own has counted them when the run was resumed.
  func count(_ earlier: JournaledCall) {
    for budget in budgets.dropFirst() {
      for send in earlier.sends { budget.count(send.price) }
    }
  }

  func release(_ price: Price?) {
    for budget in budgets { budget.release(price) }
  }
}

/// A part of a script with a budget of its own: `imagine.budget(20, function() … end)`. Tasks that
/// are made in it are in it too.
final class BudgetScope {
  let budget: Budget
  let outer: BudgetScope?

  init(_ budget: Budget, in outer: BudgetScope?) {
    self.budget = budget
    self.outer = outer
  }
}

extension Session {
  /// Makes a call under its budgets and keeps in the journal how it failed.
  func billed<Value: Sendable>(
    _ call: OpenCall, _ price: Price?, _ body: @Sendable () async throws -> Value
  ) async throws -> Value {
    do {
      try call.reserve(price)
      return try await body()
    } catch let error as ImagineError {
      throw try await call.failed(error)
    } catch is CancellationError {
      throw try await call.failed(ImagineError(.cancelled, "the call was cancelled"))
    }
  }
}
