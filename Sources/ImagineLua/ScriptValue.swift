import ImagineAPI
import ImagineRuns
import Lua

/// A value from a script, with its field's name. All values of scripts are converted to values of
/// the host here.
///
/// All values are bounded: text is UTF-8, numbers are finite, tables are at most ``maxDepth`` deep
/// and do not contain themselves. Any other value is an ``ImagineError`` of kind `validation` that
/// names the field.
struct ScriptValue {
  private let value: LuaValue
  private let field: String

  /// Levels of nested tables.
  static let maxDepth = 32
  /// Entries of a list or a table.
  static let maxEntries = 100_000

  init(_ value: LuaValue, _ field: String) {
    self.value = value
    self.field = field
  }

  /// The value as the argument of a field. A string stays text here; where an image is expected,
  /// the caller takes it as a path.
  func fieldArgument() throws(ImagineError) -> FieldArgument {
    switch value {
    case .string: return .text(try text())
    case .integer(let number): return .integer(number)
    case .number(let number): return .number(number)
    case .boolean(let value): return .boolean(value)
    case .userdata(let reference):
      if let image = try? reference.value(Image.luaType) {
        return .image(.file(path: FilePath(image.asset.path)))
      }
      return .other(type: "\(value.type)")
    default: return .other(type: "\(value.type)")
    }
  }

  /// Text in UTF-8. Other bytes would be replaced when sent.
  func text() throws(ImagineError) -> String {
    guard case .string(let string) = value else { throw invalid(expected: "a string") }
    guard let text = string.validText else {
      throw .invalid(field: field, given: "text that is not UTF-8", expected: "text in UTF-8")
    }
    return text
  }

  func name() throws(ImagineError) -> String {
    guard case .string = value else { throw invalid(expected: "a name") }
    return try text()
  }

  func function() throws(ImagineError) -> LuaFunction {
    guard case .function(let function) = value else { throw invalid(expected: "a function") }
    return function
  }

  func flag() throws(ImagineError) -> Bool {
    try value(of: .flag).flag ?? false
  }

  func integer(in range: ClosedRange<Int>) throws(ImagineError) -> Int {
    let kind = Field.Kind.integer(Int64(range.lowerBound)...Int64(range.upperBound))
    return Int(try value(of: kind).integer ?? 0)
  }

  /// The value that a described field takes.
  func value(of field: Field) throws(ImagineError) -> FieldValue {
    try field.value(of: fieldArgument())
  }

  private func value(of kind: Field.Kind) throws(ImagineError) -> FieldValue {
    try Field(field, kind, .optional, summary: "").value(of: fieldArgument())
  }

  /// A value that is passed to a service unchecked, and written to the journal.
  func scalar() throws(ImagineError) -> RequestDescription.Scalar {
    switch value {
    case .string: return .text(try text())
    case .integer(let number): return .integer(number)
    case .number(let number): return .number(try finite(number))
    case .boolean(let flag): return .boolean(flag)
    default: throw invalid(expected: "a string, a number or a boolean")
    }
  }

  /// The value as configuration, such as a provider's description. A table with a first entry is a
  /// list.
  func configValue() throws -> ConfigValue {
    try configValue(within: [])
  }

  private func configValue(within tables: [LuaTable]) throws -> ConfigValue {
    switch value {
    case .string: return .text(try text())
    case .integer(let number): return .number(Double(number))
    case .number(let number): return .number(try finite(number))
    case .boolean(let flag): return .flag(flag)
    case .table(let table):
      guard !tables.contains(table) else {
        throw ImagineError(
          .validation, "field '\(field)': the table contains itself", field: field)
      }
      guard tables.count < Self.maxDepth else {
        throw ImagineError(
          .validation, "field '\(field)': the table is nested deeper than \(Self.maxDepth) levels",
          field: field)
      }
      return try Self.configValue(table, field, within: tables + [table])
    default: return .other(type: "\(value.type)")
    }
  }

