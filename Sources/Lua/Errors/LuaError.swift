/// An error that Lua raised, or that using Lua caused.
public struct LuaError: Error, Sendable {
  /// What kind of error it is.
  public struct Kind: Hashable, Sendable, CustomStringConvertible {
    private enum Code {
      case runtime, syntax, memory, interrupted, cancelled, timeout, misuse, closed
    }
    private let code: Code

    /// A script, or a function that it called, raised an error.
    public static let runtime = Kind(code: .runtime)
    /// A chunk could not be compiled or read.
    public static let syntax = Kind(code: .syntax)
    /// Lua was out of memory or over its limit.
    public static let memory = Kind(code: .memory)
    /// ``LuaInterpreter/interrupt(_:)`` ended the script.
    public static let interrupted = Kind(code: .interrupted)
    /// A task, or the Swift task that waited for the run, was cancelled.
    public static let cancelled = Kind(code: .cancelled)
    /// `task.timeout` ended a function, or a time limit the run.
    public static let timeout = Kind(code: .timeout)
    /// A value was used off its interpreter's thread, or with another interpreter.
    public static let misuse = Kind(code: .misuse)
    /// The interpreter is closed.
    public static let closed = Kind(code: .closed)

    public var description: String { "\(code)" }
  }

  public var kind: Kind
  /// The error value, as `tostring` returns it.
  public var message: String
  /// The error value.
  public var value: LuaValue
  /// The Lua call stack, one call a line; `nil` if unknown.
  public var traceback: String?
  /// The Swift error that caused this one, if a Swift function threw.
  public var underlying: (any Error)?
  /// Whether a script's `__tostring` made the message: the command `lua` shows such a message
  /// without a traceback.
  public internal(set) var hasOwnText = false

  /// Makes an error. The value defaults to the message.
  public init(
    _ message: String, kind: Kind = .runtime, value: LuaValue? = nil, traceback: String? = nil,
    underlying: (any Error)? = nil
  ) {
    self.kind = kind
    self.message = message
    self.value = value ?? .string(message)
    self.traceback = traceback
    self.underlying = underlying
  }

  /// The chunk and the line that the message begins with, as in `script.lua:3: …`.
  public var location: (chunk: String, line: Int)? {
    let parts = message.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, let line = Int(parts[1]) else { return nil }
    return (String(parts[0]), line)
  }
}

extension LuaError: CustomStringConvertible {
  public var description: String {
    guard let traceback else { return message }
    return "\(message)\n\(traceback)"
  }
}

/// A Swift error that decides what a script sees when it is thrown into Lua.
///
/// ```swift
/// extension ImageError: LuaErrorConvertible {
///   func luaErrorValue(in state: LuaState) throws -> LuaValue {
///     try state.value(of: ScriptError(self, traceback: state.traceback()))
///   }
/// }
/// ```
public protocol LuaErrorConvertible: Error {
  /// The error value. Called on the Lua thread, in the call that threw.
  func luaErrorValue(in state: LuaState) throws -> LuaValue
}

/// A value that scripts hold in place of a Swift error. If no script catches it,
/// ``LuaError/underlying`` is that error.
public protocol LuaErrorCarrier {
  /// The Swift error.
  var underlyingError: any Error { get }
}

/// A wrong argument. Thrown from a function it reads like Lua's own error:
/// `bad argument #1 to 'generate' (table expected, got number)`.
public struct LuaArgumentError: Error, Sendable {
  enum Reason: Sendable {
    case message(String)
    case expected(String)
  }

  let index: Int
  let reason: Reason

  /// The argument at `index`, from 1, is wrong; the message says how.
  public init(_ index: Int, _ message: String) {
    self.index = index
    reason = .message(message)
  }

  /// The argument at `index`, from 1, is not of the expected type.
  public init(_ index: Int, expected typeName: String) {
    self.index = index
    reason = .expected(typeName)
  }
}

/// A message that is raised with the caller's position in front, as `error` does.
struct PositionedError: Error {
  var message: String
  var kind: LuaError.Kind = .runtime
}
