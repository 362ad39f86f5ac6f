import GRDB
public import ImagineCore
import ImagineSystem
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Writes a recording: every answer of every provider in a run, so that the run can be had again
/// without them.
///
/// A recording is one SQLite file: answers come from many tasks at once, bodies are large and
/// written as they come, and a reader takes out the few that it needs. It appears under its name
/// whole, with ``finish()``, or not at all.
///
/// No token is in it: what is recorded is what providers gave, not what they were sent; texts are
/// searched for the secrets that are known all the same.
public final class RecordingWriter: Sendable {
  /// The version of the form of the file.
  static let format = 1
  /// The fact that tells how calls are known: version 1, which had no such fact, left out each `extra`
  /// field with a word such as `key` in its name.
  static let keyVersion = (name: "key_version", value: "2")
  /// The bytes of a body that stand in one row.
  static let pieceSize = 1 << 20

  private struct State {
    var database: DatabaseQueue?
    var occurrences: [RecordedCall: Int] = [:]
    var secrets: Set<String> = []
    /// The first thing that could not be written: told at the end, so that a paid answer is not
    /// lost over it.
    var fault: (any Error)?
  }

  public let path: String
  private let temporaryPath: String
  private let state = Mutex(State())

  /// - Parameter path: of the recording; one that is there is replaced when this one is whole.
  public init(path: String) {
    self.path = path
    temporaryPath = WholeFile.temporaryPath(in: WholeFile.parent(of: path))
  }

  /// Makes the file that the recording grows in, before anything is paid for that could not be
  /// recorded.
  ///
  /// - Throws: ``ImagineError`` of kind `io`, and `validation` where something else than a recording
  ///   has the name, which would be lost.
  public func open() throws {
    try state.withLock { state in
      guard state.database == nil else { return }
      if let facts = FileFacts(path), !facts.isFile || facts.byteCount > 0 {
        _ = try Recording(path: path)
      }
      state.database = try makeDatabase()
    }
  }

  /// A text that may not be in the recording. Short ones are words, not secrets.
  public func hide(_ secret: String) {
    guard secret.utf8.count >= 8 else { return }
    state.withLock { _ = $0.secrets.insert(secret) }
  }

  /// Records what the run's random numbers begin with.
  public func record(seed: (Int64, Int64)) {
    set("seed", to: "\(seed.0) \(seed.1)")
  }

  /// Records the run's id.
  public func record(run: String) {
    set("run", to: run)
  }

  /// Records the provider that was used where the script named none.
  public func record(selection: String) {
    set("selection", to: selection)
  }

  public func record(_ provider: RecordedProvider) {
    write { database in
      try database.execute(
        sql: "INSERT OR REPLACE INTO provider (name, facts) VALUES (?, ?)",
        arguments: [provider.name, try self.text(of: provider)])
    }
  }

  /// Does a call and records its answer, or its fault.
  func recording<Answer>(
    _ call: RecordedCall, _ body: () async throws -> Answer,
    as answer: (Answer) throws -> RecordedAnswer
  ) async throws -> Answer {
    let occurrence = state.withLock { state in
      state.occurrences[call, default: 0] += 1
      return state.occurrences[call] ?? 1
    }
    let result: Answer
    do {
      result = try await body()
    } catch {
      if let fault = error as? ImagineError, fault.kind != .cancelled || call.changesSomething {
        record(.fault(fault), of: call, occurrence)
      }
      throw error
    }
    do { record(try answer(result), of: call, occurrence) } catch { keep(error) }
    return result
  }

  /// Does something that gives a file, and records the file.
  public func recordingFile(
    _ call: RecordedCall, in store: any AssetStore, _ body: () async throws -> Asset
  ) async throws -> Asset {
    try await recording(call, body) { asset in
      try record(asset, in: store)
      return .file(sha256: asset.sha256)
    }
  }

  /// Records a body, once.
  func record(_ asset: Asset, in store: any AssetStore) throws {
    write { database in
      let isThere = try Bool.fetchOne(
        database, sql: "SELECT EXISTS (SELECT 1 FROM body WHERE sha256 = ?)",
        arguments: [asset.sha256])
      guard isThere != true else { return }
      var offset = 0
      repeat {
        let piece = try store.bytes(of: asset, from: offset, count: Self.pieceSize)
        try database.execute(
          sql: "INSERT INTO body (sha256, piece, bytes) VALUES (?, ?, ?)",
          arguments: [asset.sha256, offset / Self.pieceSize, Data(piece)])
        offset += max(1, piece.count)
      } while offset < asset.byteCount
    }
  }

