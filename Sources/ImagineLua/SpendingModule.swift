import ImagineAPI
public import ImagineRuns
import Lua
import Synchronization

/// The functions of `imagine` about spending: `budget`, `spent`, `estimate` and `history`.
struct SpendingModule: Sendable {
  let workflow: Workflow

  /// Adds the functions to the module.
  func install(in state: LuaState, _ module: LuaTable) throws {
    try module.set(functions)
    let makeBudget = try state.load(Self.budget, name: ImagineModule.chunkName)
    let budget = try makeBudget.call(enter, leave).first
    try module.set("budget", to: budget ?? .nil)
  }

  /// The budget applies until its function returns or raises an error.
  private static let budget = """
    local enter, leave = ...
    local scope = {__close = leave}
    return function(limit, fn, ...)
      if type(fn) ~= "function" then
        error(("bad argument #2 to 'budget' (function expected, got %s)"):format(type(fn)), 2)
      end
      enter(limit)
      local inside <close> = setmetatable({}, scope)
      return fn(...)
    end
    """

  private var enter: LuaNativeFunction {
    LuaNativeFunction { call in
      let limit = try Budget.Limit(
        ScriptValue(call.value(1), "limit").anyValue(), field: "limit")
      call.state.taskContext = BudgetScope(
        limit: limit, within: call.state.taskContext as? BudgetScope)
      return .none
    }
  }

  private var leave: LuaNativeFunction {
    LuaNativeFunction { call in
      let scope = call.state.taskContext as? BudgetScope
      call.state.taskContext = scope?.outer
      return .none
    }
  }

  private var functions: KeyValuePairs<String, LuaNativeFunction> {
    [
      "spent": LuaNativeFunction { [workflow] call in
        try call.refuseArguments(after: 0, of: "spent")
        let spent = workflow.spent
        let table = try call.state.makeTable(fields: 4)
        try table.set("calls", to: spent.calls)
        try table.set("unpriced", to: spent.unpriced)
        for price in spent.amounts { try table.set(price.unit, to: price.luaAmount) }
        return try call.results(table)
      },
      "estimate": LuaNativeFunction { [workflow] call in
        let table = try call.state.makeTable(fields: 2)
        if let price = try workflow.estimate(Call(estimatedBy: call, in: workflow)) {
          try table.set("cost", to: price.luaAmount)
          try table.set("unit", to: price.unit)
        }
        return try call.results(table)
      },
      "history": LuaNativeFunction { [workflow] call in
        let options = try Options(
          call, 1, of: "history", allowed: ["run", "limit", "operation", "provider", "state"])
        let list = try call.state.makeTable(list: 16)
        for recorded in try workflow.history(Workflow.HistoryFilter(options)) {
          let table = try recorded.table(in: call.state, files: workflow.files(of: recorded))
          let originals = try workflow.originals(of: recorded)
          if !originals.isEmpty {
            try table.set("originals", to: call.state.makeTable(of: originals))
          }
          try list.append(table)
        }
        return try call.results(list)
      },
    ]
  }
}

extension Price {
  /// A whole amount as an integer, another one as a float.
  var luaAmount: LuaValue {
    millionths % 1_000_000 == 0 ? .integer(millionths / 1_000_000) : .number(amount)
  }
}

extension Budget.Limit {
  /// Reads a number of tokens, or a table of one unit and `calls`: `{ USD = 2.5, calls = 10 }`.
  init(_ setting: Value, field: String) throws(ImagineError) {
    self.init()
    switch setting {
    case .integer, .number:
      price = try Self.amount(setting.double ?? 0, Price.tokens, field)
    case .text(let text): self = try Budget.Limit(amount: text, field: field)
    case .table(let members):
      for (unit, value) in members.sorted(by: { $0.key < $1.key }) {
        guard let number = value.double else {
          throw .invalid(
            field: "\(field).\(unit)", given: "a value that is not a number", expected: "a number")
        }
        if unit == "calls" {
          guard let count = Int(exactly: number), count >= 0 else {
            throw .invalid(
              field: "\(field).calls", given: String(number), expected: "a whole number from 0")
          }
          calls = count
        } else if price == nil {
          price = try Self.amount(number, unit, "\(field).\(unit)")
        } else {
          throw ImagineError(
            .validation, "field '\(field)': a budget has one unit; units are never added",
            field: field)
        }
      }
    default:
      throw .invalid(
        field: field, given: "another value",
        expected: SettingField.budget.expectation)
    }
  }

  private static func amount(
    _ amount: Double, _ unit: String, _ field: String
  ) throws(ImagineError) -> Price {
    guard amount >= 0, amount < 1e12 else {
      throw .invalid(field: field, given: String(amount), expected: "a number from 0")
    }
    return Price(millionths: Int64((amount * 1_000_000).rounded()), unit: unit)
  }
}

extension Call {
  /// Reads the fields that a script gives to `imagine.estimate`, and `operation` (`generate` by
  /// default).
  fileprivate init(estimatedBy call: borrowing LuaCall, in workflow: Workflow) throws {
    try self.init(call, 1, of: MediaOperation.generate.name, in: workflow) { fields in
      try fields.removeValue(forKey: "operation")?.text() ?? MediaOperation.generate.name
    }
  }
}

extension Workflow.HistoryFilter {
  fileprivate init(_ options: Options) throws {
    self.init()
    operation = try options.text("operation")
    provider = try options.text("provider")
    run = try options.text("run")
    limit = try options.integer("limit", in: 1...1_000_000) ?? limit
    guard let name = try options.text("state") else { return }
    guard let state = JournaledCall.State(rawValue: name) else {
      let names = JournaledCall.State.allCases.map(\.rawValue)
      throw ImagineError.invalid(
        field: "state", given: "\"\(name)\"",
        expected: "one of: \(names.joined(separator: ", "))", allowed: names)
    }
    self.state = state
  }
}

extension JournaledCall {
  fileprivate func table(in state: LuaState, files: [String]) throws -> LuaTable {
    let table = try state.makeTable(fields: 16)
    try table.set("run", to: run)
    try table.set("operation", to: request.operation)
    try table.set("provider", to: provider)
    try table.set("state", to: self.state.rawValue)
    try table.set("charged", to: charged.rawValue)
    try table.set("prompt", to: request.prompt)
    try table.set("style", to: request.styleOrModel)
    try table.set("seed", to: request.seed)
    try table.set("cost", to: cost?.luaAmount)
    try table.set("unit", to: cost?.unit)
    try table.set("job", to: job)
    try table.set("error", to: error)
    try table.set("began_at", to: beganAt)
    try table.set("duration", to: duration)
    try table.set("files", to: state.makeTable(of: files))
    return table
  }
}

extension LuaState {
  fileprivate func makeTable(of texts: [String]) throws -> LuaTable {
    let list = try makeTable(list: texts.count)
    for text in texts { try list.append(text) }
    return list
  }
}
