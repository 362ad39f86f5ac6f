import ImagineCore
import Lua

/// An error of a library function, raised at the script's line, however deep in the library the
/// fault was found.
struct LibraryFault: LuaErrorConvertible {
  var error: ImagineError

  func luaErrorValue(in state: LuaState) throws -> LuaValue {
    try state.userdata(
      ErrorObject(
        error: error, position: state.scriptPosition(),
        traceback: state.traceback(level: 1)),
      ErrorObject.luaType)
  }

  /// What messages and tracebacks call a module's chunk.
  static func chunkName(ofModule module: String) -> String { "=[\(module)]" }
}

extension LuaState {
  /// The innermost line that is not the host's own.
  func scriptPosition() throws -> String {
    let ours = ScriptLibrary.moduleNames + ["imagine"]
    for level in 1...20 {
      let position = try position(level: level)
      let isOurs = ours.contains { position.hasPrefix("[\($0)]:") }
      if !position.isEmpty && !isOurs { return position }
    }
    return ""
  }
}

extension LibraryFault {
  /// What the modules in Lua raise their errors with, and how they find misspelt names.
  static let functions: KeyValuePairs<String, LuaNativeFunction> = [
    "fault": LuaNativeFunction { call in
      throw LibraryFault(
        error: ImagineError(
          .validation, try call.string(1), field: try call.optional(2, as: String.self)))
    },
    "nearest": LuaNativeFunction { call in
      try call.results(
        Spelling.nearest(to: call.string(1), among: call.get(2, as: [String].self)))
    },
  ]
}

extension LuaNativeFunction {
  /// A function of the library: its ``ImagineError`` is raised at the script's line.
  static func library(
    _ body: @escaping @Sendable (borrowing LuaCall) throws -> LuaResults
  ) -> LuaNativeFunction {
    LuaNativeFunction { call in
      do {
        return try body(call)
      } catch let error as ImagineError {
        throw LibraryFault(error: error)
      }
    }
  }
}
