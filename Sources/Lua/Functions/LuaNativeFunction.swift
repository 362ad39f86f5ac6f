import CLua

/// A function written in Swift that Lua can call. Any number of states can share it.
///
/// ```swift
/// try state.globals.set("add", to: LuaNativeFunction { call in
///   call.results(try call.number(1) + call.number(2))
/// })
/// ```
///
/// An error that it throws is raised in the script: see ``LuaErrorConvertible`` and
/// ``LuaArgumentError``.
public struct LuaNativeFunction: Sendable {
  let body: FunctionBody

  init(_ body: FunctionBody) {
    self.body = body
  }

  /// A function that returns its results.
  public init(_ body: @escaping @Sendable (borrowing LuaCall) throws -> LuaResults) {
    self.body = PlainFunction(body)
  }

  /// A function whose results come later. `body` reads the arguments on the Lua thread and returns
  /// the work; the calling task waits for it while other tasks run.
  public static func async(
    _ body: @escaping @Sendable (borrowing LuaCall) throws -> LuaAsyncCall
  ) -> LuaNativeFunction {
    LuaNativeFunction(AsyncFunction(body))
  }
}

extension LuaNativeFunction: LuaPushable {
  public func push(to state: LuaState) throws {
    let stack = try state.runningStack()
    let context = Unmanaged.passRetained(body)
    let status = clua_push_function(stack, body.entry, releaseFunction, context.toOpaque())
    if status != LUA_OK {
      context.release()
      throw state.takeError(status, stack)
    }
  }
}

/// The implementation of a native function.
///
/// `@unchecked Sendable`: subclasses are immutable.
class FunctionBody: @unchecked Sendable {
  /// Returns the number of pushed results, or a code for the trampoline.
  func invoke(_ stack: OpaquePointer) -> Int32 { 0 }

  /// The C entry point of ``invoke(_:)``.
  var entry: clua_invoke { invokeFunction }
}

private let invokeFunction: clua_invoke = { context, stack in
  guard let context, let stack else { return 0 }
  return Unmanaged<FunctionBody>.fromOpaque(context)._withUnsafeGuaranteedRef { $0.invoke(stack) }
}

/// The same without dynamic dispatch, for the most frequent class.
private let invokePlainFunction: clua_invoke = { context, stack in
  guard let context, let stack else { return 0 }
  return Unmanaged<PlainFunction>.fromOpaque(context)._withUnsafeGuaranteedRef {
    $0.invoke(stack)
  }
}

private let releaseFunction: clua_release = { context in
  guard let context else { return }
  Unmanaged<FunctionBody>.fromOpaque(context).release()
}

final class PlainFunction: FunctionBody, @unchecked Sendable {
  private let body: @Sendable (borrowing LuaCall) throws -> LuaResults

  init(_ body: @escaping @Sendable (borrowing LuaCall) throws -> LuaResults) {
    self.body = body
  }

  override var entry: clua_invoke { invokePlainFunction }

  override func invoke(_ stack: OpaquePointer) -> Int32 {
    do {
      return try body(LuaCall(stack)).count
    } catch {
      return raise(error, stack)
    }
  }

  @inline(never)
  private func raise(_ error: any Error, _ stack: OpaquePointer) -> Int32 {
    LuaState.of(stack).pushError(error, stack)
  }
}

final class AsyncFunction: FunctionBody, @unchecked Sendable {
  private let body: @Sendable (borrowing LuaCall) throws -> LuaAsyncCall

  init(_ body: @escaping @Sendable (borrowing LuaCall) throws -> LuaAsyncCall) {
    self.body = body
  }

  override func invoke(_ stack: OpaquePointer) -> Int32 {
    let state = LuaState.of(stack)
    do {
      return try state.begin(body(LuaCall(stack)), stack)
    } catch {
      return state.pushError(error, stack)
    }
  }
}
