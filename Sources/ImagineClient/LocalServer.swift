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
    let folder: String
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
    let folder = try Self.makePrivateFolder(environment)
    let socket = "\(folder)/s"
    var secret = SystemRandomNumberGenerator()
    let text = (0..<4).map { _ in String(secret.next(), radix: 36) }.joined()
    do {
      let child = try ChildProcess(
        program: program,
        // What goes wrong with a call is told to its caller.
        arguments: ["--child", "--socket", socket, "--home", home, "--log-level", "critical"],
        environment: environment, message: "\(text)\n")
      guard child.readLine(within: Self.patience)?.hasPrefix("ready") == true else {
        child.stop(grace: 0)
        throw ImagineError(
          .unavailable, "the local server (\(program)) did not start; its own words stand above")
      }
      let host = socket.map { $0 == "/" ? "%2F" : String($0) }.joined()
      let endpoint = Endpoint(baseURL: "http+unix://\(host)/v2", token: Token(text))
      return Running(child: child, folder: folder, endpoint: endpoint)
    } catch {
      Self.remove(folder)
      throw error
    }
  }

  private static func cleanUp(_ running: Running, grace: Double) {
    running.child.stop(grace: grace)
    remove(running.folder)
  }

  /// Removes the socket's folder; a server that was killed leaves the socket.
  private static func remove(_ folder: String) {
    unlink("\(folder)/s")
    rmdir(folder)
  }

  /// A folder that only this user can enter, with a path short enough for a socket's name (104
  /// bytes on macOS).
  private static func makePrivateFolder(
    _ environment: [String: String]
  ) throws(ImagineError) -> String {
    let candidates = [environment["XDG_RUNTIME_DIR"], environment["TMPDIR"], "/tmp"]
    for case let candidate? in candidates where candidate.hasPrefix("/") {
      guard candidate.utf8.count < 70, candidate.utf8.allSatisfy({ isPlain($0) }) else { continue }
      var template = Array("\(candidate)/imagine-XXXXXX".utf8CString)
      if mkdtemp(&template) != nil {
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
      }
    }
    throw ImagineError(
      .io, "no folder for the local server's socket: neither TMPDIR nor /tmp is writable")
  }

  /// Whether a byte stands for itself in the host part of an address.
  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
      UInt8(ascii: "."), UInt8(ascii: "/"):
      true
    default: false
    }
  }
}
