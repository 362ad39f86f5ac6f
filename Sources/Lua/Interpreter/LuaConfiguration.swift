/// The settings of a ``LuaInterpreter``.
///
/// ```swift
/// var configuration = LuaConfiguration()
/// configuration.memoryLimit = 64 << 20
/// let interpreter = try LuaInterpreter(configuration: configuration)
/// ```
public struct LuaConfiguration: Sendable {
  /// How many bytes Lua and the reservations of host functions (``LuaState/reserve(bytes:)``) may
  /// hold together; `nil` means no limit. Beyond it scripts see Lua's "not enough memory".
  public var memoryLimit: Int?

  /// The standard libraries that scripts have.
  public var libraries = LuaLibraries.all

  /// Receives what a script writes to its standard streams, each write at once, on the Lua thread;
  /// `nil` to write to the streams of the process. Programs that a script starts keep those.
  public var output: (@Sendable (LuaStream, [UInt8]) -> Void)?

  /// Whether Lua's libraries ignore environment variables such as `LUA_PATH`.
  public var ignoresEnvironment = false

  /// The stack size of the Lua thread, in bytes.
  public var stackSize = 8 << 20

  /// How long a script may continue after an interrupt or a cancel.
  public var grace: Duration = .seconds(1)

  /// Called with the error of a task that nobody awaited, on the Lua thread. Writes to stderr by
  /// default.
  public var reportTaskError: @Sendable (LuaError) -> Void = { error in
    StandardError.write("\(error)\n")
  }

  /// Called when an interrupted script still runs one more ``grace`` after every instruction
  /// raises: it is in code that cannot be interrupted, such as a long C function. Not called on the
  /// Lua thread.
  public var whenUninterruptible: (@Sendable () -> Void)?

  /// Whether a script may exit the process with `os.exit`; otherwise that raises an error.
  public var allowsExit = false

  /// Called before an allowed `os.exit` exits the process, on the Lua thread. `succeeds` tells
  /// whether the exit code means success.
  public var willExit: (@Sendable (_ succeeds: Bool) -> Void)?

  /// The defaults: no memory limit, all libraries.
  public init() {}
}
