import CLua

extension LuaNativeFunction {
  /// A function of Swift values: the types decide how arguments are read and results pushed. A
  /// tuple becomes several results.
  ///
  /// ```swift
  /// try state.globals.set("hypot", to: .typed { (x: Double, y: Double) in
  ///   (x * x + y * y).squareRoot()
  /// })
  /// ```
  ///
  /// Use `Double` or `Int` for numbers, `String` or (for bytes) ``LuaString`` for strings, and
  /// optionals for values that may be `nil`.
  @inlinable
  public static func typed<each Argument: LuaReadable, each Output: LuaPushable>(
    _ body: @escaping @Sendable (repeat each Argument) throws -> (repeat each Output)
  ) -> LuaNativeFunction {
    LuaNativeFunction { call in
      var reader = ArgumentReader(stack: call.stack)
      let output = try body(repeat try reader.next((each Argument).self))
      return try ResultWriter.results(call, repeat each output)
    }
  }

  /// The same, with one result.
  @inlinable
  public static func typed<each Argument: LuaReadable, Output: LuaPushable>(
    _ body: @escaping @Sendable (repeat each Argument) throws -> Output
  ) -> LuaNativeFunction {
    LuaNativeFunction { call in
      var reader = ArgumentReader(stack: call.stack)
      let output = try body(repeat try reader.next((each Argument).self))
      try output.pushResult(of: call)
      return LuaResults(count: 1)
    }
  }

  /// The same, with one argument; faster than a parameter pack.
  @inlinable
  public static func typed<Argument: LuaReadable, Output: LuaPushable>(
    _ body: @escaping @Sendable (Argument) throws -> Output
  ) -> LuaNativeFunction {
    LuaNativeFunction { call in
      try body(try .readArgument(1, of: call)).pushResult(of: call)
      return LuaResults(count: 1)
    }
  }

  /// The same, with two arguments.
  @inlinable
  public static func typed<First: LuaReadable, Second: LuaReadable, Output: LuaPushable>(
    _ body: @escaping @Sendable (First, Second) throws -> Output
  ) -> LuaNativeFunction {
    LuaNativeFunction { call in
      try body(try .readArgument(1, of: call), try .readArgument(2, of: call)).pushResult(of: call)
      return LuaResults(count: 1)
    }
  }

  /// An `async` function of Swift values. It runs on the Lua thread until its first suspension, so
  /// it must not block.
  ///
  /// ```swift
  /// try state.globals.set("fetch", to: .typedAsync { (address: String) in
  ///   try await client.fetch(address)
  /// })
  /// ```
  public static func typedAsync<
    each Argument: LuaReadable & Sendable, Output: LuaPushable & Sendable
  >(
    whenCancelled: LuaAsyncCall.Cancellation = .abort, purpose: String = "the host",
    _ body: @escaping @Sendable (repeat each Argument) async throws -> Output
  ) -> LuaNativeFunction {
    .async { call in
      var reader = ArgumentReader(stack: call.stack)
      let arguments = (repeat try reader.next((each Argument).self))
      return LuaAsyncCall(whenCancelled: whenCancelled, purpose: purpose) {
        try await body(repeat each arguments)
      }
    }
  }
}

/// Reads the arguments of a call in order.
@usableFromInline
struct ArgumentReader {
  @usableFromInline let stack: OpaquePointer
  @usableFromInline var index = 0

  @inlinable
  init(stack: OpaquePointer) {
    self.stack = stack
  }

  @inlinable
  mutating func next<T: LuaReadable>(_ type: T.Type) throws -> T {
    index += 1
    return try T.readArgument(index, of: LuaCall(stack))
  }
}

@usableFromInline
enum ResultWriter {
  @inlinable
  static func results<each Output: LuaPushable>(
    _ call: borrowing LuaCall, _ output: repeat each Output
  ) throws -> LuaResults {
    var count: Int32 = 0
    for value in repeat each output {
      try value.pushResult(of: call)
      count += 1
    }
    return LuaResults(count: count)
  }
}
