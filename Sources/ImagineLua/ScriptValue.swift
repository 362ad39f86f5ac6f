import ImagineAPI
import ImagineRuns
import Lua

/// A value from a script, with its field's name. All values of scripts are converted to values of
/// the host here.
///
/// All values are bounded: text is UTF-8, numbers are finite, tables are at most
/// ``Value/maxDepth`` deep and do not contain themselves. Any other value is an ``ImagineError`` of
/// kind `validation` that names the field.
struct ScriptValue: Sendable {
  private let value: LuaValue
  private let field: String

  init(_ value: LuaValue, _ field: String) {
    self.value = value
    self.field = field
  }

  /// The tables of a field whose tables have a file each, and the files in their order. Nil for
  /// another field, or if the value is no list.
  func entries(of field: Field) throws -> (Value, files: [ImageInput])? {
    guard case .entries(let members, _) = field.kind, field.maxImages > 0,
      case .table(let table) = value
    else { return nil }
    var entries: [Value] = []
    var files: [ImageInput] = []
    for entry in try list(table) {
      guard case .table(let table) = entry.value else { throw entry.invalid(expected: "a table") }
      var values: [String: Value] = [:]
      for (name, value) in try table.fields(known: members.map(\.name), of: entry.field) {
        let value = ScriptValue(value, "\(entry.field).\(name)")
        guard let member = members.first(where: { $0.name == name }), member.maxImages > 0 else {
          values[name] = try value.anyValue()
          continue
        }
        guard let file = try value.file(as: member)?.first else {
          throw value.invalid(expected: member.expectation)
        }
        files.append(file)
        values[name] = .flag(true)
      }
      guard files.count == entries.count + 1 else {
        let names = members.filter { $0.maxImages > 0 }.map(\.name)
        throw ImagineError(
          .validation, "field '\(entry.field)': give one of \(names.joined(separator: ", "))",
          field: entry.field, allowed: names)
      }
      entries.append(.table(values))
    }
    return (.list(entries), files)
  }

  /// The files of a field that takes images, a video or a sound: as they are in a script, or paths.
  /// Nil if neither the field takes a file nor the value is one.
  func file(as field: Field) throws(ImagineError) -> [ImageInput]? {
    switch field.kind {
    case .video, .audio:
      switch value {
      case .string(let path): return [.file(path: try FilePath(path, field: self.field))]
      case .userdata(let reference):
        if let video = try? reference.value(Video.luaType) { return [.asset(video.asset)] }
      default: break
      }
      throw .invalid(
        field: self.field, given: "a \(value.type)", expected: field.expectation)
    default: return try image(as: field)
    }
  }

  /// The images of a field that takes images: Images, or paths of files. Nil if neither the field
  /// takes an image nor the value is one.
  func image(as field: Field) throws(ImagineError) -> [ImageInput]? {
    if field.maxImages > 1, case .table(let table) = value {
      return try list(table).map { (entry) throws(ImagineError) in
        guard let image = try entry.image() else {
          throw invalid(expected: field.expectation)
        }
        return image
      }
    }
    guard field.maxImages > 0 || isUserdata else { return nil }
    return try image().map { [$0] }
  }

  var isFalse: Bool { value == .boolean(false) }

  private var isUserdata: Bool { if case .userdata = value { true } else { false } }

  /// An Image, or the path of a file byte by byte; nil for anything else.
  private func image() throws(ImagineError) -> ImageInput? {
    switch value {
    case .string(let path): return .file(path: try FilePath(path, field: field))
    case .userdata(let reference):
      return (try? reference.value(Image.luaType)).map { .asset($0.asset) }
    default: return nil
    }
  }

  /// A value other than an image, a list or a table.
  func scalar(as field: Field) throws(ImagineError) -> Value {
    switch value {
    case .string: return .text(try text())
    case .integer(let number): return .integer(number)
    case .number(let number): return .number(number)
    case .boolean(let value): return .flag(value)
    default:
      throw .invalid(
        field: self.field, given: "a \(value.type)", expected: field.expectation,
        allowed: field.allowedNames)
    }
  }

