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
        help(imagine.generate)           explains a function; so does ?imagine.generate
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

  /// A line for each of Lua's own functions.
  static let lua: [String: String] = [
    "assert": "raises an error if its first argument is false or nil",
    "collectgarbage": "controls the garbage collector", "dofile": "runs a file",
    "error": "raises an error", "getmetatable": "the metatable of a value",
    "ipairs": "goes through a list: for i, value in ipairs(list)",
    "load": "compiles a chunk", "next": "the next key of a table",
    "pairs": "goes through a table: for key, value in pairs(table)",
    "pcall": "calls a function and returns false and the error if it raises",
    "print": "writes values and a newline", "rawequal": "== without metamethods",
    "rawget": "a field without metamethods", "rawset": "sets a field without metamethods",
    "require": "loads a module", "select": "arguments from a position on",
    "setmetatable": "sets the metatable of a table", "tonumber": "the number in a text",
    "tostring": "the text of a value", "type": "the type of a value, as text",
    "xpcall": "pcall with a message handler",
  ]
}
