import Lua

/// The locals of earlier statements. Each lives in an upvalue of a function, so that closures over it
/// and later statements share one variable.
///
/// Belongs to the Lua thread.
struct SessionLocals {
  struct Variable {
    /// A function whose upvalue at `position` is the variable.
    var holder: LuaFunction
    var position: Int
    var isConstant: Bool
  }

  /// Lua allows 200 locals in a function, and the wrapper has one of its own.
  static let limit = 190

  private(set) var variables: [String: Variable] = [:]
  /// The names of results: `_` is the last, `___` the third to last.
  static let resultNames = ["_", "__", "___"]
  private var cellMaker: LuaFunction?

  var names: [String] { variables.keys.sorted() }

  /// The value of a variable, for completion.
  func value(_ name: String) -> LuaValue? {
    guard let variable = variables[name] else { return nil }
    return (try? variable.holder.upvalue(variable.position)) ?? nil
  }

  /// Makes a variable of a value.
  mutating func set(_ name: String, to value: LuaValue, isConstant: Bool, _ state: LuaState) throws
  {
    let maker = try cellMaker ?? state.load("local v = ... return function() return v end")
    cellMaker = maker
    guard case .function(let holder)? = try maker.call([value]).first else { return }
    variables[name] = Variable(holder: holder, position: 1, isConstant: isConstant)
  }

  mutating func set(_ name: String, to variable: Variable) {
    variables[name] = variable
  }

  /// Keeps the results of an expression.
  mutating func noteResult(_ value: LuaValue, _ state: LuaState) throws {
    for (newer, older) in [("__", "___"), ("_", "__")] {
      if let variable = variables[newer] { variables[older] = variable }
    }
    try set("_", to: value, isConstant: false, state)
  }
}
