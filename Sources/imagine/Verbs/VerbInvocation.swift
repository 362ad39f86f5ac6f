import ImagineAPI
import ImagineRuns
import ImagineScripting
import Lua

/// The parsed words of a verb.
struct VerbInvocation: Sendable {
  let verb: Verb
  /// Nil for a verb that has one operation.
  let operation: String?
  private(set) var operands: [LuaString] = []
  /// Of calls, by field name.
  private(set) var fields: [String: VerbValue] = [:]
  /// The verb's own options, by key.
  private(set) var options: [String: VerbValue] = [:]
  /// The host's options, in order.
  private(set) var hostOptions: [(name: String, value: String)] = []
  /// The words without the host's options: runs of the same words are attempts at the same work.
  private var words: [LuaString] = []

  /// A wrong command line.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// - Parameter words: after the verb's name.
  /// - Throws: ``Failure``; ``ImagineError`` for a value that an option does not take.
  init(_ verb: Verb, _ words: [LuaString]) throws {
    self.verb = verb
    operation = try Self.operation(of: verb, words)
    var parser = Parser(words, VerbOptions(of: verb, operation: operation), operation)
    try parser.parse()
    (operands, hostOptions, self.words) = (parser.operands, parser.hostOptions, parser.kept)
    if case .word = verb.choice { operands.removeFirst() }
    for (option, values) in parser.values {
      let value = try VerbValue(values, of: option)
      if parser.isOwn(option) {
        options[option.key] = try Self.checked(value, option)
      } else {
        fields[option.key] = value
      }
    }
    try checkOperation()
    try checkOperands()
    try checkPlace()
    try checkSaving()
  }

  private static func operation(of verb: Verb, _ words: [LuaString]) throws -> String? {
    let given = verb.operation(in: words)
    switch verb.choice {
    case .fields: return nil
    case .word(let names):
      if let given, names.contains(given) { return given }
      let hint =
        Spelling.nearest(to: given ?? "", among: names).map { "; did you mean '\($0)'?" } ?? ""
      throw Failure(
        description: "the first word is an operation\(hint) (one of: "
          + "\(names.map(\.optionName).joined(separator: ", ")))")
    case .option(let names):
      guard let given else { return names[0] }
      let field = Field("--operation", .choice(names), .optional, summary: "")
      return try field.value(of: .text(given)).text ?? given
    }
  }

  /// Own options are checked here; the fields of calls by the calls themselves.
  private static func checked(
    _ value: VerbValue, _ option: VerbOption
  ) throws -> VerbValue {
    guard case .text(let word) = value else { return value }
    switch option.key {
    case "output", "dir":
      guard !word.bytes.isEmpty else {
        throw Failure(description: "\(option.name) is empty")
      }
      return value
    case "format":
      guard let format = ImageFormat(pathExtension: word.text),
        ImageFormat.writable.contains(format)
      else { break }
      return .text(LuaString(format.rawValue))
    case "operation": return value
    default: break
    }
    let named = Field(option.name, option.field.kind, .optional, summary: "")
    return .value(try named.value(of: .text(word.text)))
  }

  /// The operation is found before options are known; here it must be the one that was parsed.
  private func checkOperation() throws {
    guard case .option(let names) = verb.choice else { return }
    var parsed = names[0]
    if case .text(let word)? = options["operation"] { parsed = word.text.fieldName }
    guard parsed == operation else {
      throw Failure(description: "--operation is not clear here; give it first")
    }
  }

  private func checkOperands() throws {
    if operands.filter({ $0.text == "-" }).count > 1 {
      throw Failure(description: "standard input, -, can be read once")
    }
    let wanted = verb.operands.dropFirst(verb.operands.count > 1 ? 1 : 0)
    guard let operand = wanted.first else { return }
    if operands.isEmpty { throw Failure(description: "\(operand.name) is missing") }
    if !operand.isMany, operands.count > 1 {
      throw Failure(
        description: "unexpected word '\(operands[1].text)' after \(operand.name): quote a text of"
          + " several words")
    }
  }

