import Testing

@testable import Lua

/// Runs a chunk in a new interpreter and returns its results.
@discardableResult
func runLua(
  _ source: String, configuration: LuaConfiguration = LuaConfiguration(),
  with functions: KeyValuePairs<String, LuaNativeFunction> = [:]
) async throws -> [LuaValue] {
  let interpreter = try LuaInterpreter(configuration: configuration)
  defer { interpreter.close() }
  let functions = functions.map { ($0.key, $0.value) }
  return try await interpreter.run { state in
    for (name, function) in functions { try state.globals.set(name, to: function) }
    return try state.run(source, name: "=test")
  }
}

/// The error of a chunk.
func luaError(
  _ source: String, configuration: LuaConfiguration = LuaConfiguration(),
  with functions: KeyValuePairs<String, LuaNativeFunction> = [:]
) async throws -> LuaError {
  do {
    _ = try await runLua(source, configuration: configuration, with: functions)
  } catch let error as LuaError {
    return error
  }
  throw Unexpected("the chunk raised nothing")
}

struct Unexpected: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}

/// A value that a test's closures share.
///
/// `@unchecked Sendable`: only the Lua thread uses it, and the test after that.
final class Shared<Value>: @unchecked Sendable {
  var value: Value
  init(_ value: Value) { self.value = value }
}

/// Asynchronous functions for scripts.
enum Host {
  /// Returns its argument after some suspensions.
  static let echo = LuaNativeFunction.async { call in
    let value = try call.value(1)
    return LuaAsyncCall {
      for _ in 0..<3 { await Task.yield() }
      return value
    }
  }

  /// Returns its argument without suspending.
  static let now = LuaNativeFunction.async { call in
    let value = try call.value(1)
    return LuaAsyncCall { value }
  }

  /// Returns its argument as a known result.
  static let ready = LuaNativeFunction.async { call in
    LuaAsyncCall(ready: try call.results(call.value(1)))
  }

  /// Throws after a suspension.
  static let fail = LuaNativeFunction.async { _ in
    LuaAsyncCall(work: { () async throws -> Int in
      await Task.yield()
      throw Unexpected("the host failed")
    })
  }

  /// Waits until it is cancelled.
  static let never = LuaNativeFunction.async { _ in
    LuaAsyncCall(work: { () async throws -> Int in
      try await Task.sleep(for: .seconds(3600))
      return 0
    })
  }
}