  /// Gives the recording its name. Does nothing where it was never opened.
  ///
  /// - Parameter replacing: whether it takes the place of a recording that is there; where it may not,
  ///   `.failed` is added to its name.
  /// - Returns: its path; nil where it was never opened.
  /// - Throws: ``ImagineError`` of kind `io` where it, or anything in it, could not be written; then
  ///   there is none.
  @discardableResult
  public func finish(replacing: Bool = true) throws -> String? {
    let (database, fault) = state.withLock { state in
      defer { state.database = nil }
      return (state.database, state.fault)
    }
    guard database != nil || fault != nil else { return nil }
    do {
      if let fault { throw fault }
      try database?.close()
      let path = replacing || !WholeFile.exists(path) ? path : "\(path).failed"
      try WholeFile.move(temporaryPath, to: path)
      return path
    } catch {
      unlink(temporaryPath)
      throw error as? ImagineError ?? ImagineError(.io, "cannot write \(path): \(error)")
    }
  }

  /// Removes what was recorded. Does nothing after ``finish()``.
  public func discard() {
    let database = state.withLock { state in
      defer { state.database = nil }
      return state.database
    }
    guard let database else { return }
    try? database.close()
    unlink(temporaryPath)
  }

  private func record(_ answer: RecordedAnswer, of call: RecordedCall, _ occurrence: Int) {
    write { database in
      try database.execute(
        sql: """
          INSERT INTO answer (provider, action, subject, count, occurrence, answer)
          VALUES (?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          call.provider, call.action.rawValue, self.withoutSecrets(call.subject), call.count,
          occurrence, try self.text(of: answer),
        ])
    }
  }

  private func set(_ name: String, to value: String) {
    write { database in
      try database.execute(
        sql: "INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)", arguments: [name, value])
    }
  }

  private func write(_ body: (Database) throws -> Void) {
    do {
      try open()
      try state.withLock { $0.database }?.write(body)
    } catch {
      keep(error)
    }
  }

  private func keep(_ fault: any Error) {
    state.withLock { if $0.fault == nil { $0.fault = fault } }
  }

  private func text(of value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return withoutSecrets(String(decoding: try encoder.encode(value), as: UTF8.self))
  }

  private func withoutSecrets(_ text: String) -> String {
    state.withLock { $0.secrets }
      .sorted { $0.utf8.count > $1.utf8.count }
      .reduce(text) { $0.replacing($1, with: "[removed]") }
  }

  private func makeDatabase() throws(ImagineError) -> DatabaseQueue {
    try WholeFile.makeFolder(WholeFile.parent(of: path))
    var configuration = Configuration()
    // A file that nobody else knows yet: what a crash leaves of it is worth nothing.
    configuration.prepareDatabase { database in
      try database.execute(sql: "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF")
    }
    do {
      let queue = try DatabaseQueue(path: temporaryPath, configuration: configuration)
      try queue.write { database in
        try database.execute(sql: Self.schema)
        try database.execute(
          sql: "INSERT INTO fact (name, value) VALUES (?, ?)",
          arguments: [Self.keyVersion.name, Self.keyVersion.value])
      }
      return queue
    } catch {
      throw ImagineError(.io, "cannot write \(path): \(error)")
    }
  }

  private static let schema = """
    PRAGMA application_id = \(Recording.applicationID);
    PRAGMA user_version = \(format);
    CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE provider (name TEXT PRIMARY KEY, facts TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE answer (
      provider TEXT NOT NULL,
      action TEXT NOT NULL,
      subject TEXT NOT NULL,
      count INTEGER NOT NULL,
      occurrence INTEGER NOT NULL,
      answer TEXT NOT NULL,
      PRIMARY KEY (provider, action, subject, count, occurrence)
    ) WITHOUT ROWID;
    CREATE TABLE body (
      sha256 TEXT NOT NULL,
      piece INTEGER NOT NULL,
      bytes BLOB NOT NULL,
      PRIMARY KEY (sha256, piece)
    );
    """
}
