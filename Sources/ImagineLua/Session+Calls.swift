import ImagineCore
import Lua
import Synchronization

extension Session {
  /// What a script's call of an operation waits for.
  ///
  /// The call is billed: when nobody waits for it any more, and it has been sent, it goes on until
  /// its answer is stored; the provider sees to that.
  ///
  /// - Parameters:
  ///   - name: of the operation.
  ///   - argument: where the prompt or the table of fields stands.
  ///   - image: the picture whose method was called.
  ///   - provider: the one whose function was called; nil for that of the call or the one in use.
  func asyncCall(
    of name: String, _ call: borrowing LuaCall, argument: Int, image: Image? = nil,
    provider: (any Provider)? = nil
  ) throws -> LuaAsyncCall {
    let fields = try CallFields(
      call, argument, of: name, image: image, defaults: defaults.withLock { $0 })
    let read = try read(
      fields, of: name, bound: provider, spending: Spending(in: call.state, self))
    try DescriptorCheck.run()
    let title = read.request.operation.title
    switch read.request.operation.answer {
    case .job:
      return LuaAsyncCall(whenCancelled: .stopInBackground, purpose: title) {
        try await self.submit(read)
      }
    case .picture:
      let givesList = read.count != nil
      return LuaAsyncCall(whenCancelled: .stopInBackground, purpose: title) {
        try await self.draw(read)
      } completion: { state, images in
        givesList ? try state.results(images) : try state.results(images.first)
      }
    }
  }

  /// Checks a call against its provider's own description of the operation.
  private func read(
    _ fields: CallFields, of name: String, bound: (any Provider)?, spending: Spending
  ) throws -> Call {
    let provider = try bound ?? self.provider(fields.provider)
    guard let operation = provider.operations.first(where: { $0.name == name }) else {
      throw ImagineError.notOffered(operation: name, by: provider.name)
    }
    try fields.check(for: operation, at: provider.name)
    var request = try operation.request(
      from: fields.arguments(for: operation), by: .script,
      options: CallFields.options(of: operation))
    request.extra = fields.extra
    return try makeCall(
      request, provider, options: fields.callOptions, count: fields.count,
      usesCache: fields.usesCache, spending: spending)
  }

  /// Gives a checked request its place in the run.
  ///
  /// - Parameter count: how many pictures; nil for one that is not in a list.
  func makeCall(
    _ request: Request, _ provider: any Provider, options: CallOptions, count: Int? = nil,
    usesCache: Bool = false, spending: Spending
  ) throws -> Call {
    let pictures = try request.pictures.mapValues(sha256)
    let description = RequestDescription(request, pictures: pictures).withoutPrivateExtras
    return Call(
      request: request, pictures: pictures, provider: provider, options: options, count: count,
      usesCache: usesCache,
      key: run.key(for: description, provider: provider.name, count: count), spending: spending)
  }

  /// The name of a picture's content. Read at once, so that equal calls are told apart in the order
  /// in which the script makes them.
  private func sha256(of picture: Picture) throws -> String {
    switch picture {
    case .file(let path):
      try storedAsset(picture)?.sha256 ?? assets.sha256(ofFile: path)
    case .bytes(let bytes): assets.sha256(of: bytes)
    }
  }
}

extension Session {
  /// A call of a script, read and checked against its provider's description.
  struct Call: Sendable {
    var request: Request
    /// SHA-256 of the input pictures, by the names of their fields.
    var pictures: [String: String]
    var provider: any Provider
    var options: CallOptions
    /// How many pictures; nil for one that is not in a list.
    var count: Int?
    var usesCache: Bool
    var key: CallKey
    var spending: Spending

    /// The request as it is written down, with a seed that was drawn.
    func description(of request: Request) -> RequestDescription {
      RequestDescription(request, pictures: pictures).withoutPrivateExtras
    }

    func options(tracedBy trace: any CallTrace) -> CallOptions {
      var options = options
      options.trace = trace
      return options
    }
  }
}

/// What a script wrote in a call, before its provider is known: fields of the operation, and the
/// options that every call takes.
struct CallFields {
  /// The options' names.
  static func options(of operation: Operation) -> [String] {
    let count = operation.answer == .picture ? ["n"] : []
    return ["provider", "extra"] + count + ["cache"] + CallOptions.names
  }

  private var values: [String: LuaValue] = [:]
  private(set) var provider: String?
  private(set) var callOptions: CallOptions
  private(set) var count: Int?
  private(set) var usesCache: Bool
  private(set) var extra: [String: RequestDescription.Scalar] = [:]