  private static func configValue(
    _ table: LuaTable, _ field: String, within tables: [LuaTable]
  ) throws -> ConfigValue {
    let first = try table.get(1)
    if first == .nil {
      var members: [String: ConfigValue] = [:]
      for (name, value) in try table.fields(known: [], of: field) {
        members[name] = try ScriptValue(value, "\(field).\(name)").configValue(within: tables)
      }
      return .table(members)
    }
    var list: [ConfigValue] = []
    var entry = first
    while entry != .nil {
      guard list.count < maxEntries else { throw ImagineError.tooManyEntries(field) }
      list.append(
        try ScriptValue(entry, "\(field)[\(list.count + 1)]").configValue(within: tables))
      entry = try table.get(list.count + 1)
    }
    return .list(list)
  }

  private func finite(_ number: Double) throws(ImagineError) -> Double {
    guard number.isFinite else {
      throw .invalid(field: field, given: String(number), expected: "a finite number")
    }
    return number
  }

  private func invalid(expected: String) -> ImagineError {
    .invalid(field: field, given: "a \(value.type)", expected: expected)
  }
}

extension ImagineError {
  fileprivate static func tooManyEntries(_ field: String) -> ImagineError {
    ImagineError(
      .validation, "field '\(field)': more than \(ScriptValue.maxEntries) entries",
      field: field)
  }
}

extension LuaTable {
  /// The fields of a table as the script sees them. Known names are indexed, so that fields of a
  /// metatable count; the others come from `pairs`.
  ///
  /// - Parameter name: the table's name in messages.
  /// - Throws: ``ImagineError`` of kind `validation` for a key that is not a name, and for more
  ///   than ``ScriptValue/maxEntries`` entries; any error of a metamethod.
  func fields(known: [String], of name: String) throws -> [String: LuaValue] {
    var fields: [String: LuaValue] = [:]
    func add(_ key: LuaValue, _ value: LuaValue) throws {
      guard case .string(let string) = key, let key = string.validText else {
        let given = key.text == nil ? "a \(key.type) as a field's name" : "a name that is not UTF-8"
        throw ImagineError.invalid(field: name, given: given, expected: "names")
      }
      if fields[key] == nil { fields[key] = value }
      guard fields.count <= ScriptValue.maxEntries else { throw ImagineError.tooManyEntries(name) }
    }
    guard let metatable = try metatable else {
      for (key, value) in try pairs() { try add(key, value) }
      return fields
    }
    for key in known {
      let value = try get(key)
      if value != .nil { fields[key] = value }
    }
    guard case .function(let iterator) = try metatable.get("__pairs") else {
      for (key, value) in try pairs() { try add(key, value) }
      return fields
    }
    let loop = try iterator.call(self)
    guard case .function(let next)? = loop.first else {
      throw ImagineError.invalid(
        field: name, given: "a table whose __pairs returns no function", expected: "a table")
    }
    let state = loop.count > 1 ? loop[1] : .nil
    var key = loop.count > 2 ? loop[2] : .nil
    for _ in 0...ScriptValue.maxEntries {
      let entry = try next.call([state, key])
      guard let following = entry.first, following != .nil else { return fields }
      key = following
      if entry.count > 1, entry[1] != .nil { try add(key, entry[1]) }
    }
    throw ImagineError.tooManyEntries(name)
  }
}

extension LuaCall {
  /// Throws for surplus arguments, which would otherwise be ignored in silence.
  ///
  /// - Parameters:
  ///   - last: position of the last argument that the function takes.
  ///   - allowsIndex: whether an integer may follow it, because `task.map` passes each element's
  ///     index.
  ///   - hint: what to write instead.
  /// - Throws: ``ImagineError`` of kind `validation`.
  func refuseArguments(
    after last: Int, of function: String, allowsIndex: Bool = true, hint: String? = nil
  ) throws {
    guard count > last else { return }
    for index in (last + 1)...count where !isNil(index) {
      if allowsIndex, index == last + 1, case .integer = try value(index) { continue }
      throw ImagineError(
        .validation,
        "\(function): unexpected argument, a \(type(index))"
          + (hint.map { " (\($0))" } ?? ""))
    }
  }

  /// The length of a string argument; 0 for anything else.
  func byteCount(_ index: Int) throws -> Int {
    type(index) == .string ? try withBytes(index) { $0.count } : 0
  }
}
