import ImagineAPI
import ImagineRuns
import ImagineSystem
import Lua

extension PreparedCall {
  /// The asynchronous part of a script's call of an operation.
  ///
  /// The call is billed. If its task is cancelled after the send, the call continues in the
  /// background until its answer is stored; a call that was not sent yet is not sent.
  ///
  /// - Parameter returnsList: whether the script asked for a number of images.
  func asyncCall(returnsList: Bool) throws -> LuaAsyncCall {
    try Self.asyncCall(of: operation, returnsList: returnsList) { try await perform() }
  }

  static func asyncCall(
    of operation: MediaOperation, returnsList: Bool,
    perform: @escaping @Sendable () async throws -> CallValue
  ) throws -> LuaAsyncCall {
    try ProcessLimits.checkBeforeFirstCall()
    return LuaAsyncCall(whenCancelled: .stopInBackground, purpose: operation.title) {
      try await perform()
    } completion: { state, value in
      switch value {
      case .job(let job): try state.results(job)
      case .images(let images):
        returnsList ? try state.results(images) : try state.results(images.first)
      }
    }
  }
}

extension Workflow {
  /// Prepares a script's call; see ``Call/init(_:_:of:image:at:in:)``.
  func asyncCall(
    of operation: String, _ call: borrowing LuaCall, argument: Int, image: Image? = nil,
    provider: (any Provider)? = nil
  ) throws -> LuaAsyncCall {
    let wanted = try Call(call, argument, of: operation, image: image, at: provider, in: self)
    return try prepare(wanted).asyncCall(returnsList: wanted.count != nil)
  }

  /// The content of an asset as a Lua string; counts against the script's memory limit while it is
  /// read.
  func luaString(of asset: Asset, in state: LuaState) throws -> LuaString {
    let memory = try state.reserve(bytes: asset.byteCount)
    defer { memory.release() }
    return LuaString(try content(of: asset))
  }
}
