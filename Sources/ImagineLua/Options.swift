import ImagineAPI
import ImagineRuns
import Lua
import Synchronization

/// The optional table of options of a function. Unknown names are errors.
struct Options {
  private let values: [String: LuaValue]

  /// - Parameter index: position of the table, the function's last argument.
  /// - Throws: ``ImagineError`` of kind `validation` for an unknown name or surplus arguments; an
  ///   argument error if the argument is neither a table nor nil.
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
  /// A value of any type.
  func anyValue(_ name: String) throws -> Value? { try value(name)?.anyValue() }
  func text(_ name: String) throws -> String? { try value(name)?.text() }
  func function(_ name: String) throws -> LuaFunction? { try value(name)?.function() }
  /// Text byte by byte.
  func bytes(_ name: String) throws -> [UInt8]? { try value(name)?.bytes() }
  /// A path byte by byte.
  func path(_ name: String) throws -> FilePath? {
    try value(name).map { try FilePath(LuaString($0.bytes()), field: name) }
  }
  /// The fields of a table.
  func fields(_ name: String) throws -> [String: ScriptValue]? {
    try value(name).map { given in
      guard let fields = try given.fields(known: []) else {
        throw ImagineError.invalid(
          field: name, given: "another value", expected: "a table of names and values")
      }
      return fields
    }
  }
  /// The entries of a list.
  func list(_ name: String) throws -> [ScriptValue]? { try value(name)?.entries() }

  func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
    try value(name)?.integer(in: range)
  }

  /// The value that a described field takes.
  ///
  /// - Parameter spelling: converts other spellings of the value to the field's own.
  func value(
    of field: Field, spelling: (Value) -> Value = { $0 }
  ) throws -> Value? {
    try value(field.name).map { try field.value(of: spelling($0.scalar(as: field))) }
  }

  func integer(_ field: Field) throws -> Int? { try value(of: field)?.integer.map(Int.init) }

  /// The call options in the table, completed by those of `standard`.
  func callOptions(over standard: CallOptions) throws -> CallOptions {
    var options = standard
    for name in CallOptions.names {
      if let value = value(name) { try options.set(name, to: value) }
    }
    return options
  }
}

extension CallOptions {
  /// - Throws: ``ImagineError`` of kind `validation`.
  mutating func set(_ name: String, to value: ScriptValue) throws(ImagineError) {
    switch name {
    case CallField.timeout.name: timeout = try value.value(of: CallField.timeout).double
    case CallField.retries.name:
      let retries = try value.value(of: CallField.retries).integer
      retry.retries = retries.map(Int.init) ?? RetryPolicy.standardRetries
    default: retry.retriesUncertain = try value.flag()
    }
  }
}

extension Call {
  /// Reads `defaults` of `imagine.configure`: fields of calls that do not set them. The provider of a
  /// call says what its own field allows.
  ///
  /// - Throws: ``ImagineError`` of kind `validation` for a field that no operation has, and for a
  ///   value that none allows.
  fileprivate static func defaultFields(_ setting: Value) throws(ImagineError) -> [String: Value] {
    let name = SettingField.defaults.name
    let fields = setting.list?.isEmpty == true ? [:] : setting.table
    guard let fields else {
      throw .invalid(
        field: name, given: "another value", expected: SettingField.defaults.expectation)
    }
    // A call without what it is about is a mistake, which would cost money.
    let known = ProviderKind.allCases.flatMap(\.operations).flatMap(\.fields)
      .filter { $0.maxImages == 0 && $0.name != "prompt" }
    for (field, value) in fields.sorted(by: { $0.key < $1.key }) {
      let described = known.filter { $0.name == field }
      guard let first = described.first else {
        throw .unknown(
          field: field, of: "configure: \(name)", allowed: Set(known.map(\.name)).sorted())
      }
      if described.allSatisfy({ (try? $0.value(of: value)) == nil }) {
        _ = try first.value(of: value)
      }
    }
    return fields
  }
}

extension Workflow {
  /// Changes the defaults of later calls.
  func configure(_ options: Options) throws {
    let name = try options.text(SettingField.provider.name)
    if let name { _ = try provider(name) }
    let callOptions = try options.callOptions(over: defaults.withLock { $0.options })
    let concurrency = try options.integer(SettingField.concurrency)
    let rate = try options.integer(SettingField.rate)
    let field = SettingField.budget.name
    let limit = try options.anyValue(field).map { setting throws(ImagineError) in
      try Budget.Limit(setting, field: field)
    }
    let calls = try options.integer(SettingField.maxCalls) ?? limit?.calls
    let fields = try options.anyValue(SettingField.defaults.name).map { setting in
      try Call.defaultFields(setting)
    }
    let usesCache = try options.boolean(SettingField.cache.name)
    let allowsUnpriced = try options.boolean(SettingField.allowUnpriced.name)
    // All of them, or none if one is wrong.
    limitCalls(concurrency: concurrency, rate: rate)
    budget.changeLimit { current in
      if let price = limit?.price { current.price = price }
      if let calls { current.calls = calls }
    }
    defaults.withLock { defaults in
      defaults.options = callOptions
      defaults.fields = fields ?? defaults.fields
      defaults.usesCache = usesCache ?? defaults.usesCache
      defaults.allowsUnpriced = allowsUnpriced ?? defaults.allowsUnpriced
      if let name { defaults.provider = name }
    }
  }

  /// The provider in a table of options; nil if it has none.
  func provider(in options: Options) throws -> (any Provider)? {
    try options.text("provider").map { try provider($0) }
  }

  /// The provider that a script gives by name or by a table.
  func provider(of value: LuaValue) throws -> any Provider {
    switch value {
    case .string, .table: return try ScriptValue(value, "provider").provider(in: self)
    default: throw LuaArgumentError(1, expected: "string or table")
    }
  }
}