  private func checkPlace() throws {
    let (hasOutput, hasFolder) = (options["output"] != nil, options["dir"] != nil)
    switch verb.place {
    case _ where answer == "numbers":
      if hasOutput || hasFolder {
        throw Failure(description: "\(operation ?? "") prints numbers; it saves nothing")
      }
    case .output where !hasOutput: throw Failure(description: "-o FILE is missing")
    case .folder where !hasFolder: throw Failure(description: "--out FOLDER is missing")
    case .outputOrFolder where hasOutput == hasFolder:
      throw Failure(description: "give either -o FILE or --dir FOLDER")
    default: break
    }
  }

  /// The same check as when an image is saved, before anything is sent.
  private func checkSaving() throws {
    func number(_ field: Field) -> Int? {
      guard case .value(let value)? = options[field.name] else { return nil }
      return value.integer.map(Int.init)
    }
    var saving = SaveOptions()
    saving.quality = number(SaveField.quality)
    saving.maxBytes = number(ConversionField.maxBytes)
    saving.minQuality = number(ConversionField.minQuality)
    try saving.check()
  }
}

extension VerbInvocation {
  private var answer: String { Verb.answer(of: operation) }

  private var step: PictureOperation? { operation.flatMap(PictureOperation.named) }

  func isSet(_ option: String) -> Bool { options[option] == .value(.flag(true)) }

  /// What the journal finds the run by. It is the same work in the same folder alone.
  var script: Script {
    Script(
      path: Self.prefix + verb.name, arguments: words.map { String(fileNameBytes: $0.bytes) },
      folder: Program.folder)
  }

  private static let prefix = "imagine "

  /// The verb that a run in the journal is of.
  static func verb(of script: Script) -> Verb? {
    guard let path = script.path, path.hasPrefix(prefix) else { return nil }
    return Verb.named(String(path.dropFirst(prefix.count)))
  }

  /// Does the work, on the Lua thread.
  ///
  /// - Throws: the cause alone where it is the host's: nobody looks for lines of the library.
  func run(in state: LuaState, isPlan: Bool, isQuiet: Bool) throws {
    do {
      try work(in: state, isPlan: isPlan, isQuiet: isQuiet)
    } catch let error as LuaError {
      if let cause = error.underlying as? ImagineError {
        throw Failure(description: cause.description.printable)
      }
      guard error.kind == .interrupted || error.kind == .timeout else { throw error }
      // Without the line of the library that it came to.
      let parts = error.location == nil ? [] : error.message.split(separator: ":", maxSplits: 2)
      let message = parts.last.map { String($0.drop { $0 == " " }) } ?? error.message
      throw LuaError(message, kind: error.kind, underlying: error.underlying)
    }
  }

  private func work(in state: LuaState, isPlan: Bool, isQuiet: Bool) throws {
    guard case .function(let require) = try state.globals.get("require"),
      case .function(let work)? = try require.call([.string("imagine.verbs.\(verb.name)")]).first
    else { throw LuaError("the library has no module imagine.verbs.\(verb.name)") }
    let table = try state.makeTable(fields: 8)
    try table.set("plan", to: isPlan)
    try table.set("operation", to: operation)
    try table.set("answer", to: answer)
    try table.set("step", to: step != nil)
    try table.set("operands", to: state.makeTable(of: operands.map { .string($0) }))
    try table.set("fields", to: Self.table(of: fields, in: state))
    try table.set(
      "progress",
      to: LuaNativeFunction { call in
        let (done, failed, total) = (try call.integer(1), try call.integer(2), try call.integer(3))
        Program.progress?.items(done: Int(done), failed: Int(failed), of: Int(total))
        return .none
      })
    let options = try Self.table(of: options, in: state)
    try options.set("quiet", to: isQuiet)
    try table.set("options", to: options)
    try work.call([.table(table)])
  }

