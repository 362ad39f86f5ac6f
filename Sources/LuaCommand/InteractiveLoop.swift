import Lua

/// Reads statements from standard input, runs them and prints the values of expressions.
struct InteractiveLoop {
  private let runner: ScriptRunner

  init(runner: ScriptRunner) {
    self.runner = runner
    self.inner = runner.interactive
  }

  /// Reports errors without the program name.
  private let inner: ScriptRunner

  /// Thrown by Ctrl-C at a prompt.
  private struct StatementCancelled: Error {}

  func run() {
    while runner.signals.endingSignal == nil {
      do {
        guard let first = try readLine(isFirst: true) else { break }
        try evaluate(first)
      } catch {
        continue  // The error was reported, or the statement was cancelled.
      }
    }
    Console.write("\n")
  }

  /// Shows the prompt and reads a line. If standard input is no terminal it echoes the line, so that
  /// the output reads as a session.
  private func readLine(isFirst: Bool) throws -> [UInt8]? {
    let isTerminal = Console.inputIsTerminal
    let prompt = prompt(isFirst: isFirst)
    if !isTerminal {
      Console.write(prompt)
    } else if !runner.signals.waitForInput(at: prompt) {
      Console.write("\n")
      throw StatementCancelled()
    }
    // A terminal delivers whole lines, so the stream buffer is empty when `poll` waits.
    guard let line = runner.signals.whileReadingInput(Console.readLine) else { return nil }
    if !isTerminal { Console.write(line + [UInt8(ascii: "\n")]) }
    return line
  }

  private func prompt(isFirst: Bool) -> String {
    let standard = isFirst ? "> " : ">> "
    let text = try? inner.interpreter.runBlocking { state -> String? in
      let value = try state.globals.get(isFirst ? "_PROMPT" : "_PROMPT2")
      return value == .nil ? nil : try state.displayText(of: value)
    }
    return (text ?? nil) ?? standard
  }

  private func evaluate(_ first: [UInt8]) throws {
    let source =
      first.first == UInt8(ascii: "=") ? Array("return ".utf8 + first.dropFirst()) : first
    let chunk = try compile(source)
    try inner.run { state in
      let results = try chunk.call([])
      if results.isEmpty { return }
      do {
        guard case .function(let print) = try state.globals.get("print") else {
          throw LuaError("attempt to call a nil value")
        }
        try print.call(results)
      } catch let error as LuaError {
        throw LuaError("error calling 'print' (\(error.message))")
      }
    }
  }

  /// Compiles an expression, else a statement, reading more lines while it is incomplete.
  private func compile(_ first: [UInt8]) throws -> LuaFunction {
    let interpreter = inner.interpreter
    let expression = Array("return ".utf8) + first + ";".utf8
    if let chunk = try? interpreter.runBlocking({ try $0.load(expression, name: "=stdin") }) {
      return chunk
    }
    var source = first
    while true {
      do {
        let text = source
        return try interpreter.runBlocking { try $0.load(text, name: "=stdin") }
      } catch {
        guard let problem = error as? LuaError, problem.kind == .syntax,
          problem.message.hasSuffix("<eof>"), let line = try readLine(isFirst: false)
        else {
          inner.report(error)
          throw error
        }
        source += "\n".utf8 + line
      }
    }
  }
}
