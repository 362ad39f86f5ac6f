import ImagineCore
import Lua
import Synchronization

/// A table of options, or none: read by name, and refused where a name is unknown.
struct Options {
  private let values: [String: LuaValue]

  /// - Parameter index: of the last argument that the function takes.
  /// - Throws: ``ImagineError`` of kind `validation` for an unknown name, and for further arguments;
  ///   an argument error where the argument is neither a table nor nil.
  init(
    _ call: borrowing LuaCall, _ index: Int, of function: String, allowed: [String]
  ) throws {
    try call.refuseArguments(after: index, of: function, allowsIndex: false)
    guard let table = try call.optional(index, as: LuaTable.self) else {
      values = [:]
      return
    }
    values = try table.fields(known: allowed, of: function)
    for name in values.keys.sorted() where !allowed.contains(name) {
      throw ImagineError.unknown(field: name, of: function, allowed: allowed)
    }
  }

  private func value(_ name: String) -> ScriptValue? {
    values[name].map { ScriptValue($0, name) }
  }

  func boolean(_ name: String) throws -> Bool? { try value(name)?.flag() }
  /// Whatever was written.
  func setting(_ name: String) throws -> Setting? { try value(name)?.setting() }
  func text(_ name: String) throws -> String? { try value(name)?.text() }
  func function(_ name: String) throws -> LuaFunction? { try value(name)?.function() }

  func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
    try value(name)?.integer(in: range)
  }

  /// Seconds, more than none.
  var timeout: Double? {
    get throws { try value("timeout")?.seconds() }
  }

  /// The options of calls that are given, in place of those of `standard`.
  func callOptions(over standard: CallOptions) throws -> CallOptions {
    var options = standard
    for name in CallOptions.names {
      if let value = values[name] { try options.set(name, to: value) }
    }
    return options
  }
}

extension CallOptions {
  /// The names that scripts set them by.
  static let names = ["timeout", "retries", "retry_uncertain"]

  /// - Throws: ``ImagineError`` of kind `validation`.
  mutating func set(_ name: String, to value: LuaValue) throws(ImagineError) {
    let value = ScriptValue(value, name)
    switch name {
    case "timeout": timeout = try value.seconds()
    case "retries": retry.retries = try value.integer(in: 0...20)
    default: retry.retriesUncertain = try value.flag()
    }
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
    case .string: return try provider(ScriptValue(value, "provider").name())
    case .table:
      guard case .table(let members) = try ScriptValue(value, "provider").setting() else {
        throw ImagineError.invalid(
          field: "provider", given: "a list", expected: "a table of names and values")
      }
      return try provider(describedBy: Settings(members, in: "provider"))
    default: throw LuaArgumentError(1, expected: "string or table")
    }
  }
}
