import Lua

/// Finds the name that a mistyped one may have meant.
enum NearestName {
  /// The nearest of names, if it is near enough.
  static func of(_ wrong: String, among names: some Sequence<String>) -> String? {
    let limit = max(1, wrong.count / 3)
    var best: (name: String, distance: Int)?
    for name in names where name != wrong && abs(name.count - wrong.count) <= limit {
      let distance = distance(Array(wrong.utf8), Array(name.utf8))
      if distance <= limit, best.map({ distance < $0.distance }) ?? true { best = (name, distance) }
    }
    return best?.name
  }

  /// How many letters must be inserted, removed, replaced or swapped.
  private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    guard !left.isEmpty, !right.isEmpty else { return max(left.count, right.count) }
    var before: [Int] = []
    var previous = Array(0...right.count)
    for (row, one) in left.enumerated() {
      var current = [row + 1]
      for (column, other) in right.enumerated() {
        var cost = min(
          previous[column + 1] + 1, current[column] + 1, previous[column] + (one == other ? 0 : 1))
        if row > 0, column > 0, one == right[column - 1], left[row - 1] == other {
          cost = min(cost, before[column - 1] + 1)
        }
        current.append(cost)
      }
      (before, previous) = (previous, current)
    }
    return previous[right.count]
  }

  /// What a message such as `attempt to call a nil value (field 'gennerate')` may have meant. Tables
  /// are walked raw, on the Lua thread.
  /// - Parameter line: the line of the statement, which tells whose field it is.
  static func suggestion(
    for message: String, line: String, locals: SessionLocals, _ state: LuaState
  ) -> String? {
    for (kind, isGlobal) in [("(global '", true), ("(field '", false), ("(method '", false)] {
      guard message.contains("a nil value"), let start = message.range(ofFirst: kind) else {
        continue
      }
      let wrong = String(message[start...].prefix { $0 != "'" })
      guard !wrong.isEmpty, wrong.utf8.count <= 100 else { return nil }
      var names: [String] = []
      if isGlobal {
        names = locals.names + keys(of: (try? state.globals).map { .table($0) } ?? .nil, state)
      } else {
        names = keys(of: owner(of: wrong, in: line, locals, state), state)
      }
      return of(wrong, among: names)
    }
    return nil
  }

  /// The value before `.wrong` or `:wrong` in the line.
  private static func owner(
    of wrong: String, in line: String, _ locals: SessionLocals, _ state: LuaState
  ) -> LuaValue {
    for separator in [".", ":"] {
      guard let end = line.range(ofFirst: "\(separator)\(wrong)") else { continue }
      let text = String(line[..<end])
      guard let context = CompletionContext(text, cursor: text.utf8.count),
        case .member(let path, _) = context.kind
      else { continue }
      return (try? Completer.value(of: path, locals: locals, state)) ?? .nil
    }
    return .nil
  }

  private static func keys(of value: LuaValue, _ state: LuaState) -> [String] {
    var names: [String] = []
    for table in (try? Completer.tables(of: value, state)) ?? [] {
      try? table.eachStringKey { key, _ in
        if let name = String(validating: key, as: UTF8.self) { names.append(name) }
        return names.count < 5000
      }
    }
    if case .userdata(let userdata) = value {
      names += ((try? userdata.members()) ?? []).map(\.name)
    }
    return names
  }
}

extension String {
  /// The index behind the first place where a text occurs.
  fileprivate func range(ofFirst text: String) -> String.Index? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }
}
