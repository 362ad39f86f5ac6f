import Dispatch
import ImagineAPI
public import ImagineProviders
import ImagineSystem
import Synchronization

/// The private server: a child process `imagine-server` on a Unix socket that only this user can
/// reach.
///
/// It starts with the first call that needs it, and again if it has died. Calls that were in flight
/// then are made once more, one at a time. The child receives its own bearer token on its standard
/// input, and only the environment variables listed here: never a key of the user.
public final class LocalServer: CallTarget {
  private struct Running {
    let child: ChildProcess
    let socket: LocalSocket
    let endpoint: Endpoint
  }

  /// The call's server died during it.
  private struct Lost: Error {}

  private enum State {
    case idle
    case starting(Task<Running, any Error>)
    case running(Running)
    case stopped
  }

  private let program: String
  private let home: String
  private let environment: [String: String]
  private let state = Mutex(State.idle)
  private let gate = CallGate()

  /// How long the program may take to listen, in seconds.
  private static let startTimeout = 20.0
  /// How long a process whose connections broke may take to be seen as ended, in seconds.
  private static let endTimeout = 1.0
  /// How long it may take to end after ``stop()``, in seconds.
  private static let stopTimeout = 2.0
  /// Environment variables that the child receives.
  private static let inherited = [
    "FONTCONFIG_FILE", "FONTCONFIG_PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH",
    "PATH", "TMPDIR", "TZ", "USER",
    "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR",
  ]

  /// - Parameters:
  ///   - program: path of `imagine-server`.
  ///   - home: folder of its jobs and videos.
  ///   - environment: that of this process.
  public init(program: String, home: String, environment: [String: String]) {
    self.program = program
    self.home = home
    self.environment = environment.filter { Self.inherited.contains($0.key) }
  }

  /// Makes a call; starts the server if necessary. If the server dies during the call, it is made
  /// once more at the next one, and no other call beside it.
  ///
  /// - Throws: what `send` throws; ``ImagineError`` of kind `unavailable` or `io` if the server does
  ///   not start, of kind `server` if it died both times.
  public func call<Result: Sendable>(
    _ send: @Sendable (Endpoint) async throws -> Result
  ) async throws -> Result {
    do {
      return try await gate.shared { try await attempt(send) }
    } catch is Lost {
      do {
        return try await gate.alone { try await attempt(send) }
      } catch is Lost {
        throw ImagineError(
          .server, "the local server died twice during this call: its files may be made to do that")
      }
    }
  }

  /// - Throws: ``Lost`` if the server died.
  private func attempt<Result: Sendable>(
    _ send: @Sendable (Endpoint) async throws -> Result
  ) async throws -> Result {
    let server = try await running()
    do {
      return try await send(server.endpoint)
    } catch let error as ImagineError where error.kind == .connection {
      // The system closes a process's connections a little before it reports its end.
      let deadline = ContinuousClock.now + .seconds(Self.endTimeout)
      while server.child.isRunning {
        guard ContinuousClock.now < deadline else { throw error }
        try await Task.sleep(for: .milliseconds(5))
      }
      if case .stopped = state.withLock({ $0 }) { throw error }
      throw Lost()
    }
  }

  /// The server that runs; starts it if necessary.
  private func running() async throws -> Running {
    let answer = try state.withLock { state -> @Sendable () async throws -> Running in
      switch state {
      case .running(let running) where running.child.isRunning: return { running }
      case .starting(let task): return { try await task.value }
      case .stopped: throw Self.stopped
      case .idle, .running:
        if case .running(let dead) = state { Self.cleanUp(dead, grace: 0) }
        let task = Task.detached { try await self.start() }
        state = .starting(task)
        return { try await task.value }
      }
    }
    return try await answer()
  }

  private static var stopped: ImagineError {
    ImagineError(.unavailable, "the local server has been stopped")
  }

  /// Stops the server, if it runs. Later calls fail.
  public func stop() {
    let running = state.withLock { state -> Running? in
      defer { state = .stopped }
      if case .running(let running) = state { return running }
      return nil
    }
    if let running { Self.cleanUp(running, grace: Self.stopTimeout) }
  }

  private func start() async throws -> Running {
    // Spawning and waiting block, so they run on their own thread.
    let started = await withCheckedContinuation { continuation in
      DispatchQueue.global().async { continuation.resume(returning: Result { try self.launch() }) }
    }
    let wasStopped = state.withLock { state in
      if case .stopped = state { return true }
      state = if case .success(let running) = started { .running(running) } else { .idle }
      return false
    }
    let running = try started.get()
    if wasStopped {
      Self.cleanUp(running, grace: Self.stopTimeout)
      throw Self.stopped
    }
    return running
  }

  private func launch() throws -> Running {
    let socket = try LocalSocket(environment)
    var secret = SystemRandomNumberGenerator()
    let text = (0..<4).map { _ in String(secret.next(), radix: 36) }.joined()
    let child = try ChildProcess(
      program: program,
      // The caller of a failed call receives the error; no log is needed.
      arguments: ["--child", "--socket", socket.path, "--home", home, "--log-level", "critical"],
      environment: environment, message: "\(text)\n")
    guard child.readLine(within: Self.startTimeout)?.hasPrefix("ready") == true else {
      let isLate = child.isRunning
      child.stop(grace: 0)
      socket.remove()
      let reason =
        child.errors.lastLines
        ?? (isLate ? "it was not ready in time" : "it ended without a message")
      throw ImagineError(
        .unavailable, "the local server (\(program)) did not start: \(reason)")
    }
    child.errors.forward()
    let endpoint = Endpoint(baseURL: "\(socket.address)/v2", token: Token(text))
    return Running(child: child, socket: socket, endpoint: endpoint)
  }

  private static func cleanUp(_ running: Running, grace: Double) {
    running.child.stop(grace: grace)
    running.socket.remove()
  }
}
