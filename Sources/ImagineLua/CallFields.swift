import ImagineCore
import Lua

/// What a script wrote in a call, before its provider is known: fields of the operation, and the
/// options that every call takes.
struct CallFields {
  /// The options' names.
  static func options(of operation: Operation) -> [String] {
    let count = operation.answer == .picture ? ["n"] : []
    return ["provider", "extra"] + count + ["cache"] + CallOptions.names
  }

  /// Every name that some provider knows in a call of an operation.
  private static func knownNames(_ name: String) -> [String] {
    let fields = (Operation.named(name)?.fields ?? []) + Operation.openAIGenerate(model: nil).fields
    return Array(Set(fields.map(\.name) + ["operation"] + options(of: .generate)))
  }

  private var values: [String: LuaValue] = [:]
  private(set) var provider: String?
  private(set) var callOptions: CallOptions
  private(set) var count: Int?
  private(set) var usesCache: Bool
  private(set) var extra: [String: RequestDescription.Scalar] = [:]

  /// Reads a prompt, a picture, or a table of fields and options.
  ///
  /// - Parameter image: the picture whose method was called.
  /// - Throws: ``ImagineError`` of kind `validation`, also where there are further arguments: what
  ///   stands in them would be lost.
  init(
    _ call: borrowing LuaCall, _ index: Int, of name: String, image: Image?,
    defaults: Session.Defaults
  ) throws {
    callOptions = defaults.options
    usesCache = defaults.usesCache
    try call.refuseArguments(
      after: index, of: name, allowsIndex: image == nil,
      hint: "all fields stand in one table: \(name){prompt = …, seed = …}")
    let operation = Operation.named(name)
    let takesPrompt = operation?.field("prompt")?.presence.isRequired ?? false
    let takesImage = operation?.field("image") != nil && image == nil
    switch call.type(index) {
    case .string where takesPrompt: values["prompt"] = try call.value(index)
    case .userdata where takesImage, .string where takesImage:
      values["image"] = try call.value(index)
    case .none where image != nil, .nil where image != nil: break
    case .table: try read(call.table(index), of: name)
    case let type:
      let alternative = takesPrompt ? "a prompt, or " : takesImage ? "a picture, or " : ""
      throw ImagineError(
        .validation,
        "\(name): \(type == .none ? "no value" : "a \(type)") is not allowed"
          + " (expected \(alternative)a table of fields)")
    }
    guard let image else { return }
    guard values["image"] == nil else {
      throw ImagineError.invalid(
        field: "image", given: "a further picture",
        expected: "none: \(name) is called as a method of the picture that it works on")
    }
    values["image"] = try call.state.value(of: image)
  }

  /// Takes out what is no field of a call.
  mutating func removeValue(of name: String) -> LuaValue? { values.removeValue(forKey: name) }

  private mutating func read(_ table: LuaTable, of name: String) throws {
    for (key, value) in try table.fields(known: Self.knownNames(name), of: name) {
      switch key {
      case "provider": provider = try ScriptValue(value, "provider").name()
      case "n": count = try ScriptValue(value, "n").integer(in: 1...100)
      case "cache": usesCache = try ScriptValue(value, "cache").flag()
      case "extra": extra = try Self.extra(value)
      case let option where CallOptions.names.contains(option):
        try callOptions.set(option, to: value)
      default: values[key] = value
      }
    }
  }

  /// - Throws: ``ImagineError`` where a field is one that only other providers take, where a job is
  ///   asked for several times, or a field is given twice: what `extra` holds is sent beside the
  ///   fields, and nobody counts the pictures that it asks for.
  func check(for operation: Operation, at provider: String) throws(ImagineError) {
    guard count == nil || operation.answer == .picture else {
      throw .unknown(
        field: "n", of: operation.name,
        allowed: operation.fields.map(\.name) + Self.options(of: operation))
    }
    let twice = extra.keys.sorted().first { name in
      name == "n" || operation.fields.contains { $0.name == name || $0.wireName == name }
    }
    if let name = twice {
      throw .invalid(
        field: "extra.\(name)", given: "a field of the call itself",
        expected: "only fields that Imagine does not know")
    }
    for name in values.keys.sorted() {
      if let error = ImagineError.notTaken(field: name, of: operation, by: provider) {
        throw error
      }
    }
  }

  /// The fields as an operation takes them: a string is always a path where a picture is wanted, and
  /// its bytes are the path's.
  ///
  /// - Throws: ``ImagineError`` for text that is not UTF-8.
  func arguments(for operation: Operation) throws(ImagineError) -> [String: Argument] {
    var arguments: [String: Argument] = [:]
    for (name, value) in values {
      if case .picture? = operation.field(name)?.kind, case .string(let path) = value {
        arguments[name] = .picture(.file(path: try FilePath(path, field: name)))
      } else {
        arguments[name] = try ScriptValue(value, name).argument()
      }
    }
    return arguments
  }

  private static func extra(_ value: LuaValue) throws -> [String: RequestDescription.Scalar] {
    guard case .table(let table) = value else {
      throw ImagineError.invalid(field: "extra", given: "a \(value.type)", expected: "a table")
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
