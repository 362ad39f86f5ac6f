import ImagineAPI
import ImagineRuns
import Lua

/// The fields and options of a call as a script wrote them, before its provider is known.
struct CallFields {
  /// The names of the options.
  static func options(of operation: MediaOperation) -> [String] {
    CallField.all(for: operation.answer).map(\.name)
  }

  /// Every field name that some provider knows, by operation.
  private static let knownNames: [String: [String]] = {
    let others = MediaOperation.openAIGenerate(model: nil).fields + CallField.all(for: .image)
    return Dictionary(
      uniqueKeysWithValues: MediaOperation.all.map { operation in
        let names = (operation.fields + others).map(\.name) + ["operation"]
        return (operation.name, Array(Set(names)))
      })
  }()

  private var values: [String: LuaValue] = [:]
  private(set) var provider: String?
  private(set) var callOptions: CallOptions
  private(set) var count: Int?
  private(set) var usesCache: Bool
  private(set) var extra: [String: RequestDescription.Scalar] = [:]

  /// Reads a prompt, an image, or a table of fields and options.
  ///
  /// - Parameter image: the image whose method was called.
  /// - Throws: ``ImagineError`` of kind `validation`, also for surplus arguments.
  init(
    _ call: borrowing LuaCall, _ index: Int, of name: String, image: Image?,
    defaults: Workflow.Defaults
  ) throws {
    callOptions = defaults.options
    usesCache = defaults.usesCache
    try call.refuseArguments(
      after: index, of: name, allowsIndex: image == nil,
      hint: "put all fields in one table: \(name){prompt = …, seed = …}")
    let operation = MediaOperation.named(name)
    let takesPrompt = operation?.field("prompt")?.presence.isRequired ?? false
    let takesImage = operation?.field("image") != nil && image == nil
    switch call.type(index) {
    case .string where takesPrompt: values["prompt"] = try call.value(index)
    case .userdata where takesImage, .string where takesImage:
      values["image"] = try call.value(index)
    case .none where image != nil, .nil where image != nil: break
    case .table: try read(call.table(index), of: name)
    case let type:
      let alternative = takesPrompt ? "a prompt, or " : takesImage ? "an image, or " : ""
      throw ImagineError(
        .validation,
        "\(name): \(type == .none ? "no value" : "a \(type)") is not allowed"
          + " (expected \(alternative)a table of fields)")
    }
    guard let image else { return }
    guard values["image"] == nil else {
      throw ImagineError.invalid(
        field: "image", given: "a second image",
        expected: "none: \(name) is called as a method of its image")
    }
    values["image"] = try call.state.value(of: image)
  }

  /// Removes an entry that is not a field of the call.
  mutating func removeValue(of name: String) -> LuaValue? { values.removeValue(forKey: name) }

  private mutating func read(_ table: LuaTable, of name: String) throws {
    for (key, value) in try table.fields(known: Self.knownNames[name] ?? [], of: name) {
      switch key {
      case CallField.provider.name: provider = try ScriptValue(value, key).name()
      case CallField.count.name:
        count = try ScriptValue(value, key).value(of: CallField.count).integer.map(Int.init)
      case CallField.cache.name: usesCache = try ScriptValue(value, key).flag()
      case CallField.extra.name: extra = try Self.extra(value)
      case let option where CallOptions.names.contains(option):
        try callOptions.set(option, to: value)
      default: values[key] = value
      }
    }
  }

  /// Checks the call against the provider's own description of the operation.
  func request(of name: String, at provider: any Provider) throws -> Request {
    guard let operation = provider.operations.first(where: { $0.name == name }) else {
      throw ImagineError.unsupportedOperation(operation: name, by: provider.name)
    }
    try check(for: operation, at: provider.name)
    var request = try operation.request(
      from: arguments(for: operation), source: .script, options: Self.options(of: operation))
    request.extra = extra
    return request
  }

  /// - Throws: ``ImagineError`` for a field that only other providers take, for `n` of a job, and
  ///   for a field of `extra` that repeats a field of the call. `extra` is sent unchecked, so an
  ///   `n` in it would not be counted.
  func check(for operation: MediaOperation, at provider: String) throws(ImagineError) {
    guard count == nil || operation.answer == .image else {
      throw .unknown(
        field: CallField.count.name, of: operation.name,
        allowed: operation.fields.map(\.name) + Self.options(of: operation))
    }
    let twice = extra.keys.sorted().first { name in
      name == CallField.count.name
        || operation.fields.contains { $0.name == name || $0.wireName == name }
    }
    if let name = twice {
      throw .invalid(
        field: "extra.\(name)", given: "a field of the call itself",
        expected: "only fields unknown to Imagine")
    }
    for name in values.keys.sorted() {
      if let error = ImagineError.unsupportedField(field: name, of: operation, by: provider) {
        throw error
      }
    }
  }

  /// Converts the fields to what the operation takes. A string is a path where an image is
  /// expected, byte by byte.
  ///
  /// - Throws: ``ImagineError`` for text that is not UTF-8.
  func arguments(for operation: MediaOperation) throws(ImagineError) -> [String: FieldArgument] {
    var arguments: [String: FieldArgument] = [:]
    for (name, value) in values {
      if case .image? = operation.field(name)?.kind, case .string(let path) = value {
        arguments[name] = .image(.file(path: try FilePath(path, field: name)))
      } else {
        arguments[name] = try ScriptValue(value, name).fieldArgument()
      }
    }
    return arguments
  }

  private static func extra(_ value: LuaValue) throws -> [String: RequestDescription.Scalar] {
    guard case .table(let table) = value else {
      throw ImagineError.invalid(
        field: CallField.extra.name, given: "a \(value.type)",
        expected: CallField.extra.expectation)
    }
    var extra: [String: RequestDescription.Scalar] = [:]
    for (name, value) in try table.fields(known: [], of: "extra") {
      extra[name] = try ScriptValue(value, "extra.\(name)").scalar()
    }
    return extra
  }
}

extension Field.Presence {
  var isRequired: Bool {
    if case .required = self { true } else { false }
  }
}