  /// A value of a field of a picture step, which may take a table or a list.
  func pictureValue(as field: Field) throws -> Value {
    switch field.kind {
    case .margins, .table, .entries, .texts:
      if case .table = value { return try anyValue() }
      return try scalar(as: field)
    default: return try scalar(as: field)
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

  /// Text byte by byte.
  func bytes(expected: String = "a string") throws(ImagineError) -> [UInt8] {
    guard case .string(let string) = value else { throw invalid(expected: expected) }
    return string.bytes
  }

  /// Text byte by byte that a system call takes.
  func bytesWithoutZero(expected: String = "a string") throws(ImagineError) -> [UInt8] {
    let bytes = try bytes(expected: expected)
    guard !bytes.contains(0) else {
      throw .invalid(field: field, given: "a text with a zero byte", expected: "a text without")
    }
    return bytes
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
  func value(of field: Field) throws(ImagineError) -> Value {
    try field.value(of: scalar(as: field))
  }

  private func value(of kind: Field.Kind) throws(ImagineError) -> Value {
    let field = Field(field, kind, .optional, summary: "")
    return try field.value(of: scalar(as: field))
  }

  /// The value as the script wrote it.
  private var quoted: String {
    switch value {
    case .string(let text): Value.text(text.text).quoted
    case .integer(let number): String(number)
    case .number(let number): String(number)
    case .boolean(let flag): String(flag)
    default: "a \(value.type)"
    }
  }

  /// The members of a table of names and values.
  func members() throws -> [String: Value] {
    guard case .table(let table) = value else { throw invalid(expected: "a table") }
    let value = try anyValue()
    if let members = value.table { return members }
    guard value.list?.isEmpty == true else {
      // A list has no names.
      _ = try table.fields(known: [], of: field)
      throw invalid(expected: "a table of names and values")
    }
    return [:]
  }

  /// A value of any type that the host has. A table with a first entry is a list, and so is an empty
  /// one, unless `json.object` marks it.
  func anyValue() throws -> Value {
    try anyValue(within: [])
  }

  private func anyValue(within tables: [LuaTable]) throws -> Value {
    switch value {
    case .string: return .text(try text())
    case .integer(let number): return .integer(number)
    case .number(let number): return .number(try finite(number))
    case .boolean(let flag): return .flag(flag)
    case .userdata(let reference) where try reference.value(JSONNull.luaType) != nil: return .null
    case .table(let table):
      guard !tables.contains(table) else {
        throw ImagineError(
          .validation, "field '\(field)': the table contains itself", field: field)
      }
      guard tables.count < Value.maxDepth else {
        throw ImagineError(
          .validation,
          "field '\(field)': the table is nested deeper than \(Value.maxDepth) levels",
          field: field)
      }
      let tables = tables + [table]
      if try table.get(1) != .nil {
        return .list(try list(table).map { try $0.anyValue(within: tables) })
      }
      let fields = try table.fields(known: [], of: field)
      if try fields.isEmpty && !table.isMarkedAsObject { return .list([]) }
      var members: [String: Value] = [:]
      for (name, value) in fields {
        members[name] = try ScriptValue(value, "\(field).\(name)").anyValue(within: tables)
      }
      return .table(members)
    default: throw invalid(expected: "a string, a number, a boolean, a list or a table")
    }
  }

  /// The entries of a list.
  func entries() throws(ImagineError) -> [ScriptValue] {
    guard case .table(let table) = value else { throw invalid(expected: "a list") }
    return try list(table)
  }

  /// The fields of a table; nil for anything else.
  func fields(known: [String]) throws -> [String: ScriptValue]? {
    guard case .table(let table) = value else { return nil }
    return Dictionary(
      uniqueKeysWithValues: try table.fields(known: known, of: field).map {
        ($0.key, ScriptValue($0.value, "\(field).\($0.key)"))
      })
  }

  /// The provider of a name or a description.
  func provider(in workflow: Workflow) throws -> any Provider {
    guard case .table = value else { return try workflow.provider(name()) }
    return try workflow.provider(describedBy: ConfigTable(members(), in: field))
  }

  /// The entries of a list, from 1 to the first nil.
  private func list(_ table: LuaTable) throws(ImagineError) -> [ScriptValue] {
    var list: [ScriptValue] = []
    do {
      while true {
        let entry = try table.get(list.count + 1)
        guard entry != .nil else { return list }
        guard list.count < Value.maxEntries else { throw ImagineError.tooManyEntries(field) }
        list.append(ScriptValue(entry, "\(field)[\(list.count + 1)]"))
      }
    } catch {
      throw error as? ImagineError ?? ImagineError(.validation, "field '\(field)': \(error)")
    }
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
      .validation, "field '\(field)': more than \(Value.maxEntries) entries",
      field: field)
  }
}

extension LuaTable {
  /// Whether `json.object` has marked the table.
  fileprivate var isMarkedAsObject: Bool {
    get throws {
      guard case .string(let name)? = try metatable?.get("__name") else { return false }
      return name.text == JSONModule.objectMark
    }
  }

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
      guard fields.count <= Value.maxEntries else { throw ImagineError.tooManyEntries(name) }
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
    for _ in 0...Value.maxEntries {
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
