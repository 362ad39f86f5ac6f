/// Sets of Lua's standard libraries.
///
/// ```swift
/// var configuration = LuaConfiguration()
/// configuration.libraries = .pure
/// ```
public struct LuaLibraries: OptionSet, Sendable {
  public let rawValue: Int32

  public init(rawValue: Int32) {
    self.rawValue = rawValue
  }

  /// The global functions, `coroutine`, `math`, `string`, `table` and `utf8`.
  public static let basic = LuaLibraries(rawValue: 1)
  /// `require` and `package`, which find modules in files and load C modules.
  public static let package = LuaLibraries(rawValue: 2)
  /// `io`, `dofile` and `loadfile`: files and programs.
  public static let io = LuaLibraries(rawValue: 4)
  /// `os`: the clock, the environment, files and programs.
  public static let os = LuaLibraries(rawValue: 8)
  /// `debug`.
  public static let debug = LuaLibraries(rawValue: 16)
  /// `task`: concurrent functions. It needs ``basic``.
  public static let task = LuaLibraries(rawValue: 32)

  /// What reaches nothing outside the state: ``basic`` and ``task``.
  public static let pure: LuaLibraries = [.basic, .task]
  /// All libraries.
  public static let all: LuaLibraries = [.pure, .package, .io, .os, .debug]
}

/// A standard stream of a script.
public enum LuaStream: Sendable {
  /// `print`, `io.write` and `io.stdout`.
  case output
  /// `io.stderr` and `warn`.
  case error
}
