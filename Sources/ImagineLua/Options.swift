import ImagineCore
import Lua
import Synchronization

/// A table of options, or none: read by name, and refused where a name is unknown.
struct Options {
  private let values: [String: LuaValue]
  private let function: String

  /// - Throws: ``ImagineError`` of kind `validation` for an unknown name; an argument error where
  ///   the argument is neither a table nor nil.
  init(
    _ call: borrowing LuaCall, _ index: Int, of function: String, allowed: [String]
  ) throws {
    self.function = function
    guard let table = try call.optional(index, as: LuaTable.self) else {
      values = [:]
      return
    }
    var values: [String: LuaValue] = [:]
    for (key, value) in try table.pairs() {
      let name = key.text ?? "\(key)"
      guard allowed.contains(name) else {
        throw ImagineError.unknown(field: name, of: function, allowed: allowed)
      }
      values[name] = value
    }
    self.values = values
  }

  func boolean(_ name: String) throws -> Bool? {
    switch values[name] {
    case nil: return nil
    case .boolean(let value): return value
    case let value?: throw invalid(name, value, expected: "true or false")
    }
  }

  /// Whatever was written.
  func setting(_ name: String) throws -> Setting? { try values[name].map { try Setting($0) } }

  func text(_ name: String) throws -> String? {
    switch values[name] {
    case nil: return nil
    case .string(let value): return value.text
    case let value?: throw invalid(name, value, expected: "a string")
    }
  }

  func function(_ name: String) throws -> LuaFunction? {
    switch values[name] {
    case nil: return nil
    case .function(let function): return function
    case let value?: throw invalid(name, value, expected: "a function")
    }
  }

  func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let value = values[name] else { return nil }
    let field = Field(
      name, .integer(Int64(range.lowerBound)...Int64(range.upperBound)), .optional, summary: "")
    return try field.value(of: Argument(value)).integer.map(Int.init)
  }

  /// Seconds, more than none.
  var timeout: Double? {
    get throws { try values["timeout"].map { try CallOptions.seconds($0, field: "timeout") } }
  }

  /// The options of calls that are given, in place of those of `standard`.
  func callOptions(over standard: CallOptions) throws -> CallOptions {
    var options = standard
    for name in CallOptions.names {
      if let value = values[name] { try options.set(name, to: value) }
    }
    return options
  }

  private func invalid(_ name: String, _ value: LuaValue, expected: String) -> ImagineError {
    .invalid(field: name, given: "a \(value.type)", expected: expected)
  }
}

extension CallOptions {
  /// The names that scripts set them by.
  static let names = ["timeout", "retries", "retry_uncertain"]

  /// - Throws: ``ImagineError`` of kind `validation`.
  mutating func set(_ name: String, to value: LuaValue) throws(ImagineError) {
    switch name {
    case "timeout": timeout = try Self.seconds(value, field: name)
    case "retries":
      let field = Field(name, .integer(0...20), .optional, summary: "")
      retry.retries = Int(try field.value(of: Argument(value)).integer ?? 0)
    default:
      let field = Field(name, .flag, .optional, summary: "")
      retry.retriesUncertain = try field.value(of: Argument(value)).flag ?? false
    }
  }

  /// A number of seconds, more than none.
  fileprivate static func seconds(
    _ value: LuaValue, field: String
  ) throws(ImagineError) -> Double {
    switch value {
    // No clock of ours counts further than some decades; `math.huge` is no limit.
    case .integer(let seconds) where seconds > 0: return min(Double(seconds), 1e9)
    case .number(let seconds) where seconds > 0: return min(seconds, 1e9)
    default:
      throw .invalid(
        field: field, given: Argument(value).quoted, expected: "a number of seconds above 0")
    }
  }
}

extension Argument {
  /// A script's value as an operation's field takes it. A string stands for itself; a picture's
  /// path is told apart where the field is known.
  init(_ value: LuaValue) {
    switch value {
    case .string(let text): self = .text(text.text)
    case .integer(let number): self = .integer(number)
    case .number(let number): self = .number(number)
    case .boolean(let value): self = .boolean(value)
    case .userdata(let reference):
      if let image = try? reference.value(Image.luaType) {
        self = .picture(.file(path: image.asset.path))
      } else {
        self = .other(type: "\(value.type)")
      }
    default: self = .other(type: "\(value.type)")
    }
  }
}

extension Setting {
  /// A script's value as a description takes it: a table with a first entry is a list.
  init(_ value: LuaValue) throws {
    switch value {
    case .string(let text): self = .text(text.text)
    case .integer(let number): self = .number(Double(number))
    case .number(let number): self = .number(number)
    case .boolean(let flag): self = .flag(flag)
    case .table(let table) where try table.count > 0:
      self = .list(try table.list().map { try Setting($0) })
    case .table(let table): self = .table(try Self.members(of: table))
    default: self = .other(type: "\(value.type)")
    }
  }

  fileprivate static func members(of table: LuaTable) throws -> [String: Setting] {
    var members: [String: Setting] = [:]
    for (key, value) in try table.pairs() { members[key.text ?? "\(key)"] = try Setting(value) }
    return members
  }
}

extension Session {
  /// Changes what calls use where they say nothing themselves.
  func configure(_ options: Options) throws {
    let name = try options.text("provider")
    if let name { _ = try provider(name) }
    let callOptions = try options.callOptions(over: defaults.withLock { $0.options })
    limitCalls(
      concurrency: try options.integer("concurrency", in: 1...1000),
      rate: try options.integer("rate", in: 1...100_000))
    let limit = try options.setting("budget").map { setting throws(ImagineError) in
      try Budget.Limit(setting, field: "budget")
    }
    let calls = try options.integer("max_calls", in: 0...1_000_000_000) ?? limit?.calls
    budget.change { current in
      if let price = limit?.price { current.price = price }
      if let calls { current.calls = calls }
    }
    let usesCache = try options.boolean("cache")
    let allowsUnpriced = try options.boolean("allow_unpriced")
    defaults.withLock { defaults in
      defaults.options = callOptions
      defaults.usesCache = usesCache ?? defaults.usesCache
      defaults.allowsUnpriced = allowsUnpriced ?? defaults.allowsUnpriced
      if let name { defaults.provider = name }
    }
  }

  /// The provider that a table of options names; nil where it names none.
  func provider(in options: Options) throws -> (any Provider)? {
    try options.text("provider").map { try provider($0) }
  }

  /// The provider that a script describes: by name, or by a table.
  func provider(of value: LuaValue) throws -> any Provider {
    switch value {
    case .string(let name): return try provider(name.text)
    case .table(let table):
      return try provider(describedBy: Settings(Setting.members(of: table), in: "provider"))
    default: throw LuaArgumentError(1, expected: "string or table")
    }
  }
}
