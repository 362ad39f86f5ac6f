import ImagineAPI
import Lua

extension Verb {
  /// The operation that words name, wherever it stands: by `--operation`, whose last one counts, or by
  /// the first word that is no option. Nil if they name none. It need not be one of the verb's.
  func operation(in words: [LuaString]) -> String? {
    var named: String?
    var index = 0
    let takesWord = if case .word = choice { true } else { false }
    while index < words.count {
      let word = words[index]
      index += 1
      if word.text == "--" {
        return takesWord && index < words.count ? words[index].fieldName : named
      }
      guard let option = OptionWord(word) else {
        if takesWord { return word.fieldName }
        continue
      }
      var value = option.value
      if value == nil, index < words.count, option.takes(words[index], of: self) {
        value = words[index]
        index += 1
      }
      if option.name == "--operation", let value, !takesWord { named = value.fieldName }
    }
    return named
  }

  /// What an operation gives: `image`, `job` or `numbers`.
  static func answer(of operation: String?) -> String {
    guard let operation else { return "image" }
    if let step = PictureOperation.named(operation) {
      return step.numbers.isEmpty ? "image" : "numbers"
    }
    return MediaOperation.named(operation)?.answer == .job ? "job" : "image"
  }
}

/// A word that is an option, in one of the forms `--name`, `--name=value`, `-n` and `-nvalue`.
struct OptionWord {
  /// With dashes, also if it is written with underscores, as fields are in scripts.
  let name: String
  /// The value in the same word.
  let value: LuaString?

  /// Nil for an operand; `-` is one.
  init?(_ word: LuaString) {
    let bytes = word.bytes
    guard bytes.first == UInt8(ascii: "-"), bytes.count > 1 else { return nil }
    if bytes[1] != UInt8(ascii: "-") {
      name = String(word.text.prefix(2))
      value = bytes.count > 2 ? LuaString(Array(bytes[2...])) : nil
    } else if let equals = bytes.firstIndex(of: UInt8(ascii: "=")) {
      name = LuaString(Array(bytes[..<equals])).text.optionName
      value = LuaString(Array(bytes[(equals + 1)...]))
    } else {
      name = word.text.optionName
      value = nil
    }
  }

  /// Whether the next word is its value. An unknown option may be a field of a provider in
  /// config.toml, of either kind.
  fileprivate func takes(_ next: LuaString, of verb: Verb) -> Bool {
    if name == "-h" || name == "--help" { return false }
    if let option = ScriptCommand.verbOptions.first(where: { $0.name == name }) {
      return option.takesValue
    }
    let own = VerbOptions(of: verb, operation: nil).all.first {
      $0.name == name || $0.letter == name.dropFirst().first && !name.hasPrefix("--")
    }
    if let own { return !own.isFlag }
    let known = Self.fields.filter { "--\($0.name.optionName)" == name }
    return known.isEmpty
      ? !next.text.hasPrefix("--") : known.contains { $0.kind != .flag }
  }

  /// The fields of all operations at all kinds of providers, and of steps.
  private static var fields: [Field] {
    MediaOperation.all.flatMap { $0.fields + CallField.all(for: $0) }
      + ProviderKind.allCases.flatMap(\.operations).flatMap(\.fields)
      + PictureOperation.all.flatMap(\.operation.fields)
  }
}

extension StringProtocol {
  /// The name of a field, which is written with dashes in a shell.
  var fieldName: String { String(map { $0 == "-" ? "_" : $0 }) }
  /// The name of a field as it is written in a shell.
  var optionName: String { String(map { $0 == "_" ? "-" : $0 }) }
}

extension LuaString {
  fileprivate var fieldName: String { text.fieldName }
}
