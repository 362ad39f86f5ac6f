import Lua

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The process that runs the command.
enum HostProcess {
  /// The bytes of an environment variable.
  static func environmentVariable(_ name: String) -> LuaString? {
    getenv(name).map { LuaString(cString: $0) }
  }

  /// Kills the scripts' child processes and exits without further cleanup.
  static func exitImmediately(_ code: Int32) -> Never {
    ChildProcesses.killAll()
    _exit(code)
  }

  /// Ends the process as an unhandled signal does.
  static func terminate(bySignal number: Int32) -> Never {
    ChildProcesses.killAll()
    signal(number, SIG_DFL)
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, number)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    kill(getpid(), number)
    // Another thread may receive the signal a moment later.
    sleep(1)
    _exit(128 + number)
  }
}
