import ImagineAPI
import Lua

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Moves options before a command behind it: `imagine --provider openai doctor` becomes `imagine
/// doctor --provider openai`.
enum CommandLineOrder {
  private static let commands: Set<LuaString> = [
    "run", "repl", "serve", "jobs", "show", "rerun", "plan", "runs", "cache", "doctor", "help",
    "describe", "models", "comfy", "spent", "init",
  ]
  /// Commands whose options precede a script. Those of a verb may stand anywhere before `--`.
  private static let scriptCommands: Set<LuaString> = ["run", "repl", "plan"]

  static var commandNames: [String] { (commands.map(\.text) + Verb.all.map(\.name)).sorted() }

  private static func isCommand(_ word: LuaString) -> Bool {
    commands.contains(word) || Verb.named(word.text) != nil
  }

  /// The arguments with the command first; `help COMMAND` becomes `COMMAND --help`.
  static func arranged(_ words: [LuaString]) -> [LuaString] {
    let words = commandFirst(words)
    guard asksForHelp(words), words.count > 2, isCommand(words[2]),
      // The page of an operation names the command of the same name.
      Verb.named(words[2].text).map({ HelpTopic.named($0.name) == nil }) ?? true
    else { return words }
    return words[2] == "help" ? Array(words.prefix(2)) : [words[0], words[2], "--help"]
  }

  /// Whether the command is `help`, and no script has that name.
  static func asksForHelp(_ words: [LuaString]) -> Bool {
    words.count > 1 && words[1] == "help" && access("help", F_OK) != 0
  }

  /// The arguments with the command first; unchanged if no command follows the host's own options,
  /// or a file has its name.
  ///
  /// - Parameter flags: further options that precede the command.
  static func commandFirst(_ words: [LuaString], flags: Set<String> = []) -> [LuaString] {
    guard words.count > 2, words[1].text.hasPrefix("--") else { return words }
    var index = 1
    while index < words.count {
      let parts = words[index].text.split(separator: "=", maxSplits: 1)
      guard let name = parts.first.map(String.init),
        let takesValue = flags.contains(name) ? false : ScriptCommand.hostOptions[name]
      else { break }
      index += takesValue && parts.count == 1 ? 2 : 1
    }
    guard index > 1, index < words.count, isCommand(words[index]),
      access(words[index].text, F_OK) != 0
    else { return words }
    let (options, rest) = (words[1..<index], words[(index + 1)...])
    return scriptCommands.contains(words[index]) || Verb.named(words[index].text) != nil
      ? [words[0], words[index]] + options + rest : [words[0], words[index]] + rest + options
  }
}
