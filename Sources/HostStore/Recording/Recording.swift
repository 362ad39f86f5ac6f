import GRDB
public import ImagineAPI
import ImagineSystem
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A recording that is replayed: the answers of a run, without its providers.
///
/// Each function throws ``ImagineError``.
public final class Recording: Sendable {
  /// "IMGR" in SQLite's header distinguishes a recording from other databases.
  static let applicationID = 0x494D_4752

  public let path: String
  private let database: DatabaseQueue
  private let occurrences = Mutex<[RecordedCall: Int]>([:])

  /// Opens a recording; the file is not changed.
  ///
  /// - Throws: ``ImagineError`` of kind `io` if it cannot be read, and `validation` if it is no
  ///   recording, or one of a later version.
  public init(path: String) throws {
    self.path = path
    _ = try FileReader(path)
    var configuration = Configuration()
    configuration.readonly = true
    do {
      database = try DatabaseQueue(path: path, configuration: configuration)
      let (application, format) = try database.read { database in
        (
          try Int.fetchOne(database, sql: "PRAGMA application_id"),
          try Int.fetchOne(database, sql: "PRAGMA user_version")
        )
      }
      guard application == Self.applicationID else {
        throw ImagineError(.validation, "\(path) is no recording")
      }
      guard format == RecordingWriter.format else {
        throw ImagineError(
          .validation,
          "\(path) is a recording of version \(format ?? 0);"
            + " this program reads version \(RecordingWriter.format)")
      }
    } catch let error as ImagineError {
      throw error
    } catch {
      // No SQLite file, or a truncated one.
      throw ImagineError(.validation, "\(path) is no recording")
    }
  }

  /// The seed of the run's random numbers; nil if it was not recorded.
  public func seed() throws -> (Int64, Int64)? {
    let numbers = try fact("seed")?.split(separator: " ").compactMap { Int64($0) } ?? []
    return numbers.count == 2 ? (numbers[0], numbers[1]) : nil
  }

  /// The run's id; nil if the run made no call.
  public func run() throws -> String? {
    try fact("run")
  }

  /// The default provider of the run; nil if every call named one.
  public func selection() throws -> String? {
    try fact("selection")
  }

  /// The names of the providers in the recording.
  public func providerNames() throws -> [String] {
    try read { try String.fetchAll($0, sql: "SELECT name FROM provider ORDER BY name") }
  }

  /// - Returns: nil for a provider without recorded calls.
  public func provider(named name: String) throws -> ProviderProfile? {
    try read { database in
      try String.fetchOne(
        database, sql: "SELECT facts FROM provider WHERE name = ?", arguments: [name])
    }.map { facts in
      if let profile = try? decode(ProviderProfile.self, facts) { return profile }
      return try decode(ProviderOfVersion1.self, facts).profile
    }
  }

  /// Whether a call was recorded.
  func contains(_ wanted: RecordedCall) throws -> Bool {
    try !answers(to: recorded(wanted), upTo: 1).isEmpty
  }

  /// The answer to a call: the first answer to the first such call, and so on.
  ///
  /// - Throws: the recorded error, if that was the answer; ``ImagineError`` of kind `validation`
  ///   that names the differences if the call was not recorded.
  func answer(to wanted: RecordedCall) throws -> RecordedAnswer {
    let call = try recorded(wanted)
    let occurrence = occurrences.withLock { occurrences in
      occurrences[call, default: 0] += 1
      return occurrences[call] ?? 1
    }
    let rows = try answers(to: call, upTo: occurrence)
    guard let last = rows.last else { throw try missing(call) }
    if rows.count == occurrence || call.isRepeatable || isFinal(last) {
      if case .fault(let error) = last { throw error }
      return last
    }
    if call.action == .status {
      // The recorded run stopped waiting here, so this one does too.
      throw ImagineError(
        .timeout, "the recording \(path) ends before the job \(call.subject) does",
        job: call.subject)
    }
    throw ImagineError(
      .validation,
      "\(call.title) is in the recording \(path) \(rows.count) times, and this is call"
        + " \(rows.count + 1)")
  }

