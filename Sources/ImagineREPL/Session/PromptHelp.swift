/// The help that the prompt has of its own.
enum PromptHelp {
  static let commands: [(name: String, usage: String, meaning: String)] = [
    ("help", "", "this page"),
    ("jobs", "", "the tasks that run behind the prompt"),
    ("cancel", "N", "cancel task N"),
    ("runs", "", "the runs of this home"),
    ("spent", "", "what this session has spent"),
    ("all", "", "print the last value whole"),
    ("save", "FILE", "write the statements of this session to a script"),
    ("quit", "", "leave"),
  ]

  static var page: String {
    var text = """
      Type Lua. An expression prints its value; Enter adds a line while a statement is not complete.

        imagine.generate "a red fox"     makes an image
        help(imagine.generate)           explains a function or a value; so does ?imagine.generate
        _  __  ___                       the last three values

      Tab completes, Ctrl-R searches the history, Alt-Enter adds a line, Ctrl-C stops a statement,
      Ctrl-D leaves. Tasks that a statement has started go on behind the prompt.


      """
    for command in commands {
      let head = command.usage.isEmpty ? ":\(command.name)" : ":\(command.name) \(command.usage)"
      text +=
        "  \(head)\(String(repeating: " ", count: max(1, 16 - head.count)))\(command.meaning)\n"
    }
    return text
  }
}
