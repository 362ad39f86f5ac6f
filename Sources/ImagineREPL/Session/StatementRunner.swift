import Lua

/// Compiles and runs statements so that their locals go on living.
///
/// A statement that declares locals or uses those of earlier ones is compiled inside a function:
///
/// ```lua
/// local a local b local k return function(...) STATEMENT
/// ;k = function() return a, b, new end
/// end, function() return k end
/// ```
///
/// Then `a` and `b` of the function are joined with the session's variables, and after it has run the
/// upvalues of `k` are the new ones.
///
/// `@unchecked Sendable`: it belongs to the Lua thread.
final class StatementRunner: @unchecked Sendable {
  var locals = SessionLocals()
  private(set) var count = 0
  /// The text of each statement, for errors in functions that it defined.
  private(set) var sources: [Int: String] = [:]

  struct Outcome: Sendable {
    /// The values of an expression.
    var values: [LuaValue] = []
    var isExpression = false
    /// Something to tell the user.
    var note: String?
  }

  private struct Compiled {
    var function: LuaFunction
    /// Returns the function that captures the locals.
    var capture: LuaFunction?
    var names: [String] = []
    var note: String?
  }

  static func chunkName(_ number: Int) -> String { "=statement \(number)" }

  /// - Throws: ``LuaError``.
  func run(_ source: String, _ state: LuaState) throws -> Outcome {
    count += 1
    sources[count] = source
    if sources.count > 1000 { sources[count - 1000] = nil }
    let text = source.hasPrefix("=") ? "return \(source.dropFirst())" : source
    let name = Self.chunkName(count)
    var outcome = Outcome()
    let body: String
    if (try? state.load("return \(text)", name: name)) != nil {
      body = "return \(text)"
      outcome.isExpression = true
    } else {
      body = text
      _ = try state.load(text, name: name)
    }
    let outline = StatementOutline(body)
    let compiled = try compile(body, outline, name, state)
    outcome.note = compiled.note
    do {
      outcome.values = try compiled.function.callKeepingLocals()
    } catch {
      try keepValues(outline, state)
      throw error
    }
    if let capture = compiled.capture, !outline.declarations.isEmpty {
      outcome.note = try keep(outline, compiled.names, capture, state) ?? outcome.note
    }
    if outcome.isExpression, let first = outcome.values.first {
      try locals.noteResult(first, state)
    }
    return outcome
  }

  // MARK: Compiling

  private func compile(
    _ source: String, _ outline: StatementOutline, _ name: String, _ state: LuaState
  ) throws -> Compiled {
    let used = Array(
      locals.variables.keys.filter { outline.names.contains($0) }.sorted()
        .prefix(SessionLocals.limit))
    let declared = outline.declarations.map(\.name)
    guard !used.isEmpty || !declared.isEmpty else {
      return Compiled(function: try state.load(source, name: name))
    }
    let names = Array((used.filter { !declared.contains($0) } + declared).prefix(200))
    let hidden = Self.unusedName(outline.names)
    do {
      return try wrap(
        source, outline, used: used, names: names, hidden: hidden, captures: true, name, state)
    } catch let error as LuaError where Self.isOfWrapping(error) {
      // Legal Lua that is not legal inside the wrapper.
      var compiled = try wrap(
        source, outline, used: used, names: [], hidden: hidden, captures: false, name, state)
      if !declared.isEmpty { compiled.note = "the locals of this statement are not kept" }
      return compiled
    }
  }

  private static func isOfWrapping(_ error: LuaError) -> Bool {
    error.message.contains("jumps into the scope") || error.message.contains("too many")
      || error.message.contains("more than")
  }

  private static func unusedName(_ names: Set<String>) -> String {
    var name = "k"
    while names.contains(name) { name += "k" }
    return name
  }

  private func wrap(
    _ source: String, _ outline: StatementOutline, used: [String], names: [String], hidden: String,
    captures: Bool, _ chunkName: String, _ state: LuaState
  ) throws -> Compiled {
    var text = used.map { name in
      locals.variables[name]?.isConstant == true ? "local \(name) <const> " : "local \(name) "
    }.joined()
    text += "local \(hidden) return function(...) "
    let capture = ";\(hidden) = function() return \(names.joined(separator: ", ")) end "
    if !captures {
      text += source
    } else if let position = outline.finalReturn {
      let bytes = Array(source.utf8)
      text += String(decoding: bytes[..<position], as: UTF8.self) + capture
      text += String(decoding: bytes[position...], as: UTF8.self)
    } else {
      text += source + "\n" + capture
    }
    text += "\nend, function() return \(hidden) end"
    let results = try state.load(text, name: chunkName).call([])
    guard case .function(let function)? = results.first,
      case .function(let getter)? = results.dropFirst().first
    else { throw LuaError("the statement cannot be compiled") }
    for (index, name) in try function.upvalueNames().enumerated() where used.contains(name) {
      guard let variable = locals.variables[name] else { continue }
      try function.joinUpvalue(index + 1, with: variable.holder, variable.position)
    }
    return Compiled(function: function, capture: captures ? getter : nil, names: names)
  }

  // MARK: Keeping locals

  /// Keeps the variables of the new locals. Returns a note if that is not possible.
  private func keep(
    _ outline: StatementOutline, _ names: [String], _ getter: LuaFunction, _ state: LuaState
  ) throws -> String? {
    guard case .function(let capture)? = try getter.call([]).first else {
      return "the statement returned early: its locals are not kept"
    }
    let upvalues = try capture.upvalueNames()
    var values: [LuaValue]?
    for declaration in outline.declarations {
      if let position = upvalues.firstIndex(of: declaration.name) {
        locals.set(
          declaration.name,
          to: .init(
            holder: capture, position: position + 1, isConstant: declaration.isConstant))
      } else if let index = names.firstIndex(of: declaration.name) {
        // The compiler has replaced a constant by its value.
        let all = try values ?? capture.call([])
        values = all
        try locals.set(
          declaration.name, to: index < all.count ? all[index] : .nil, isConstant: true, state)
      }
    }
    return nil
  }

  /// Keeps the values that the locals had when the statement raised.
  private func keepValues(_ outline: StatementOutline, _ state: LuaState) throws {
    guard !outline.declarations.isEmpty, let kept = try state.keptLocals else { return }
    for declaration in outline.declarations {
      let value = try kept.rawGet(.string(declaration.name))
      guard value != .nil else { continue }
      try locals.set(declaration.name, to: value, isConstant: declaration.isConstant, state)
    }
  }
}
