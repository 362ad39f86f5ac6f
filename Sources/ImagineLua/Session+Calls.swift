import ImagineCore
import Lua

extension Session {
  /// Names that every call of an operation takes beside its fields.
  static let callOptions = ["provider", "timeout", "extra", "n"]

  /// What a script's call of an operation waits for.
  ///
  /// The call is billed: when nobody waits for it any more it still goes on until its answer is
  /// stored.
  ///
  /// - Parameters:
  ///   - argument: where the prompt or the table of fields stands.
  ///   - image: the picture whose method was called.
  func asyncCall(
    of operation: Operation, _ call: borrowing LuaCall, argument: Int, image: Image? = nil
  ) throws -> LuaAsyncCall {
    let read = try read(operation, call, argument: argument, image: image)
    switch operation.answer {
    case .job:
      return LuaAsyncCall(whenCancelled: .finishInBackground, purpose: operation.title) {
        try await self.submit(read)
      }
    case .picture:
      let givesList = read.count != nil
      return LuaAsyncCall(whenCancelled: .finishInBackground, purpose: operation.title) {
        try await self.draw(read)
      } completion: { state, images in
        givesList ? try state.results(images) : try state.results(images[0])
      }
    }
  }

  /// Reads a prompt, or a table of fields and options.
  private func read(
    _ operation: Operation, _ call: borrowing LuaCall, argument: Int, image: Image?
  ) throws -> Call {
    var arguments: [String: Argument] = [:]
    var result: (provider: String?, options: CallOptions, count: Int?, extra: [String: String]) =
      (nil, CallOptions(), nil, [:])
    switch call.type(argument) {
    case .string where operation.field("prompt") != nil:
      arguments["prompt"] = .text(try call.string(argument))
    case .userdata where operation.field("image") != nil && image == nil:
      arguments["image"] = Argument(try call.value(argument))
    case .none where image != nil, .nil where image != nil: break
    default:
      for (key, value) in try call.table(argument).pairs() {
        switch key.text {
        case "provider"?: result.provider = try Self.text(value, of: "provider")
        case "timeout"?: result.options.timeout = try Self.seconds(value)
        case "n"? where operation.answer == .picture: result.count = try Self.count(value)
        case "extra"?: result.extra = try Self.extra(value)
        case let name?: arguments[name] = Self.argument(value, of: operation.field(name))
        case nil:
          throw ImagineError.unknown(
            field: "\(key)", of: operation.name, allowed: operation.fields.map(\.name))
        }
      }
    }
    if let image { arguments["image"] = .picture(.file(path: image.asset.path)) }
    var request = try operation.request(
      from: arguments, by: .script, options: Self.callOptions)
    request.extra = result.extra
    return Call(
      request: request, provider: result.provider, options: result.options, count: result.count)
  }

  /// A string is always a path where a picture is wanted.
  private static func argument(_ value: LuaValue, of field: Field?) -> Argument {
    if case .picture? = field?.kind, case .string(let path) = value {
      return .picture(.file(path: path.text))
    }
    return Argument(value)
  }

  private static func text(_ value: LuaValue, of field: String) throws -> String {
    guard let text = value.text else {
      throw ImagineError.invalid(field: field, given: "a \(value.type)", expected: "a name")
    }
    return text
  }

  private static func count(_ value: LuaValue) throws -> Int? {
    let field = Field("n", .integer(1...100), .optional, summary: "")
    return try field.value(of: Argument(value)).integer.map(Int.init)
  }

  private static func seconds(_ value: LuaValue) throws -> Double {
    switch value {
    case .integer(let seconds) where seconds > 0: return Double(seconds)
    case .number(let seconds) where seconds > 0 && seconds.isFinite: return seconds
    default:
      throw ImagineError.invalid(
        field: "timeout", given: "a \(value.type)", expected: "a number of seconds above 0")
    }
  }

  private static func extra(_ value: LuaValue) throws -> [String: String] {
    guard case .table(let table) = value else {
      throw ImagineError.invalid(field: "extra", given: "a \(value.type)", expected: "a table")
    }
    var extra: [String: String] = [:]
    for (key, value) in try table.pairs() {
      guard let name = key.text else {
        throw ImagineError.invalid(
          field: "extra", given: "a key that is a \(key.type)", expected: "names")
      }
      switch value {
      case .string(let text): extra[name] = text.text
      case .integer(let number): extra[name] = String(number)
      case .number(let number): extra[name] = String(number)
      case .boolean(let flag): extra[name] = String(flag)
      default:
        throw ImagineError.invalid(
          field: "extra.\(name)", given: "a \(value.type)",
          expected: "a string, a number or a boolean")
      }
    }
    return extra
  }
}
