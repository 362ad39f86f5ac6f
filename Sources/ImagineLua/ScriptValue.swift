import ImagineCore
import Lua

/// A value that a script gave, with the name of its place: the one way in which values of scripts
/// become values of the host.
///
/// Whatever a script gives is bounded: text is UTF-8, numbers are finite, tables are not deeper than
/// ``deepest`` and do not hold themselves. All else is an ``ImagineError`` of kind `validation` that
/// names the place.
struct ScriptValue {
  private let value: LuaValue
  private let field: String

  /// How deep tables may be nested.
  static let deepest = 32
  /// How many entries a list or a table may have.
  static let mostEntries = 100_000

  init(_ value: LuaValue, _ field: String) {
    self.value = value
    self.field = field
  }

  /// As a field of an operation takes it: a string stands for itself; a picture's path is told apart
  /// where the field is known.
  func argument() throws(ImagineError) -> Argument {
    switch value {
    case .string: return .text(try text())
    case .integer(let number): return .integer(number)
    case .number(let number): return .number(number)
    case .boolean(let value): return .boolean(value)
    case .userdata(let reference):
      if let image = try? reference.value(Image.luaType) {
        return .picture(.file(path: FilePath(image.asset.path)))
      }
      return .other(type: "\(value.type)")
    default: return .other(type: "\(value.type)")
    }
  }

  /// Text in UTF-8: other text would be sent as another one.
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

  /// A number of seconds, more than none. No clock of ours counts further than some decades;
  /// `math.huge` is no limit.
  func seconds() throws(ImagineError) -> Double {
    let seconds: Double? =
      switch value {
      case .integer(let number): Double(number)
      case .number(let number): number
      case .string(let text): Double(text.text)
      default: nil
      }
    guard let seconds, seconds > 0 else {
      throw .invalid(
        field: field, given: try argument().quoted, expected: "a number of seconds above 0")
    }
    return min(seconds, 1e9)
  }

  private func value(of kind: Field.Kind) throws(ImagineError) -> FieldValue {
    try Field(field, kind, .optional, summary: "").value(of: argument())
  }

  /// What is passed on to a service unchecked, and written down.
  func scalar() throws(ImagineError) -> RequestDescription.Scalar {
    switch value {
    case .string: return .text(try text())
    case .integer(let number): return .integer(number)
    case .number(let number): return .number(try finite(number))
    case .boolean(let flag): return .boolean(flag)
    default: throw invalid(expected: "a string, a number or a boolean")
    }
  }

  /// As a description takes it, such as that of a provider: a table with a first entry is a list.
  func setting() throws -> Setting {
    try setting(within: [])
  }

  private func setting(within tables: [LuaTable]) throws -> Setting {
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
      guard tables.count < Self.deepest else {
        throw ImagineError(
          .validation, "field '\(field)': the table is nested deeper than \(Self.deepest) levels",
          field: field)
      }
      return try Self.setting(table, field, within: tables + [table])
    default: return .other(type: "\(value.type)")
    }
  }

  private static func setting(
    _ table: LuaTable, _ field: String, within tables: [LuaTable]
  ) throws -> Setting {
    let first = try table.get(1)
    if first == .nil {
      var members: [String: Setting] = [:]
      for (name, value) in try table.fields(known: [], of: field) {
        members[name] = try ScriptValue(value, "\(field).\(name)").setting(within: tables)
      }
      return .table(members)
    }
    var list: [Setting] = []
    var entry = first
    while entry != .nil {
      guard list.count < mostEntries else { throw ImagineError.tooManyEntries(field) }
      list.append(
        try ScriptValue(entry, "\(field)[\(list.count + 1)]").setting(within: tables))
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
      .validation, "field '\(field)': it has more than \(ScriptValue.mostEntries) entries",
      field: field)
  }
}

extension LuaTable {
  /// The fields of a table as the script sees them: known names are indexed, so that what a
  /// metatable adds counts, and all others are those that `pairs` gives.
  ///
  /// - Parameter name: of the place, for messages.
  /// - Throws: ``ImagineError`` of kind `validation` for a key that is no name, and for more than
  ///   ``ScriptValue/mostEntries``; an error of a metamethod.
  func fields(known: [String], of name: String) throws -> [String: LuaValue] {
    var fields: [String: LuaValue] = [:]
    func add(_ key: LuaValue, _ value: LuaValue) throws {
      guard case .string(let string) = key, let key = string.validText else {
        let given = key.text == nil ? "a \(key.type) as a field's name" : "a name that is not UTF-8"
        throw ImagineError.invalid(field: name, given: given, expected: "names")
      }
      if fields[key] == nil { fields[key] = value }
      guard fields.count <= ScriptValue.mostEntries else { throw ImagineError.tooManyEntries(name) }
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
        field: name, given: "a table whose __pairs gives no function", expected: "a table")
    }
    let state = loop.count > 1 ? loop[1] : .nil
    var key = loop.count > 2 ? loop[2] : .nil
    for _ in 0...ScriptValue.mostEntries {
      let entry = try next.call([state, key])
      guard let following = entry.first, following != .nil else { return fields }
      key = following
      if entry.count > 1, entry[1] != .nil { try add(key, entry[1]) }
    }
    throw ImagineError.tooManyEntries(name)
  }
}

extension LuaCall {
  /// Refuses what stands behind the arguments that a function takes: it would be lost in silence.
  ///
  /// - Parameters:
  ///   - last: the last argument that it takes.
  ///   - allowsIndex: whether a number may follow it, as `task.map` gives the place of each element.
  ///   - hint: what to write in its place.
  /// - Throws: ``ImagineError`` of kind `validation`.
  func refuseArguments(
    after last: Int, of function: String, allowsIndex: Bool = true, hint: String? = nil
  ) throws {
    guard count > last else { return }
    for index in (last + 1)...count where !isNil(index) {
      if allowsIndex, index == last + 1, case .integer = try value(index) { continue }
      throw ImagineError(
        .validation,
        "\(function): a further argument, a \(type(index)), is not taken"
          + (hint.map { " (\($0))" } ?? ""))
    }
  }

  /// The length of a string argument; 0 for anything else.
  func byteCount(_ index: Int) throws -> Int {
    type(index) == .string ? try withBytes(index) { $0.count } : 0
  }
}
