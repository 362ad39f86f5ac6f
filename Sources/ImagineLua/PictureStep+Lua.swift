import ImagineAPI
import ImagineRuns
import ImagineSystem
import Lua

/// Steps over pixels, as methods of an image and functions of `imagine`.
extension Workflow {
  /// A script's step: its fields are checked here, so that an error has the line of the call.
  ///
  /// - Parameters:
  ///   - index: position of the argument, the last one.
  ///   - base: what the method is called of; nil for a function.
  ///   - image: the same as an image.
  func asyncStep(
    _ operation: PictureOperation, _ call: borrowing LuaCall, argument index: Int,
    base: ImageInput? = nil, image: Image? = nil
  ) throws -> LuaAsyncCall {
    try call.refuseArguments(
      after: index, of: operation.name, allowsIndex: !operation.isMethod,
      hint: "put all fields in one table")
    var fields: [String: Value] = [:]
    var images: [String: [ImageInput]] = [:]
    for (name, value) in try Self.arguments(of: operation, call, index) {
      guard let field = operation.operation.field(name) else {
        // The step's check says so, with the names that there are.
        fields[name] = .null
        continue
      }
      if let (entries, files) = try value.entries(of: field) {
        fields[name] = entries
        images[name] = files
      } else if let inputs = try value.file(as: field) {
        images[name] = inputs
      } else {
        fields[name] = try value.pictureValue(as: field)
      }
    }
    images[PictureOperation.base] = (base ?? image?.input).map { [$0] }
    try ProcessLimits.checkBeforeFirstCall()
    let step = try step(operation, fields, images: images)
    if operation.makesVideo {
      return LuaAsyncCall(purpose: operation.name) { try await self.film(step) }
    }
    guard operation.numbers.isEmpty else {
      return LuaAsyncCall(purpose: operation.name) {
        try await self.numbers(of: step)
      } completion: { state, numbers in
        let table = try state.makeTable(fields: numbers.count)
        for (name, number) in numbers { try table.set(name, to: number) }
        return try state.results(table)
      }
    }
    return LuaAsyncCall(purpose: operation.name) {
      try await self.perform(step, on: image)
    }
  }

  /// The argument as fields: a table of them, or the value of the only one that is required.
  private static func arguments(
    of operation: PictureOperation, _ call: borrowing LuaCall, _ index: Int
  ) throws -> [String: ScriptValue] {
    let type = call.type(index)
    if type == .none || type == .nil { return [:] }
    let value = try call.value(index)
    if let sole = operation.soleField, try !isTable(value) || isList(value, for: sole) {
      return [sole.name: ScriptValue(value, sole.name)]
    }
    guard case .table(let table) = value else {
      throw ImagineError(
        .validation, "\(operation.name): a \(type) is not allowed (expected a table of fields)")
    }
    let names = operation.operation.fields.map(\.name)
    let fields = try table.fields(known: names, of: operation.name)
    return Dictionary(
      uniqueKeysWithValues: fields.map { ($0.key, ScriptValue($0.value, $0.key)) })
  }

  private static func isTable(_ value: LuaValue) -> Bool {
    if case .table = value { true } else { false }
  }

  /// Whether a table is the list that a field takes.
  private static func isList(_ value: LuaValue, for field: Field) throws -> Bool {
    guard case .table(let table) = value, field.maxImages > 1 else { return false }
    return try table.get(1) != .nil
  }
}

extension SaveOptions {
  /// Reads the options of `save`.
  init(_ call: borrowing LuaCall, _ index: Int) throws {
    let options = try Options(call, index, of: "save", allowed: SaveField.all.map(\.name))
    self.init()
    quality = try options.integer(SaveField.quality)
    maxBytes = try options.integer(ConversionField.maxBytes)
    minQuality = try options.integer(ConversionField.minQuality)
    background = try options.value(of: ConversionField.background)?.text
      .flatMap(PictureColor.init)
    hasMetadata = try options.boolean(SaveField.metadata.name) ?? true
    overwrite = try Overwrite(options)
  }
}

extension SaveOptions.Overwrite {
  init(_ options: Options) throws {
    switch try options.anyValue(SaveField.overwrite.name) {
    case nil, .flag(true)?, .text("true")?: self = .replace
    case .flag(false)?, .text("false")?: self = .refuse
    case .text("number")?: self = .number
    case let value?:
      throw ImagineError.invalid(
        field: SaveField.overwrite.name, given: value.quoted,
        expected: SaveField.overwrite.expectation)
    }
  }
}
