import ImagineAPI
import ImagineRuns
import Lua
import Synchronization

/// Reads calls from the arguments of a script.
extension Call {
  /// Every name that a table of fields may have at some provider, by operation.
  static let knownNames: [String: [String]] = {
    let others = ProviderKind.allCases.flatMap(\.operations)
    return Dictionary(
      uniqueKeysWithValues: MediaOperation.all.map { operation in
        let own = others.filter { $0.name == operation.name }.flatMap(\.fields)
        let names =
          (own + CallField.all(for: operation) + [CallField.count]).map(\.name) + ["operation"]
        return (operation.name, Array(Set(names)))
      })
  }()

  /// Reads a prompt, an image, or a table of fields and options.
  ///
  /// - Parameters:
  ///   - index: position of the argument, the function's last one.
  ///   - image: the image whose method was called; nil for a function.
  ///   - provider: the provider of the client; nil for the call's own or the default one.
  ///   - member: the member of a chain that is asked.
  ///   - named: the operation that the fields name; it removes that entry.
  /// - Throws: ``ImagineError`` of kind `validation`, also for surplus arguments.
  init(
    _ call: borrowing LuaCall, _ index: Int, of operation: String, image: Image? = nil,
    at provider: (any Provider)? = nil, in workflow: Workflow,
    member: ProviderChain.Member? = nil,
    named: (inout [String: ScriptValue]) throws -> String? = { _ in nil }
  ) throws {
    var fields = try Self.fields(call, index, of: operation, image: image)
    let operation = try named(&fields) ?? operation
    try member?.adapt(&fields, of: operation)
    self.init(operation)
    scope = call.state.taskContext as? BudgetScope
    let defaults = workflow.defaults.withLock { $0 }
    try takeOptions(from: &fields, over: defaults.options)
    let name = try fields.removeValue(forKey: CallField.provider.name).map { try $0.name() }
    self.provider = try provider ?? workflow.provider(name)
    let description = self.provider?.profile.operations.first { $0.name == operation }
    for (name, value) in fields { try set(name, to: value, as: description?.field(name)) }
    if let image { try take(image) }
    take(defaults.fields, as: description)
  }

  /// Takes the default fields that the operation has and the call does not set. One field about the
  /// size of the image excludes the others.
  private mutating func take(_ defaults: [String: Value], as description: MediaOperation?) {
    let about = ["size", "aspect_ratio", "width", "height"]
    let setsSize = about.contains { fields[$0] != nil || extra[$0] != nil }
    for (name, value) in defaults where fields[name] == nil && images[name] == nil {
      guard description?.field(name) != nil, !setsSize || !about.contains(name) else { continue }
      fields[name] = value
    }
  }

  /// The argument as a table of fields.
  private static func fields(
    _ call: borrowing LuaCall, _ index: Int, of name: String, image: Image?
  ) throws -> [String: ScriptValue] {
    try call.refuseArguments(
      after: index, of: name, allowsIndex: image == nil,
      hint: "put all fields in one table: \(name){prompt = …, seed = …}")
    let operation = MediaOperation.named(name)
    let takesPrompt = operation?.field("prompt")?.presence.isRequired ?? false
    let takesImage = operation?.field("image") != nil && image == nil
    switch call.type(index) {
    case .string where takesPrompt:
      return ["prompt": ScriptValue(try call.value(index), "prompt")]
    case .userdata where takesImage, .string where takesImage:
      return ["image": ScriptValue(try call.value(index), "image")]
    case .none where image != nil, .nil where image != nil: return [:]
    case .table:
      let table = try call.table(index).fields(known: knownNames[name] ?? [], of: name)
      return Dictionary(
        uniqueKeysWithValues: table.map { key, value in
          (key, ScriptValue(value, key))
        })
    case let type:
      let alternative = takesPrompt ? "a prompt, or " : takesImage ? "an image, or " : ""
      throw ImagineError(
        .validation,
        "\(name): \(type == .none ? "no value" : "a \(type)") is not allowed"
          + " (expected \(alternative)a table of fields)")
    }
  }

  private mutating func takeOptions(
    from fields: inout [String: ScriptValue], over defaults: CallOptions
  ) throws {
    count = try fields.removeValue(forKey: CallField.count.name)?.value(of: CallField.count)
      .integer.map(Int.init)
    composites = try fields.removeValue(forKey: CallField.composite.name)?.flag()
    usesCache = try fields.removeValue(forKey: CallField.cache.name)?.flag()
    if let value = fields.removeValue(forKey: CallField.extra.name) { extra = try value.members() }
    var options = defaults
    for name in CallOptions.names {
      if let value = fields.removeValue(forKey: name) { try options.set(name, to: value) }
    }
    self.options = options
  }

  /// - Parameter field: nil for a field that the operation does not have; the check of the call says
  ///   so.
  private mutating func set(
    _ name: String, to value: ScriptValue, as field: Field?
  ) throws(ImagineError) {
    guard let field else {
      fields[name] = .null
      return
    }
    if let input = try value.image(as: field) {
      images[name] = input
    } else {
      fields[name] = try value.scalar(as: field)
    }
  }

  private mutating func take(_ image: Image) throws(ImagineError) {
    guard images["image"] == nil, fields["image"] == nil else {
      throw .invalid(
        field: "image", given: "a second image",
        expected: "none: \(operation) is called as a method of its image")
    }
    images["image"] = [.asset(image.asset)]
  }
}

extension Field.Presence {
  var isRequired: Bool {
    if case .required = self { true } else { false }
  }
}