  private static func table(
    of values: [String: VerbValue], in state: LuaState
  ) throws -> LuaTable {
    let table = try state.makeTable(fields: values.count)
    for (name, value) in values { try table.set(name, to: value.luaValue(in: state)) }
    return table
  }
}

/// Reads words: options anywhere, in the forms `--name value`, `--name=value` and `-n value`; after
/// `--` all are operands.
private struct Parser {
  private let words: [LuaString]
  private let options: VerbOptions
  private let operation: String?
  private var index = 0
  private(set) var operands: [LuaString] = []
  private(set) var hostOptions: [(name: String, value: String)] = []
  private(set) var kept: [LuaString] = []
  private var found: [String: (option: VerbOption, values: [LuaString])] = [:]

  init(_ words: [LuaString], _ options: VerbOptions, _ operation: String?) {
    (self.words, self.options, self.operation) = (words, options, operation)
  }

  var values: [(VerbOption, [LuaString])] { found.values.map { ($0.option, $0.values) } }

  func isOwn(_ option: VerbOption) -> Bool { options.own.contains { $0.name == option.name } }

  mutating func parse() throws {
    while index < words.count {
      let word = words[index]
      let start = index
      index += 1
      if word.text == "--" {
        operands += words[index...]
        kept += words[start...]
        return
      }
      guard let option = OptionWord(word) else {
        operands.append(word)
        kept.append(word)
        continue
      }
      if try takeHostOption(option) { continue }
      if try !takeOption(option).isAboutRun { kept += words[start..<index] }
    }
  }

  private mutating func takeHostOption(_ word: OptionWord) throws -> Bool {
    let name = word.name
    guard let option = ScriptCommand.verbOptions.first(where: { $0.name == name }) else {
      return false
    }
    if option.takesValue {
      guard let value = try (word.value ?? value(of: name)).validText else {
        throw VerbInvocation.Failure(description: "the value of \(name) is not UTF-8")
      }
      hostOptions.append((name, value))
    } else if word.value == nil {
      hostOptions.append((name, ""))
    } else {
      throw VerbInvocation.Failure(description: "\(name) takes no value")
    }
    return true
  }

  private mutating func takeOption(_ word: OptionWord) throws -> VerbOption {
    let name = word.name
    let option = try option(name)
    if !name.hasPrefix("--"), word.value?.bytes.first == UInt8(ascii: "=") {
      throw VerbInvocation.Failure(description: "the value of \(name) follows a space, not '='")
    }
    let given: LuaString =
      if let value = word.value { value } else if option.isFlag { "true" } else {
        try value(of: name)
      }
    found[option.name, default: (option, [])].values.append(given)
    return option
  }

  private func option(_ name: String) throws -> VerbOption {
    let letter = name.hasPrefix("--") ? nil : name.dropFirst().first
    if let known = options.all.first(where: {
      letter == nil ? $0.name == name : $0.letter == letter
    }) {
      return known
    }
    // A field of a provider in config.toml.
    if letter == nil, let operation = operation.flatMap(MediaOperation.named) {
      let host = Program.makeHost()
      defer { host.close() }
      let field = host.knownFields(of: operation).map { VerbOption($0) }.first { $0.name == name }
      if let field { return field }
    }
    let names = options.all.map(\.name) + ScriptCommand.verbOptions.map(\.name)
    let hint = Spelling.nearest(to: name, among: names).map { "; did you mean '\($0)'?" } ?? ""
    throw VerbInvocation.Failure(description: "unknown option '\(name)'\(hint)")
  }

  private mutating func value(of name: String) throws -> LuaString {
    guard index < words.count else {
      throw VerbInvocation.Failure(description: "\(name) needs a value")
    }
    index += 1
    return words[index - 1]
  }
}
