import ImagineAPI

/// LuaCATS annotations of fields, as the Lua language server reads them.
struct LuaTypes {
  /// A union of names with a name of its own.
  struct Alias {
    var name: String
    /// The names, each with a remark or an empty text.
    var values: [(name: String, remark: String)]
    /// Whether other names are possible.
    var isOpen = false

    var lines: [String] {
      ["---@alias \(name)"]
        + values.map { value in
          "---| \"\(value.name)\"" + (value.remark.isEmpty ? "" : " # \(value.remark)")
        } + (isOpen ? ["---| string"] : [])
    }
  }

  let aliases: [Alias]

  /// The lines of a class.
  func type(_ name: String, parent: String? = nil, _ fields: [Field], remark: String = "")
    -> [String]
  {
    (remark.isEmpty ? [] : ["--- \(remark)"])
      + ["---@class \(name)" + (parent.map { ": \($0)" } ?? "")]
      + fields.map { line(of: $0) }
  }

  private func line(of field: Field) -> String {
    let mark = field.isRequired ? "" : "?"
    return "---@field \(field.name)\(mark) \(type(of: field)) \(Self.remark(of: field))"
  }

  /// The summary with unit, bounds and default.
  private static func remark(of field: Field) -> String {
    var parts = [field.summary]
    if let unit = field.unit { parts.append("in \(unit)") }
    if field.knownNames.isEmpty, let allowed = field.allowedText { parts.append(allowed) }
    if let standard = field.standard { parts.append("`\(standard)` by default") }
    return parts.joined(separator: "; ").inOneLine
  }

  func type(of field: Field) -> String {
    switch field.kind {
    case .text: "string"
    case .choice(let names): union(names, isOpen: false)
    case .openChoice(let names): union(names, isOpen: true)
    case .integer: "integer"
    case .number, .seconds: "number"
    case .flag: "boolean"
    case .image: "imagine.image"
    case .images: "imagine.image[]"
    case .length: "number|string"
    case .color: "string"
    case .margins: "number|string|imagine.margins"
    case .video: "imagine.Video|string"
    case .audio: "string"
    case .table(let fields): table(of: fields)
    case .entries(let fields, _): table(of: fields) + "[]"
    case .texts: "string[]"
    case .other: Self.scriptTypes[field.name] ?? "any"
    }
  }

  private func table(of fields: [Field]) -> String {
    let members = fields.map { "\($0.name)\($0.isRequired ? "" : "?"): \(type(of: $0))" }
    return "{ \(members.joined(separator: ", ")) }"
  }

  private func union(_ names: [String], isOpen: Bool) -> String {
    let alias = aliases.first { $0.isOpen == isOpen && $0.values.map(\.name) == names }
    return alias?.name ?? Self.union(names, isOpen: isOpen)
  }

  /// A union of names that are literals, or `string`.
  static func union(_ names: [String], isOpen: Bool) -> String {
    let literals = names.compactMap(literal)
    guard literals.count == names.count, !names.isEmpty else { return "string" }
    return (literals + (isOpen ? ["string"] : [])).joined(separator: "|")
  }

  /// The text as a literal; nil if an annotation cannot contain it.
  static func literal(_ text: String) -> String? {
    let isPlain = text.unicodeScalars.allSatisfy { scalar in
      scalar.value >= 0x20 && scalar != "\"" && scalar != "\\" && scalar.value != 0x7F
    }
    return isPlain && text == text.inOneLine ? "\"\(text)\"" : nil
  }

  /// The types of fields that only scripts can give.
  private static let scriptTypes = [
    SaveField.overwrite.name: "boolean|\"number\"",
    CallField.extra.name: "table<string, any>",
    SettingField.budget.name: "number|imagine.limit",
    SettingField.defaults.name: "table<string, string|number|boolean>",
    WaitField.onProgress.name: "fun(job: imagine.Job)",
  ]
}
