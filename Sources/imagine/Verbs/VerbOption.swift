import ImagineAPI
import Lua

/// An option of a verb: a field, under a name with dashes.
struct VerbOption: Sendable {
  let field: Field
  /// The name in the table that the verb's module gets.
  let key: String
  /// For the short form.
  let letter: Character?
  /// Whether it says how the work is done, and not what: it does not tell runs apart.
  let isAboutRun: Bool

  init(
    _ field: Field, key: String? = nil, letter: Character? = nil, isAboutRun: Bool = false
  ) {
    self.isAboutRun = isAboutRun
    self.field = field
    self.key = key ?? field.name
    self.letter = letter
  }

  /// The long form, `--aspect-ratio`.
  var name: String { "--\(field.name.optionName)" }

  var isFlag: Bool { field.kind == .flag }

  /// Whether it may be given several times.
  var isRepeated: Bool {
    switch field.kind {
    case .images, .texts: true
    default: takesMembers
    }
  }

  /// Whether each value is a name and a value, as for `extra`.
  private var takesMembers: Bool { field.name == CallField.extra.name }

  /// The placeholder of the value.
  var valueName: String? {
    switch field.kind {
    case .flag: nil
    case .image, .images, .video, .audio: "FILE"
    case .integer, .number, .seconds: "N"
    case .choice, .openChoice: "NAME"
    case .length: "LENGTH"
    case .color: "COLOR"
    case .margins: "LENGTH|JSON"
    case .entries, .table: "JSON"
    case .text where field.name == "dir" || field.name == "out": "FOLDER"
    case .text where field.name == "output": "FILE"
    case .text, .texts: "TEXT"
    case .other: takesMembers ? "NAME=VALUE" : "JSON"
    }
  }

  /// Names and placeholder, for the help: `-o, --output FILE`.
  var title: String {
    let names = (letter.map { "-\($0), " } ?? "") + name
    return valueName.map { "\(names) \($0)" } ?? names
  }

  /// One line of help: what it is, what is allowed, what applies without it.
  var summary: String {
    let facts = [
      field.kind == .flag ? nil : field.allowedText, field.unit.map { "in \($0)" },
      field.standard.map { "\($0) by default" }, isRepeated ? "may be repeated" : nil,
    ].compactMap { $0 }
    return facts.isEmpty ? field.summary : "\(field.summary) (\(facts.joined(separator: "; ")))"
  }
}

/// The value of an option, as the verb's module gets it.
enum VerbValue: Sendable, Hashable {
  /// Byte by byte, since it may be a path.
  case text(LuaString)
  case texts([LuaString])
  case value(Value)

  /// - Parameter words: at least one.
  /// - Throws: ``ImagineError`` of kind `validation` for JSON that is none.
  init(_ words: [LuaString], of option: VerbOption) throws(ImagineError) {
    let last = words[words.count - 1]
    switch option.field.kind {
    case .images, .texts: self = .texts(words)
    case .margins, .entries, .table: self = try Self.document(last, option)
    case .other where option.isRepeated:
      var members: [String: Value] = [:]
      for word in words {
        let parts =
          word.validText?.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
          ?? []
        guard parts.count == 2, !parts[0].isEmpty else {
          throw .invalid(
            field: option.name, given: Value.text(word.text).quoted, expected: "NAME=VALUE in UTF-8"
          )
        }
        members[String(parts[0])] =
          (try? Value(json: Array(parts[1].utf8), name: option.name)) ?? .text(String(parts[1]))
      }
      self = .value(.table(members))
    case .other: self = try Self.document(last, option)
    default: self = .text(last)
    }
  }

  /// What begins as a list or a table is JSON.
  private static func document(
    _ word: LuaString, _ option: VerbOption
  ) throws(ImagineError) -> VerbValue {
    guard let first = word.text.first, "[{".contains(first) else { return .text(word) }
    do {
      return .value(try Value(json: word.bytes, name: option.name))
    } catch {
      throw error as? ImagineError ?? ImagineError(.validation, "\(option.name): \(error)")
    }
  }

  func luaValue(in state: LuaState) throws -> LuaValue {
    switch self {
    case .text(let text): .string(text)
    case .texts(let texts): .table(try state.makeTable(of: texts.map { .string($0) }))
    case .value(let value): try state.luaValue(of: value)
    }
  }
}

extension LuaState {
  func makeTable(of values: [LuaValue]) throws -> LuaTable {
    let list = try makeTable(list: values.count)
    for value in values { try list.append(value) }
    return list
  }

  fileprivate func luaValue(of value: Value) throws -> LuaValue {
    switch value {
    case .null: return null
    case .text(let text): return .string(LuaString(text))
    case .integer(let number): return .integer(number)
    case .number(let number): return .number(number)
    case .flag(let flag): return .boolean(flag)
    case .list(let values): return .table(try makeTable(of: values.map { try luaValue(of: $0) }))
    case .table(let members):
      let table = try makeTable(fields: members.count)
      for (name, member) in members { try table.set(name, to: luaValue(of: member)) }
      return .table(table)
    }
  }
}
