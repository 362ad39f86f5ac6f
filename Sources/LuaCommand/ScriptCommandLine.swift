import Lua

/// The parsed arguments of the command, as lua 5.4.4 parses them.
struct ScriptCommandLine {
  /// The options that run before the script, in order.
  enum Step: Equatable {
    case execute(LuaString)
    case require(LuaString)
    case warnings
  }

  /// A usage error, in Lua's words.
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  let arguments: [LuaString]
  private(set) var steps: [Step] = []
  /// The index of the script's name; the number of arguments if there is none.
  private(set) var script: Int
  private(set) var isInteractive = false
  private(set) var showsVersion = false
  private(set) var executes = false
  private(set) var ignoresEnvironment = false

  /// Parses the arguments and applies the host's options to `command`.
  init(_ arguments: [LuaString], command: inout LuaCommand) throws {
    self.arguments = arguments
    script = arguments.count
    var index = 1
    while index < arguments.count {
      let argument = arguments[index]
      guard argument.isOption else { break }
      if argument == "-" { break }
      if argument == "--" {
        index += 1
        break
      }
      try read(argument, &index, &command)
      index += 1
    }
    script = min(index, arguments.count)
  }

  /// Whether the script is standard input: `-`, except after `--`.
  var scriptIsStandardInput: Bool {
    script < arguments.count && arguments[script] == "-" && arguments[script - 1] != "--"
  }

  /// The script and its arguments.
  var invocation: LuaCommand.Invocation {
    LuaCommand.Invocation(
      script: script < arguments.count && !scriptIsStandardInput ? arguments[script] : nil,
      arguments: Array(arguments.dropFirst(script + 1)))
  }

  private mutating func read(
    _ argument: LuaString, _ index: inout Int, _ command: inout LuaCommand
  ) throws {
    let text = argument.text
    if text.hasPrefix("--"), argument.validText == nil {
      throw Failure(description: "unrecognized option '\(text)', or a value that is not UTF-8")
    }
    if text.hasPrefix("--") { return try readLong(text, &index, &command) }
    let rest = Array(argument.bytes.dropFirst(2))
    switch text.dropFirst().first {
    case "e":
      executes = true
      steps.append(.execute(try value(rest, text, &index)))
    case "l":
      steps.append(.require(try value(rest, text, &index)))
    case "E" where rest.isEmpty: ignoresEnvironment = true
    case "W" where rest.isEmpty: steps.append(.warnings)
    case "i" where rest.isEmpty:
      isInteractive = true
      showsVersion = true
    case "v" where rest.isEmpty: showsVersion = true
    default: throw Failure(description: "unrecognized option '\(text)'")
    }
  }

  private func value(_ rest: [UInt8], _ option: String, _ index: inout Int) throws -> LuaString {
    if !rest.isEmpty { return LuaString(rest) }
    guard index + 1 < arguments.count, !arguments[index + 1].isOption else {
      throw Failure(description: "'\(option)' needs argument")
    }
    index += 1
    return arguments[index]
  }

  private func readLong(
    _ argument: String, _ index: inout Int, _ command: inout LuaCommand
  ) throws {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    guard let option = command.options.first(where: { $0.name == name }) else {
      throw Failure(description: "unrecognized option '\(argument)'")
    }
    var value = ""
    if option.valueName != nil {
      if parts.count == 2 {
        value = String(parts[1])
      } else if index + 1 < arguments.count {
        index += 1
        guard let text = arguments[index].validText else {
          throw Failure(description: "the value of '\(name)' is not UTF-8")
        }
        value = text
      } else {
        throw Failure(description: "'\(name)' needs argument")
      }
    } else if parts.count == 2 {
      throw Failure(description: "'\(name)' takes no argument")
    }
    do {
      try option.apply(value, &command)
    } catch {
      throw Failure(description: "\(name): \(error)")
    }
  }
}

extension LuaString {
  /// Whether it begins with a dash.
  fileprivate var isOption: Bool { bytes.first == UInt8(ascii: "-") }
}
