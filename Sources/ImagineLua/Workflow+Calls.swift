import ImagineAPI
import ImagineRuns
import ImagineSystem
import Lua
import Synchronization

extension Workflow {
  /// The asynchronous part of a script's call of an operation.
  ///
  /// The call is billed. If its task is cancelled after the send, the call continues in the
  /// background until its answer is stored; a call that was not sent yet is not sent.
  ///
  /// - Parameters:
  ///   - name: the operation's name.
  ///   - argument: position of the prompt or the table of fields.
  ///   - image: the image whose method was called; nil for a function.
  ///   - provider: the provider of the client; nil for the call's own or the default one.
  func asyncCall(
    of name: String, _ call: borrowing LuaCall, argument: Int, image: Image? = nil,
    provider: (any Provider)? = nil
  ) throws -> LuaAsyncCall {
    let fields = try CallFields(
      call, argument, of: name, image: image, defaults: defaults.withLock { $0 })
    let provider = try provider ?? self.provider(fields.provider)
    let request = try fields.request(of: name, at: provider)
    let prepared = try prepare(
      request, at: provider, options: fields.callOptions, count: fields.count,
      usesCache: fields.usesCache, scopes: BudgetScope.budgets(in: call.state))
    try ProcessLimits.checkBeforeFirstCall()
    let title = request.operation.title
    switch request.operation.answer {
    case .job:
      return LuaAsyncCall(whenCancelled: .stopInBackground, purpose: title) {
        try await self.submit(prepared)
      }
    case .image:
      let returnsList = fields.count != nil
      return LuaAsyncCall(whenCancelled: .stopInBackground, purpose: title) {
        try await self.generate(prepared)
      } completion: { state, images in
        returnsList ? try state.results(images) : try state.results(images.first)
      }
    }
  }

  /// The content of an asset as a Lua string; counts against the script's memory limit while it is
  /// read.
  func luaString(of asset: Asset, in state: LuaState) throws -> LuaString {
    let memory = try state.reserve(bytes: asset.byteCount)
    defer { memory.release() }
    return LuaString(try content(of: asset))
  }
}

/// A part of a script with its own budget: `imagine.budget(20, function() … end)`. Tasks that are
/// created in it belong to it.
final class BudgetScope {
  let budget: Budget
  let outer: BudgetScope?

  init(_ budget: Budget, in outer: BudgetScope?) {
    self.budget = budget
    self.outer = outer
  }

  /// The budgets of the running task, innermost first.
  static func budgets(in state: LuaState) -> [Budget] {
    var budgets: [Budget] = []
    var scope = state.taskContext as? BudgetScope
    while let inner = scope {
      budgets.append(inner.budget)
      scope = inner.outer
    }
    return budgets
  }
}
