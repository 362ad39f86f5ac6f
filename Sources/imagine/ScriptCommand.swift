import ImagineREPL
import ImagineScripting
import Lua
import Synchronization

/// Scripts, `-e` and the REPL: the command `lua` with `imagine.*` in it.
enum ScriptCommand {
  /// - Returns: the exit code.
  static func run(arguments: [String]) -> Int32 {
    let settings = Settings()
    var command = LuaCommand()
    command.options += options(settings)
    // The options have been read when the first state is prepared.
    let host = Once { settings.makeHost() }
    command.prepare = { state in try host.value.install(in: state) }
    command.atEnd = { interpreter in
      tellOfBackgroundWork(interpreter)
      interpreter.waitForBackgroundWorkBlocking()
      host.ifMade { host in
        host.tellWhatWasDrawn()
        finishRecording(host)
        host.close()
      }
    }
    command.whenAbandoned = { interpreter in
      interpreter.abandonBackgroundWork()
      host.ifMade { $0.close() }
    }
    return command.run(arguments: arguments)
  }

  private static func options(_ settings: Settings) -> [LuaCommand.Option] {
    [
      LuaCommand.Option("--provider", valueName: "NAME", help: "draw with this provider") {
        name, _ in
        settings.provider.withLock { $0 = name }
      },
      LuaCommand.Option("--record", valueName: "FILE", help: "record every answer in this file") {
        path, _ in
        settings.record.withLock { $0 = path }
      },
      LuaCommand.Option(
        "--replay", valueName: "FILE", help: "take every answer from a recording, and send nothing"
      ) { path, _ in
        settings.replay.withLock { $0 = path }
      },
      LuaCommand.Option("--verbose", help: "log each request on stderr") { _, _ in
        settings.isVerbose.withLock { $0 = true }
      },
    ]
  }

  private static func finishRecording(_ host: ScriptHost) {
    do { try host.finishRecording() } catch { Notice.write("\(error)") }
  }

  private static func tellOfBackgroundWork(_ interpreter: LuaInterpreter) {
    let count = interpreter.backgroundWorkCount
    guard count > 0 else { return }
    let answers = count == 1 ? "1 answer that is" : "\(count) answers that are"
    Notice.write("waiting for \(answers) paid for; Ctrl-C abandons them")
  }
}

/// What the host's own options said.
private final class Settings: Sendable {
  let provider = Mutex<String?>(nil)
  let record = Mutex<String?>(nil)
  let replay = Mutex<String?>(nil)
  let isVerbose = Mutex(false)

  func makeHost() -> ScriptHost {
    Program.makeHost(
      provider: provider.withLock { $0 }, isVerbose: isVerbose.withLock { $0 },
      record: record.withLock { $0 }, replay: replay.withLock { $0 })
  }
}

/// A value that is made when it is first asked for.
private final class Once<Value: Sendable>: Sendable {
  private let made = Mutex<Value?>(nil)
  private let make: @Sendable () -> Value

  init(_ make: @escaping @Sendable () -> Value) {
    self.make = make
  }

  var value: Value {
    made.withLock { made in
      if let made { return made }
      let value = make()
      made = value
      return value
    }
  }

  func ifMade(_ body: (Value) -> Void) {
    if let value = made.withLock({ $0 }) { body(value) }
  }
}
