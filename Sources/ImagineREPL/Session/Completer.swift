import Lua

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Finds candidates. Tables are walked raw: nothing of a script is called.
struct Completer {
  let host: any SessionHost
  static let limit = 200

  /// What is known without the Lua thread, which may be busy.
  func staticCandidates(_ request: CompletionRequest) -> Completions {
    var candidates: [Candidate] = []
    var start = request.cursor
    if let context = CompletionContext(request.text, cursor: request.cursor) {
      start = context.start
      candidates = fixed(context, request.text) ?? names(context, request.text)
    }
    return Completions(number: request.number, start: start, candidates: candidates)
  }

  /// All candidates, on the Lua thread.
  func candidates(
    _ request: CompletionRequest, locals: SessionLocals, _ state: LuaState
  ) -> Completions {
    guard let context = CompletionContext(request.text, cursor: request.cursor) else {
      return Completions(number: request.number, start: request.cursor, candidates: [])
    }
    let candidates =
      fixed(context, request.text)
      ?? (try? dynamic(context, request.text, locals, state)) ?? names(context, request.text)
    return Completions(number: request.number, start: context.start, candidates: candidates)
  }

  /// The arguments of the call around the cursor that are not given yet, in a line; nil outside calls
  /// that the host knows.
  func hint(_ text: String, cursor: Int) -> String? {
    guard text.utf8.count < 10_000, text.utf8.contains(UInt8(ascii: "{")) else { return nil }
    let before = Array(text.utf8.prefix(cursor))
    let tokens = LuaLexer.tokens(before)
    guard let call = CompletionContext.call(tokens[...], before) else { return nil }
    let fields = host.fields(ofCall: call)
    guard !fields.isEmpty else { return nil }
    let given = CompletionContext.givenNames(text, cursor: cursor)
    let missing = fields.map(\.name).filter { !given.contains($0) }
    return missing.isEmpty ? nil : "\(call){ \(missing.joined(separator: ", ")) }"
  }

  /// The function in whose round brackets the cursor is; nil outside of calls.
  func openCall(_ text: String, cursor: Int) -> String? {
    guard text.utf8.count < 10_000, text.utf8.contains(UInt8(ascii: "(")) else { return nil }
    let before = Array(text.utf8.prefix(cursor))
    return CompletionContext.plainCall(LuaLexer.tokens(before)[...], before)
  }

  /// The parameters of a function of Lua's or of the script, in a line; nil if it is none. On the Lua
  /// thread.
  static func parameters(
    of callee: String, locals: SessionLocals, _ state: LuaState
  ) -> String? {
    let isMethod = callee.contains(":")
    let path = callee.split { $0 == "." || $0 == ":" }.map { MemberKey.name(String($0)) }
    guard case .function(let function)? = try? value(of: path, locals: locals, state) else {
      return nil
    }
    let known = LuaFunctionHelp.named(callee)?.line
    guard let definition = try? function.definition, definition.what != "C" else { return known }
    let own = definition.parameters.dropFirst(isMethod ? 1 : 0)
    let parameters = own + (definition.isVariadic ? ["..."] : [])
    return "\(callee)(\(parameters.joined(separator: ", ")))"
  }

  // MARK: Without Lua

  /// The candidates of contexts that need no values; nil for the others.
  private func fixed(_ context: CompletionContext, _ text: String) -> [Candidate]? {
    switch context.kind {
    case .command:
      return matching(
        PromptHelp.commands.map { Candidate($0.name, label: ":\($0.name)", detail: $0.meaning) },
        context)
    case .argument(let call):
      let fields = host.fields(ofCall: call)
      guard !fields.isEmpty else { return nil }
      let given = CompletionContext.givenNames(text, cursor: context.start)
      return matching(
        fields.filter { !given.contains($0.name) }.map {
          Candidate("\($0.name) = ", label: $0.name, detail: $0.meaning)
        }, context)
    case .value(let call, let field):
      let allowed = host.values(ofField: field, inCall: call)
      guard !allowed.isEmpty else { return paths(context) }
      return quotable(allowed.map { Candidate($0) }, context)
    case .argumentText(let call):
      let texts = host.texts(forArgumentOf: call)
      guard !texts.isEmpty else { return paths(context) }
      return quotable(texts.map { Candidate($0.text, detail: $0.meaning) }, context)
    case .path: return paths(context)
    case .name, .member, .module: return nil
    }
  }

  private func matching(_ candidates: [Candidate], _ context: CompletionContext) -> [Candidate] {
    candidates.filter { $0.text.utf8.starts(with: context.partial.utf8) }
  }

  /// Those that can stand between quotes as they are.
  private func quotable(
    _ candidates: [Candidate], _ context: CompletionContext
  ) -> [Candidate] {
    matching(candidates, context).filter { candidate in
      !candidate.text.unicodeScalars.contains {
        Printable.isHazard($0) || $0 == "\\" || $0 == "\"" || $0 == "'"
      }
    }
  }

  /// Keywords, and the names that the text itself contains.
  private func names(_ context: CompletionContext, _ text: String) -> [Candidate] {
    guard context.kind == .name || Self.isArgument(context.kind) else { return [] }
    let keywords = LuaLexer.keywords.union(LuaLexer.constants).map {
      Candidate($0, detail: "keyword")
    }
    let own = StatementOutline(text).names.subtracting([context.partial])
      .map { Candidate($0, detail: "in this statement") }
    return matching(keywords + own, context).sorted { $0.text < $1.text }
  }

  private static func isArgument(_ kind: CompletionContext.Kind) -> Bool {
    if case .argument = kind { true } else { false }
  }

