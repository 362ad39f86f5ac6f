import Foundation
import Synchronization

/// A real PostgreSQL server on a Unix socket, in a folder of its own. It ends with the process that
/// started it, however that ends.
public final class PostgresServer: Sendable {
  public struct Failure: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
  }

  /// The server of this process's tests; each test has a database of its own.
  public static let shared = Result { try PostgresServer() }

  /// Where the socket is.
  public let folder: String
  private let binaries: String
  private let watcher = Mutex<Process?>(nil)
  private let databases = Mutex(0)

  public init() throws {
    // A socket's path has at most 100 bytes or so: the usual temporary folder may be longer.
    folder = "/tmp/imagine-pg-\(UUID().uuidString.prefix(8))"
    let configured = Self.output("/usr/bin/env", ["pg_config", "--bindir"])
    guard !configured.isEmpty else { throw Failure("pg_config was not found") }
    binaries = configured
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    if geteuid() == 0 { Self.output("/usr/bin/env", ["chown", "postgres", folder]) }
    // The empty database is not synced, the data of the tests are.
    let made = Self.output(
      "/bin/sh",
      [
        "-c",
        "\(asOwner) \(binaries)/initdb -D \(folder)/data -U test -A trust -E UTF8 --locale=C "
          + "--no-sync >/dev/null 2>&1 && echo made",
      ])
    guard made == "made" else { throw Failure("initdb failed in \(folder)") }
    try start()
  }

  /// Servers refuse to run as root.
  private var asOwner: String {
    geteuid() == 0 ? "setpriv --reuid=postgres --regid=postgres --clear-groups" : ""
  }

  /// Starts the server again after ``kill()``.
  public func start() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    // The shell's input ends with this process. Then it ends the server and removes the folder,
    // unless the server alone was killed.
    let settings = [
      "listen_addresses=", "unix_socket_directories=\(folder)", "shared_buffers=32MB",
      "max_connections=400", "max_wal_size=256MB", "deadlock_timeout=200ms",
      "logging_collector=off",
      "autovacuum_naptime=5s",
    ].map { "-c \($0)" }.joined(separator: " ")
    process.arguments = [
      "-c",
      """
      \(asOwner) \(binaries)/postgres -D \(folder)/data \(settings) </dev/null \
        >>\(folder)/log 2>&1 &
      pid=$!
      cat >/dev/null
      kill -QUIT $pid 2>/dev/null
      wait $pid
      rm -rf \(folder)
      """,
    ]
    process.standardInput = Pipe()
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    watcher.withLock { $0 = process }
    try waitUntilReady()
  }

  private func waitUntilReady() throws {
    let deadline = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < deadline {
      if sql("SELECT 1", in: "postgres") == "1" { return }
      usleep(20_000)
    }
    let log = (try? String(contentsOfFile: "\(folder)/log", encoding: .utf8)) ?? ""
    throw Failure("the server did not start: \(log.suffix(500))")
  }

  /// Kills the server as a crash does: nothing is written any more. ``start()`` recovers what was
  /// committed.
  public func kill() throws {
    let text = try String(contentsOfFile: "\(folder)/data/postmaster.pid", encoding: .utf8)
    guard let pid = text.split(separator: "\n").first.flatMap({ Int32($0) }) else {
      throw Failure("postmaster.pid cannot be read")
    }
    // Its shell must not remove the folder.
    watcher.withLock { $0 }.map { _ = Foundation.kill($0.processIdentifier, SIGKILL) }
    _ = Foundation.kill(pid, SIGKILL)
    while Foundation.kill(pid, 0) == 0 { usleep(1000) }
    // The other processes of the server notice that it is gone; until then it cannot be started.
    let deadline = ContinuousClock.now + .seconds(20)
    while ContinuousClock.now < deadline,
      !Self.output("/usr/bin/env", ["pgrep", "-f", "\(folder)/data"]).isEmpty
    {
      usleep(20_000)
    }
    try? FileManager.default.removeItem(atPath: "\(folder)/data/postmaster.pid")
  }

  /// Creates an empty database.
  ///
  /// - Returns: its name.
  public func makeDatabase() throws -> String {
    let name = databases.withLock { count in
      count += 1
      return "test\(count)"
    }
    sql("CREATE DATABASE \(name)", in: "postgres")
    guard sql("SELECT 1", in: name) == "1" else {
      throw Failure("the database \(name) was not created")
    }
    return name
  }

  /// The URL of a database of this server, or by way of a proxy.
  public func url(of database: String, through socketFolder: String? = nil) -> String {
    let host = (socketFolder ?? folder).replacing("/", with: "%2F")
    return "postgresql://test@\(host)/\(database)?sslmode=disable&gssencmode=disable"
  }

  /// The path of the server's socket.
  public var socket: String { "\(folder)/.s.PGSQL.5432" }

  /// Executes a statement with `psql` and returns what it prints.
  @discardableResult public func sql(_ statement: String, in database: String) -> String {
    Self.output(
      "\(binaries)/psql",
      ["-h", folder, "-U", "test", "-d", database, "-XAtq", "-c", statement])
  }

  /// What one of PostgreSQL's programs prints.
  public func output(_ program: String, _ arguments: [String]) -> String {
    Self.output("\(binaries)/\(program)", arguments)
  }

  /// What a program prints, without the last newline; nothing if it cannot be started.
  @discardableResult private static func output(_ path: String, _ arguments: [String]) -> String {
    let (process, output) = (Process(), Pipe())
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return "" }
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .newlines)
  }
}