  /// The call as the recording identifies it: older programs wrote its subject in other forms.
  private func recorded(_ call: RecordedCall) throws -> RecordedCall {
    let version = try fact(RecordingWriter.keyVersion.name)
    guard version != RecordingWriter.keyVersion.value else { return call }
    let older = call.older(redactedByVersion1: version == nil)
    guard !older.isEmpty, try answers(to: call, upTo: 1).isEmpty else { return call }
    return try older.first { try !answers(to: $0, upTo: 1).isEmpty } ?? call
  }

  /// Stores the file that answers a call.
  public func file(
    answering call: RecordedCall, into store: any MediaStore
  ) async throws -> Asset {
    guard case .file(let sha256) = try answer(to: call) else { throw damaged(call) }
    return try await file(sha256, into: store)
  }

  /// The composite of an edit.
  public func composite(
    of edit: MaskedEdit, into store: any MediaStore
  ) async throws -> Composite {
    let call = RecordedCall.composite(edit)
    guard case .composite(let sha256, let drift) = try answer(to: call) else { throw damaged(call) }
    var composite = Composite(asset: nil, drift: drift)
    if let sha256 { composite.asset = try await file(sha256, into: store) }
    return composite
  }

  /// Stores a body.
  func file(_ sha256: String, into store: any MediaStore) async throws -> Asset {
    let writer = try store.makeWriter()
    do {
      try read { database in
        let pieces = try Data.fetchCursor(
          database, sql: "SELECT bytes FROM body WHERE sha256 = ? ORDER BY piece",
          arguments: [sha256])
        while let piece = try pieces.next() {
          try Array(piece).withUnsafeBytes { try writer.write($0) }
        }
      }
      let asset = try await writer.commit()
      guard asset.sha256 == sha256 else {
        throw ImagineError(.io, "the recording \(path) is damaged: the file \(sha256) is another")
      }
      return asset
    } catch {
      writer.discard()
      throw error
    }
  }

  func damaged(_ call: RecordedCall) -> ImagineError {
    ImagineError(
      .io, "the recording \(path) is damaged: \(call.title) has an answer of another kind")
  }

  /// Every request that a provider was sent.
  func requests() throws -> [(provider: String, count: Int, description: RequestDescription)] {
    try read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT provider, count, subject FROM answer
          WHERE action IN ('draw', 'submit') AND occurrence = 1
          """
      )
      .compactMap { row in
        RecordedCall.description(row["subject"]).map { (row["provider"], row["count"], $0) }
      }
    }
  }

  private func answers(to call: RecordedCall, upTo occurrence: Int) throws -> [RecordedAnswer] {
    try read { database in
      try String.fetchAll(
        database,
        sql: """
          SELECT answer FROM answer
          WHERE provider = ? AND action = ? AND subject = ? AND count = ? AND occurrence <= ?
          ORDER BY occurrence
          """,
        arguments: [call.provider, call.action.rawValue, call.subject, call.count, occurrence])
    }.map { try decode(RecordedAnswer.self, $0) }
  }

  /// A final status of a job may be repeated.
  private func isFinal(_ answer: RecordedAnswer) -> Bool {
    if case .job(let status) = answer { status.state.isFinal } else { false }
  }

  private func fact(_ name: String) throws -> String? {
    try read { database in
      try String.fetchOne(
        database, sql: "SELECT value FROM fact WHERE name = ?", arguments: [name])
    }
  }

  private func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
    do {
      return try database.read(body)
    } catch let error as DatabaseError {
      throw ImagineError(.io, "cannot read the recording \(path): \(error)")
    }
  }

  private func decode<Value: Decodable>(_ type: Value.Type, _ json: String) throws -> Value {
    do {
      return try JSONDecoder().decode(type, from: Data(json.utf8))
    } catch {
      throw ImagineError(.io, "the recording \(path) is damaged: \(error)")
    }
  }
}
