import GRDB
public import ImagineAPI
import ImagineSystem
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Writes a recording: every answer of every provider in a run, so that the run can be replayed
/// without them.
///
/// A recording is one SQLite file: answers come from many tasks at once, bodies are large and are
/// written as they come, and readers need few of them. It appears under its name complete, with
/// ``finish()``, or not at all.
///
/// It contains no token: it records what providers answered, not what they were sent. Known secrets
/// are redacted from all texts as well.
public final class RecordingWriter: Sendable {
  /// The version of the file format.
  static let format = 1
  /// The fact with the version of the call keys. Version 1, which has no such fact, omitted each
  /// `extra` field with a word such as `key` in its name. Version 2 wrote the float 7.0 as 7.
  static let keyVersion = (name: "key_version", value: "3")
  /// The number of bytes of a body in one row.
  static let pieceSize = 1 << 20

  private struct State {
    var database: DatabaseQueue?
    var occurrences: [RecordedCall: Int] = [:]
    var secrets: Set<String> = []
    /// The first failed write. It is reported at the end, so that no paid answer is lost because of
    /// it.
    var fault: (any Error)?
  }

  public let path: String
  private let temporaryPath: String
  private let state = Mutex(State())

  /// - Parameter path: path of the recording; ``finish(replacing:)`` replaces an existing one.
  public init(path: String) {
    self.path = path
    temporaryPath = AtomicFile.temporaryPath(in: AtomicFile.parent(of: path))
  }

  /// Creates the temporary file, before anything is paid for that could not be recorded.
  ///
  /// - Throws: ``ImagineError`` of kind `io`, and `validation` if the path is an existing file
  ///   other than a recording, which would be lost.
  public func open() throws {
    try state.withLock { state in
      guard state.database == nil else { return }
      if let status = FileStatus(path), !status.isFile || status.byteCount > 0 {
        _ = try Recording(path: path)
      }
      state.database = try makeDatabase()
    }
  }

  /// Redacts a text from the recording. Texts shorter than 8 bytes are words, not secrets.
  public func redact(_ secret: String) {
    guard secret.utf8.count >= 8 else { return }
    state.withLock { _ = $0.secrets.insert(secret) }
  }

  /// Records the seed of the run's random numbers.
  public func record(seed: (Int64, Int64)) {
    set("seed", to: "\(seed.0) \(seed.1)")
  }

  /// Records the run's id.
  public func record(run: String) {
    set("run", to: run)
  }

  /// Records the run's default provider.
  public func record(selection: String) {
    set("selection", to: selection)
  }

  public func record(_ provider: ProviderProfile) {
    write { database in
      try database.execute(
        sql: "INSERT OR REPLACE INTO provider (name, facts) VALUES (?, ?)",
        arguments: [provider.name, try self.text(of: provider)])
    }
  }

  /// Runs a call and records its answer or error.
  func recording<Answer>(
    _ call: RecordedCall, _ body: () async throws -> Answer,
    as answer: (Answer) -> RecordedAnswer
  ) async throws -> Answer {
    let occurrence = state.withLock { state in
      state.occurrences[call, default: 0] += 1
      return state.occurrences[call] ?? 1
    }
    let result: Answer
    do {
      result = try await body()
    } catch {
      if let fault = error as? ImagineError, fault.kind != .cancelled || call.hasSideEffect {
        record(.fault(fault), of: call, occurrence)
      }
      throw error
    }
    record(answer(result), of: call, occurrence)
    return result
  }

  /// Runs a call that answers with a file, and records the file.
  public func recordingFile(
    _ call: RecordedCall, _ body: () async throws -> Asset
  ) async throws -> Asset {
    try await recording(call, body) { asset in
      record(asset)
      return .file(sha256: asset.sha256)
    }
  }

  /// Makes a composite and records it.
  public func recordingComposite(
    _ edit: MaskedEdit, _ body: () async throws -> Composite
  ) async throws -> Composite {
    try await recording(.composite(edit), body) { composite in
      if let asset = composite.asset { record(asset) }
      return .composite(sha256: composite.asset?.sha256, drift: composite.drift)
    }
  }

  /// Records a body, unless it is already recorded.
  func record(_ asset: Asset) {
    write { database in
      let exists = try Bool.fetchOne(
        database, sql: "SELECT EXISTS (SELECT 1 FROM body WHERE sha256 = ?)",
        arguments: [asset.sha256])
      guard exists != true else { return }
      let file = try FileReader(asset.path)
      var offset = 0
      repeat {
        let piece = try file.bytes(from: offset, count: Self.pieceSize)
        try database.execute(
          sql: "INSERT INTO body (sha256, piece, bytes) VALUES (?, ?, ?)",
          arguments: [asset.sha256, offset / Self.pieceSize, Data(piece)])
        offset += max(1, piece.count)
      } while offset < asset.byteCount
    }
  }

  /// Gives the recording its name. Does nothing if it was never opened.
  ///
  /// - Parameter replacing: whether to replace an existing recording; if not, `.failed` is added to
  ///   the name.
  /// - Returns: its path; nil if it was never opened.
  /// - Throws: ``ImagineError`` of kind `io` if anything could not be written; then there is no
  ///   recording.
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
      let path = replacing || !AtomicFile.exists(path) ? path : "\(path).failed"
      try AtomicFile.move(temporaryPath, to: path)
      return path
    } catch {
      removeTemporaryFile()
      throw error as? ImagineError ?? ImagineError(.io, "cannot write \(path): \(error)")
    }
  }

  /// Removes the temporary file. Does nothing after ``finish()``.
  public func discard() {
    let database = state.withLock { state in
      defer { state.database = nil }
      return state.database
    }
    guard let database else { return }
    try? database.close()
    removeTemporaryFile()
  }

  private func removeTemporaryFile() {
    _ = try? FilePath(temporaryPath).remove(recursively: false)
  }

  private func record(_ answer: RecordedAnswer, of call: RecordedCall, _ occurrence: Int) {
    write { database in
      try database.execute(
        sql: """
          INSERT INTO answer (provider, action, subject, count, occurrence, answer)
          VALUES (?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          call.provider, call.action.rawValue, self.redacted(call.subject), call.count,
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
      recordFault(error)
    }
  }

  private func recordFault(_ fault: any Error) {
    state.withLock { if $0.fault == nil { $0.fault = fault } }
  }

  private func text(of value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return redacted(String(decoding: try encoder.encode(value), as: UTF8.self))
  }

  private func redacted(_ text: String) -> String {
    state.withLock { $0.secrets }
      .sorted { $0.utf8.count > $1.utf8.count }
      .reduce(text) { $0.replacing($1, with: "[removed]") }
  }

  private func makeDatabase() throws(ImagineError) -> DatabaseQueue {
    try AtomicFile.makeFolder(AtomicFile.parent(of: path))
    var configuration = Configuration()
    // After a crash the temporary file is worthless, so it needs no journal and no fsync.
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
