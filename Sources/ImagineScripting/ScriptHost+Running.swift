public import Lua
import Synchronization

extension ScriptHost {
  /// Makes a host, calls `body` with it, and shuts it down: the run is finished if `body` returns,
  /// and can be resumed if it throws.
  ///
  /// - Throws: what `body` throws; `ImagineError` of kind `io` if the journal or the recording
  ///   could not be written.
  public static func withHost<Output: Sendable>(
    _ configuration: Configuration, isolation: isolated (any Actor)? = #isolation,
    _ body: (ScriptHost) async throws -> Output
  ) async throws -> Output {
    let host = ScriptHost(configuration)
    let output: Output
    do {
      output = try await body(host)
      try host.finishRecording()
    } catch {
      // This error is the cause; what fails after it is told.
      do { try host.finishRecording(succeeded: false) } catch { configuration.notice("\(error)") }
      do { try await host.shutdown(succeeded: false) } catch { configuration.notice("\(error)") }
      throw error
    }
    try await host.shutdown()
    return output
  }

  /// Runs a script in a new state, and waits for the answers that it has paid for.
  ///
  /// - Parameters:
  ///   - source: the text of the script.
  ///   - name: the script's name in messages; `@` marks the name of a file.
  ///   - arguments: for the script, as `...` and in the table `arg`.
  ///   - timeLimit: after this the script is interrupted; the error's kind is `timeout`. Answers
  ///     that were paid for are waited for nevertheless.
  /// - Throws: `LuaError`; its `underlying` is the `ImagineError` if that is the cause.
  public func run(
    _ source: String, name: String = "=script", arguments: [String] = [],
    timeLimit: Duration? = nil
  ) async throws {
    try await run(source, name: name, arguments: arguments, timeLimit: timeLimit) { _, _ in }
  }

  /// Runs a script and reads its result as a type.
  ///
  /// ```swift
  /// struct Sheet: Decodable { var path: String; var seeds: [Int] }
  /// let sheet = try await host.run(source, reading: Sheet.self)
  /// ```
  ///
  /// - Throws: also `LuaError` whose message names the part of the result that has another shape,
  ///   as `LuaState.decode` describes, or if the script returns several values.
  public func run<Output: Decodable & Sendable>(
    _ source: String, name: String = "=script", arguments: [String] = [],
    timeLimit: Duration? = nil, reading type: Output.Type
  ) async throws -> Output {
    try await run(source, name: name, arguments: arguments, timeLimit: timeLimit) { state, values in
      guard values.count <= 1 else {
        throw LuaError("the script returned \(values.count) values, but one is read")
      }
      return try state.decode(type, from: values.first ?? .nil)
    }
  }

  /// Runs a script and reads its results with a closure, on the Lua thread, such as to take images:
  /// `try values.first?.userdata(Image.self)`.
  public func run<Output: Sendable>(
    _ source: String, name: String = "=script", arguments: [String] = [],
    timeLimit: Duration? = nil,
    reading: @escaping @Sendable (LuaState, [LuaValue]) throws -> Output
  ) async throws -> Output {
    let interpreter = try LuaInterpreter(configuration: configuration.lua)
    let result: Result<Output, any Error>
    do {
      let output = try await interpreter.run(timeLimit: timeLimit) { [self] state in
        try install(in: state)
        let script = try state.load(source, name: name)
        try state.globals.set("arg", to: Self.argumentTable(name, arguments, in: state))
        return try reading(state, script.call(arguments.map { .string($0) }))
      }
      result = .success(output)
    } catch {
      hasFailed.withLock { $0 = true }
      result = .failure(error)
    }
    await interpreter.waitForBackgroundWork()
    await interpreter.shutdown()
    return try result.get()
  }

  /// The table `arg`, as the command `lua` makes it: the script's name is at 0.
  private static func argumentTable(
    _ name: String, _ arguments: [String], in state: LuaState
  ) throws -> LuaTable {
    let table = try state.makeTable(list: arguments.count, fields: 1)
    let isMarked = name.hasPrefix("@") || name.hasPrefix("=")
    try table.set(0, to: isMarked ? String(name.dropFirst()) : name)
    for argument in arguments { try table.append(argument) }
    return table
  }
}
