/// How a ``LuaInterpreter`` is set up.
///
/// ```swift
/// var configuration = LuaConfiguration()
/// configuration.memoryLimit = 64 << 20
/// let interpreter = try LuaInterpreter(configuration: configuration)
/// ```
public struct LuaConfiguration: Sendable {
  /// How many bytes Lua may hold, together with what host functions reserved for its scripts
  /// (``LuaState/reserve(bytes:)``); `nil` is no limit. A script that wants more sees Lua's own
  /// "not enough memory".
  public var memoryLimit: Int?

  /// Whether Lua's standard libraries are opened.
  public var opensStandardLibraries = true

  /// Whether Lua's libraries ignore `LUA_PATH` and the like.
  public var ignoresEnvironment = false

  /// Whether the library `task` is opened.
  public var opensTaskLibrary = true

  /// The size of the stack of the thread that Lua runs on, in bytes.
  public var stackSize = 8 << 20

  /// How long an interrupted script may go on after it caught the interrupt.
  public var grace: Duration = .seconds(1)

  /// Is told of the error of a task that nobody awaited; on the thread that Lua runs on.
  /// Writes to stderr where nothing else is set.
  public var reportTaskError: @Sendable (LuaError) -> Void = { error in
    StandardError.write("\(error)\n")
  }

  /// Is called when a script goes on, one more grace after every instruction of it
  /// raises: it is where Lua cannot be interrupted, in a long C function for instance. On
  /// a thread of its own.
  public var whenUninterruptible: (@Sendable () -> Void)?

  /// Is called when a script calls `os.exit`, before the program ends, with whether its code
  /// means success; on the thread that Lua runs on.
  public var willExit: (@Sendable (_ succeeds: Bool) -> Void)?

  /// The defaults: no memory limit, the standard libraries, the `task` library.
  public init() {}
}
