import ImagineAPI
import Lua

/// Finds the name that a mistyped one may have meant.
enum NearestName {
  /// The most names that are listed where none is near.
  private static let listLimit = 12

  /// A line that says what a message such as `attempt to call a nil value (field 'gennerate')` may have meant, or
  /// which names there are. Tables are walked raw, on the Lua thread.
  ///
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
      names.removeAll { $0 == wrong }
      if let name = Spelling.nearest(to: wrong, among: names) { return "did you mean '\(name)'?" }
      guard !isGlobal, (1...listLimit).contains(names.count) else { return nil }
      return "there are: \(Set(names).sorted().joined(separator: ", "))"
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