  /// Reads a prompt, a picture, or a table of fields and options.
  init(
    _ call: borrowing LuaCall, _ index: Int, of name: String, image: Image?,
    defaults: Session.Defaults
  ) throws {
    callOptions = defaults.options
    usesCache = defaults.usesCache
    let operation = Operation.named(name)
    switch call.type(index) {
    case .string where operation?.field("prompt") != nil:
      values["prompt"] = try call.value(index)
    case .userdata where operation?.field("image") != nil && image == nil:
      values["image"] = try call.value(index)
    case .string where operation?.field("image") != nil && image == nil:
      values["image"] = try call.value(index)
    case .none where image != nil, .nil where image != nil: break
    case .table: try read(call.table(index), of: name)
    case let type:
      let alternative = operation?.field("prompt") != nil ? "a prompt" : "a picture"
      throw ImagineError(
        .validation,
        "\(name): \(type == .none ? "no value" : "a \(type)") is not allowed"
          + " (expected \(alternative), or a table of fields)")
    }
    if let image { values["image"] = try call.state.value(of: image) }
  }

  /// Takes out what is no field of a call.
  mutating func removeValue(of name: String) -> LuaValue? { values.removeValue(forKey: name) }

  private mutating func read(_ table: LuaTable, of name: String) throws {
    for (key, value) in try table.pairs() {
      switch key.text {
      case "provider"?: provider = try Self.text(value, of: "provider")
      case "n"?: count = try Self.count(value)
      case "cache"?: usesCache = try Self.flag(value, of: "cache")
      case "extra"?: extra = try Self.extra(value)
      case let option? where CallOptions.names.contains(option):
        try callOptions.set(option, to: value)
      case let field?: values[field] = value
      case nil:
        throw ImagineError.invalid(
          field: "\(name)", given: "a \(key.type) as a field's name", expected: "names")
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

  /// The fields as an operation takes them: a string is always a path where a picture is wanted.
  ///
  /// - Throws: ``ImagineError`` for text that is not UTF-8.
  func arguments(for operation: Operation) throws(ImagineError) -> [String: Argument] {
    for (name, value) in values { try Self.check(value, of: name) }
    return Dictionary(
      uniqueKeysWithValues: values.map { name, value in
        if case .picture? = operation.field(name)?.kind, let path = value.text {
          return (name, .picture(.file(path: path)))
        }
        return (name, Argument(value))
      })
  }

  /// - Throws: ``ImagineError`` for text that is not UTF-8: it would be sent as another one.
  private static func check(_ value: LuaValue, of field: String) throws(ImagineError) {
    guard case .string(let text) = value, text.validText == nil else { return }
    throw .invalid(field: field, given: "text that is not UTF-8", expected: "text in UTF-8")
  }

  private static func text(_ value: LuaValue, of field: String) throws -> String {
    guard let text = value.text else {
      throw ImagineError.invalid(field: field, given: "a \(value.type)", expected: "a name")
    }
    return text
  }

  private static func flag(_ value: LuaValue, of field: String) throws -> Bool {
    guard case .boolean(let flag) = value else {
      throw ImagineError.invalid(field: field, given: "a \(value.type)", expected: "true or false")
    }
    return flag
  }

  private static func count(_ value: LuaValue) throws -> Int? {
    let field = Field("n", .integer(1...100), .optional, summary: "")
    return try field.value(of: Argument(value)).integer.map(Int.init)
  }

  private static func extra(_ value: LuaValue) throws -> [String: RequestDescription.Scalar] {
    guard case .table(let table) = value else {
      throw ImagineError.invalid(field: "extra", given: "a \(value.type)", expected: "a table")
    }
    var extra: [String: RequestDescription.Scalar] = [:]
    for (key, value) in try table.pairs() {
      guard let name = key.text else {
        throw ImagineError.invalid(
          field: "extra", given: "a key that is a \(key.type)", expected: "names")
      }
      extra[name] = try scalar(value, of: "extra.\(name)")
    }
    return extra
  }

  /// - Throws: ``ImagineError`` for what cannot be sent, or not be written down.
  private static func scalar(
    _ value: LuaValue, of field: String
  ) throws -> RequestDescription.Scalar {
    try check(value, of: field)
    switch value {
    case .string(let text): return .text(text.text)
    case .integer(let number): return .integer(number)
    case .number(let number) where number.isFinite: return .number(number)
    case .number(let number):
      throw ImagineError.invalid(
        field: field, given: String(number), expected: "a finite number")
    case .boolean(let flag): return .boolean(flag)
    default:
      throw ImagineError.invalid(
        field: field, given: "a \(value.type)", expected: "a string, a number or a boolean")
    }
  }
}
