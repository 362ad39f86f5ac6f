import CLua

/// A function written in Swift, for Lua to call. It can be given to any number of states.
///
/// ```swift
/// try state.globals.set("add", to: LuaNativeFunction { call in
///   call.results(try call.number(1) + call.number(2))
/// })
/// ```
///
/// What it throws, a script sees as an error: see ``LuaErrorConvertible`` and
/// ``LuaArgumentError``.
public struct LuaNativeFunction: Sendable {
  let body: FunctionBody

  init(_ body: FunctionBody) {
    self.body = body
  }

  /// A function that has its results when it returns.
  public init(_ body: @escaping @Sendable (borrowing LuaCall) throws -> LuaResults) {
    self.body = PlainFunction(body)
  }

  /// A function whose results come later. On the thread of Lua it reads its arguments and
  /// says what has to be done; the script waits for that, and other tasks go on.
  public static func async(
    _ body: @escaping @Sendable (borrowing LuaCall) throws -> LuaAsyncCall
  ) -> LuaNativeFunction {
    LuaNativeFunction(AsyncFunction(body))
  }
}

extension LuaNativeFunction: LuaPushable {
  public func push(to state: LuaState) throws {
    let stack = try state.enter()
    let context = Unmanaged.passRetained(body)
    let status = clua_push_function(stack, body.entry, releaseFunction, context.toOpaque())
    if status != LUA_OK {
      context.release()
      throw state.takeError(status, stack)
    }
  }
}

/// What a function of ours does when Lua calls it.
class FunctionBody: @unchecked Sendable {
  /// Returns the number of results on the stack, or a code for the trampoline. Subclasses
  /// are immutable, which is why this class may be `Sendable`.
  func invoke(_ stack: OpaquePointer) -> Int32 { 0 }

  /// What C calls to get there.
  var entry: clua_invoke { invokeFunction }
}

private let invokeFunction: clua_invoke = { context, stack in
  guard let context, let stack else { return 0 }
  return Unmanaged<FunctionBody>.fromOpaque(context)._withUnsafeGuaranteedRef { $0.invoke(stack) }
}

/// The same without a look at the class: the most frequent kind has a shorter way.
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
