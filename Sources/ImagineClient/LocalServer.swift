import Dispatch
import ImagineCore
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The private server: `imagine-server` as a child on a Unix socket that only this user can reach.
///
/// Nothing is started before the first call that needs it. A child that crashed is started anew by
/// the next call. The child gets a bearer token of its own, by its standard input, and of the
/// environment only what is listed here: never a key of the user's.
public final class LocalServer: Sendable {
  private struct Running {
    let child: ChildProcess
    let socket: LocalSocket
    let endpoint: Endpoint
  }

  private enum State {
    case idle
    case starting(Task<Endpoint, any Error>)
    case running(Running)
    case stopped
  }

  private let program: String
  private let home: String
  private let environment: [String: String]
  private let state = Mutex(State.idle)

  /// How long the program may take until it listens, in seconds.
  private static let patience = 20.0
  /// How long it may take to end, in seconds.
  private static let grace = 2.0
  /// Variables that the child may see.
  private static let inherited = [
    "HOME", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "PATH", "TMPDIR", "TZ", "USER",
    "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR",
  ]

  /// - Parameters:
  ///   - program: path of `imagine-server`.
  ///   - home: where its jobs and videos are.
  ///   - environment: of this process.
  public init(program: String, home: String, environment: [String: String]) {
    self.program = program
    self.home = home
    self.environment = environment.filter { Self.inherited.contains($0.key) }
  }

  /// Where the server listens; starts it if need be.
  ///
  /// - Throws: ``ImagineError`` of kind `unavailable` or `io` where it does not start.
  public func endpoint() async throws -> Endpoint {
    let answer = try state.withLock { state -> @Sendable () async throws -> Endpoint in
      switch state {
      case .running(let running) where running.child.isRunning: return { running.endpoint }
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

  /// Ends the server, if it runs. Nothing may be called afterwards.
  public func stop() {
    let running = state.withLock { state -> Running? in
      defer { state = .stopped }
      if case .running(let running) = state { return running }
      return nil
    }
    if let running { Self.cleanUp(running, grace: Self.grace) }
  }

  private func start() async throws -> Endpoint {
    // Spawning and waiting block; they get a thread of their own.
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
      Self.cleanUp(running, grace: Self.grace)
      throw Self.stopped
    }
    return running.endpoint
  }

  private func launch() throws -> Running {
    let socket = try LocalSocket(environment)
    var secret = SystemRandomNumberGenerator()
    let text = (0..<4).map { _ in String(secret.next(), radix: 36) }.joined()
    let child = try ChildProcess(
      program: program,
      // What goes wrong with a call is told to its caller.
      arguments: ["--child", "--socket", socket.path, "--home", home, "--log-level", "critical"],
      environment: environment, message: "\(text)\n")
    guard child.readLine(within: Self.patience)?.hasPrefix("ready") == true else {
      let isLate = child.isRunning
      child.stop(grace: 0)
      socket.remove()
      let reason =
        child.errors.lastWords ?? (isLate ? "it was not ready in time" : "it ended without a word")
      throw ImagineError(
        .unavailable, "the local server (\(program)) did not start: \(reason)")
    }
    child.errors.passOn()
    let endpoint = Endpoint(baseURL: "\(socket.address)/v2", token: Token(text))
    return Running(child: child, socket: socket, endpoint: endpoint)
  }

  private static func cleanUp(_ running: Running, grace: Double) {
    running.child.stop(grace: grace)
    running.socket.remove()
  }
}
