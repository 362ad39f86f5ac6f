public import ImagineAPI
import ImagineRuns
import ImagineStdlib
public import Lua
import Synchronization

/// An error of `imagine.*` in a script: a value with fields.
final class ErrorObject: Sendable {
  let error: ImagineError
  /// The script's line, such as `batch.lua:3: `; empty if it is not known.
  let position: String
  let traceback: String
  /// The results finished before the error; `task.map` sets them.
  let results = Mutex(LuaValue.nil)

  /// Creates an error that is raised now.
  init(_ error: ImagineError, in state: LuaState) throws {
    self.error = error
    position = try state.scriptPosition()
    traceback = try state.traceback(level: 1)
  }
}

extension ErrorObject: LuaUserdata {
  static let luaType = LuaUserdataType<ErrorObject>(name: "imagine.error") { type in
    type.property("kind") { $0.error.kind.rawValue }
    type.property("code") { $0.error.code }
    type.property("status") { $0.error.status }
    type.property("name") { $0.error.name }
    type.property("message") { $0.error.message }
    type.property("field") { $0.error.field }
    type.property("allowed") { $0.error.allowed }
    type.property("retryable") { $0.error.retryable }
    type.property("charged") { $0.error.charged.rawValue }
    type.property("endpoint") { $0.error.endpoint }
    type.property("job") { $0.error.job }
    type.property("results") { error in
      error.results.withLock { $0 }
    } set: { error, results in
      error.results.withLock { $0 = results }
    }
    type.property("traceback") { $0.traceback }
    // The text may come from a service and end on a terminal.
    type.description { $0.position + $0.error.description.printable }
  }
}

extension ErrorObject: LuaErrorCarrier {
  var underlyingError: any Error { error }
}

extension ImagineError: LuaErrorConvertible {
  public func luaErrorValue(in state: LuaState) throws -> LuaValue {
    try state.userdata(ErrorObject(self, in: state), ErrorObject.luaType)
  }
}

extension PartialFailure: LuaErrorConvertible {
  func luaErrorValue(in state: LuaState) throws -> LuaValue {
    let object = try ErrorObject(error, in: state)
    let list = try state.makeTable(list: images.count)
    for image in images { try list.append(image) }
    object.results.withLock { $0 = .table(list) }
    return try state.userdata(object, ErrorObject.luaType)
  }
}

extension LuaState {
  /// The innermost line of the script itself, outside the host's modules; empty if there is none.
  fileprivate func scriptPosition() throws -> String {
    let ours = StandardLibrary.moduleNames + StandardLibrary.partNames + ["imagine"]
    for level in 1...20 {
      let position = try position(level: level)
      let isOurs = ours.contains { position.hasPrefix("[\($0)]:") }
      if !position.isEmpty && !isOurs { return position }
    }
    return ""
  }
}
