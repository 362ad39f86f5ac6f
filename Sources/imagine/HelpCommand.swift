import ArgumentParser
import ImagineAPI
import ImagineScripting
import Lua

/// `imagine help`: a start page, or what there is to know about one operation or function of
/// scripts. `imagine help COMMAND` is the command's `--help`.
enum HelpCommand {
  /// - Parameter words: the words after `help`; options, which do not change it, come last.
  /// - Returns: the exit code.
  static func run(_ words: [String]) -> Int32 {
    guard let word = words.first, !word.hasPrefix("-") else { return Subcommand.writing(startPage) }
    guard let page = HelpPage.text(word) else {
      let names = HelpPage.topics + CommandLineOrder.commandNames
      let hint = Spelling.nearest(to: word, among: names).map { "; did you mean '\($0)'?" } ?? ""
      Notice.write("there is no help on '\(word)'\(hint) (imagine help lists the topics)")
      return ExitCode.validationFailure.rawValue
    }
    let command = Verb.named(word).map {
      "\n\nThe command 'imagine \($0.name)' does this from a shell: imagine \($0.name) --help"
    }
    return Subcommand.writing(page + (command ?? ""))
  }

  private static var startPage: String {
    """
    usage: imagine [options] [script [args]]

    Runs Lua scripts that generate images and videos. In a script:

      imagine.generate{ prompt = "a cat on a sofa", seed = 7 }:save("cat.png")

    Functions of scripts (imagine help NAME prints fields, defaults, prices and an example):
    \(HelpTopic.index)

    The library and values (imagine help NAME, or one function: fs.read, Image:save):
      \(HelpPage.libraryNames.joined(separator: ", "))
    \(ScriptCommand.commands)

    'imagine --help' lists the options; 'imagine describe' prints all of this as one page.
    """
  }
}