  private func paths(_ context: CompletionContext) -> [Candidate] {
    let slash = context.partial.lastIndex(of: "/")
    let folder = slash.map { String(context.partial[...$0]) } ?? ""
    let partial =
      slash.map { String(context.partial[context.partial.index(after: $0)...]) } ?? context.partial
    guard let stream = opendir(folder.isEmpty ? "." : folder) else { return [] }
    defer { closedir(stream) }
    var found: [Candidate] = []
    while let entry = readdir(stream), found.count < Self.limit {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard let name, name.hasPrefix(partial), name != ".", name != "..",
        partial.hasPrefix(".") || !name.hasPrefix("."),
        !name.unicodeScalars.contains(where: { Printable.isHazard($0) || $0 == "\\" || $0 == "\"" })
      else { continue }
      let isFolder = entry.pointee.d_type == 4  // DT_DIR
      found.append(
        Candidate("\(folder)\(name)\(isFolder ? "/" : "")", label: "\(name)\(isFolder ? "/" : "")"))
    }
    return found.sorted { $0.text < $1.text }
  }

  // MARK: With Lua

  private func dynamic(
    _ context: CompletionContext, _ text: String, _ locals: SessionLocals, _ state: LuaState
  ) throws -> [Candidate] {
    switch context.kind {
    case .module: return try modules(context, state)
    case .member(let path, let isMethod):
      let value = try Self.value(of: path, locals: locals, state)
      let owner = try Self.topic(of: value, at: path, state)
      return try members(of: value, owner, context.partial, onlyMethods: isMethod, state)
    default:
      var found = names(context, text)
      found += matching(locals.names.map { Candidate($0, detail: "local") }, context)
      found += try members(
        of: .table(state.globals), "", context.partial, onlyMethods: false, state)
      var seen: Set<String> = []
      return Array(
        found.sorted { $0.text < $1.text }.filter { seen.insert($0.text).inserted }
          .prefix(Self.limit))
    }
  }

  private func modules(_ context: CompletionContext, _ state: LuaState) throws -> [Candidate] {
    guard case .table(let package) = try state.globals.rawGet("package") else { return [] }
    var names: Set<String> = []
    for field in ["loaded", "preload"] {
      guard case .table(let table) = try package.rawGet(.string(field)) else { continue }
      try table.eachStringKey { key, _ in
        if let name = String(validating: key, as: UTF8.self), name != "_G" { names.insert(name) }
        return names.count < Self.limit
      }
    }
    return matching(names.sorted().map { Candidate($0, detail: "module") }, context)
  }

  /// The value of `a.b[1]`, read raw.
  static func value(
    of path: [MemberKey], locals: SessionLocals, _ state: LuaState
  ) throws -> LuaValue {
    guard case .name(let root)? = path.first else { return .nil }
    var value = try locals.value(root) ?? state.globals.rawGet(.string(root))
    for key in path.dropFirst() { value = try member(key, of: value, state) }
    return value
  }

  /// The tables in which Lua looks for the fields of a value, as far as they are tables.
  static func tables(of value: LuaValue, _ state: LuaState) throws -> [LuaTable] {
    var result: [LuaTable] = []
    var next = value
    while result.count < 8 {
      if case .table(let table) = next { result.append(table) }
      guard let metatable = try state.metatable(of: next) else { break }
      next = try metatable.rawGet("__index")
      guard case .table = next else { break }
    }
    return result
  }

  private static func member(
    _ key: MemberKey, of value: LuaValue, _ state: LuaState
  ) throws -> LuaValue {
    let key: LuaValue =
      switch key {
      case .name(let name): .string(name)
      case .index(let index): .integer(index)
      }
    for table in try tables(of: value, state) {
      let member = try table.rawGet(key)
      if member != .nil { return member }
    }
    return .nil
  }

  private func members(
    of value: LuaValue, _ owner: String, _ partial: String, onlyMethods: Bool, _ state: LuaState
  ) throws -> [Candidate] {
    let wanted = Array(partial.utf8)
    var found: [String: String] = [:]
    if case .userdata(let userdata) = value {
      for (name, isMethod) in try userdata.members() where isMethod || !onlyMethods {
        if name.utf8.starts(with: wanted) { found[name] = isMethod ? "method" : "field" }
      }
    }
    for table in try Self.tables(of: value, state) {
      try table.eachStringKey { key, type in
        if key.starts(with: wanted), !onlyMethods || type == .function,
          let name = String(validating: key, as: UTF8.self), ValuePrinter.isName(name)
        {
          found[name] = found[name] ?? type.description
        }
        return found.count < 5000
      }
    }
    let sorted = found.sorted { $0.key < $1.key }.prefix(Self.limit)
    return sorted.map { name, kind in
      let topic = owner + name
      let meaning =
        LuaFunctionHelp.named(topic)?.meaning ?? (owner.isEmpty ? nil : host.summary(topic))
      return Candidate(name, detail: meaning ?? kind)
    }
  }

  /// What the names of members follow in topics of help: `fs.`, `string.`, `Image:`.
  private static func topic(
    of value: LuaValue, at path: [MemberKey], _ state: LuaState
  ) throws -> String {
    switch value {
    case .string: "string."
    case .userdata: try typeTopic(of: value, state) ?? ""
    default: path.map(\.text).joined(separator: ".") + "."
    }
  }

  /// The topic of a userdata's type, such as `Image:`.
  static func typeTopic(of value: LuaValue, _ state: LuaState) throws -> String? {
    guard case .string(let name)? = try state.metatable(of: value)?.rawGet("__name") else {
      return nil
    }
    return "\(name.text):"
  }
}
