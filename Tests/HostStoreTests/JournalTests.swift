import Foundation
import GRDB
import ImagineAPI
import ImagineRuns
import ImagineTestSupport
import Testing

@testable import HostStore

@Suite("The journal keeps paid calls")
struct JournalTests {
  private let temporary: TemporaryFolder
  /// Does not exist yet.
  var folder: String { temporary.file("new") }

  init() throws { temporary = try TemporaryFolder() }
  static let script = Script(path: "/scripts/a.lua", arguments: ["1", "zwei"])
  static let seed = RandomSeed(first: 7, second: -11)

  /// A journal with its own connection, as in another process.
  func makeJournal(dailyLimit: Price? = nil) -> SQLiteJournal {
    SQLiteJournal(
      database: JournalDatabase(path: "\(folder)/journal.sqlite", busyTimeout: 0.2),
      locks: "\(folder)/runs", dailyLimit: { dailyLimit })
  }

  func makeCall(
    _ run: Run, _ prompt: String, occurrence: Int = 1, price: Price? = .tokens(5)
  ) -> JournaledCall {
    let request = RequestDescription(operation: "generate", fields: ["prompt": .text(prompt)])
    return JournaledCall(
      run: run.id,
      key: CallKey(provider: "imagine", request: request, count: nil, occurrence: occurrence),
      provider: "imagine", request: request, price: price, beganAt: 1, attempt: run.attempt)
  }

  func sent(_ call: JournaledCall) -> JournaledCall {
    var call = call
    call.state = .sent
    call.sends.append(Send(charged: .unknown, price: call.price, at: 1_800_000_000))
    return call
  }

  @Test("a resumed run has every earlier call unchanged")
  func resumed() async throws {
    let journal = makeJournal()
    var held: (any ActiveRun)? = try journal.begin(Self.script, seed: Self.seed, unless: .none)
    let run = try #require(held?.run)
    var call = sent(makeCall(run, "a \"cat\""))
    try await held?.record(call)
    call.state = .accepted
    call.sends[0].charged = .yes
    call.job = "job-1"
    try await held?.record(call)
    call.state = .stored
    call.results = [
      StoredResult(
        Asset(sha256: "ab", path: "/x", byteCount: 3, header: nil), engine: "engine 1")
    ]
    try await held?.record(call)
    let other = sent(makeCall(run, "a dog"))
    try await held?.record(other)
    held = nil
    let again = try #require(try makeJournal().resume(Self.script))
    #expect(again.run.id == run.id && again.run.attempt == 2 && again.run.seed == Self.seed)
    #expect(Set(again.earlierCalls) == [call, other])
    #expect(try makeJournal().resume(Script(path: "/scripts/a.lua", arguments: ["1"])) == nil)
  }

  @Test("the addresses of generated images are kept until the images are downloaded")
  func addresses() async throws {
    let journal = makeJournal()
    let held = try journal.begin(Self.script, seed: Self.seed, unless: .none)
    var call = sent(makeCall(held.run, "a cat"))
    call.state = .accepted
    call.sends[0].charged = .yes
    call.addresses = ["https://example.com/a.png?signed=1"]
    try await held.record(call)
    #expect(try makeJournal().calls(of: nil, limit: nil) == [call])
    call.state = .stored
    call.addresses = []
    try await held.record(call)
    #expect(try makeJournal().calls(of: nil, limit: nil) == [call])
  }

  @Test("a damaged database is an `io` error without SQL", arguments: [0, 4096])
  func damaged(from offset: Int) throws {
    var held: (any ActiveRun)? = try makeJournal().begin(
      Self.script, seed: Self.seed, unless: .none)
    #expect(held != nil)
    held = nil
    let path = "\(folder)/journal.sqlite"
    var bytes = try Data(contentsOf: URL(filePath: path))
    bytes.replaceSubrange(offset..., with: Data(repeating: 0xAA, count: bytes.count - offset))
    for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    try bytes.write(to: URL(filePath: path))
    let error = #expect(throws: ImagineError.self) { try makeJournal().runs() }
    #expect(error?.kind == .io)
    #expect(error?.message.contains("damaged") == true, "\(error?.message ?? "")")
    #expect(error?.message.contains("SELECT") == false)
  }

  @Test("a run in use is refused with its process id and can be resumed once that is gone")
  func alive() throws {
    var held: (any ActiveRun)? = try makeJournal().begin(
      Self.script, seed: Self.seed, unless: .none)
    let id = try #require(held?.run.id)
    #expect(try makeJournal().unfinished(Self.script) == nil)
    let error = #expect(throws: ImagineError.self) { try makeJournal().resume(Self.script) }
    #expect(error?.message.contains("\(ProcessInfo.processInfo.processIdentifier)") == true)
    #expect(throws: ImagineError.self) { try makeJournal().delete(run: id) }
    held = nil
    #expect(try makeJournal().unfinished(Self.script)?.run.id == id)
    #expect(try makeJournal().resume(Self.script)?.run.id == id)
  }

  @Test("a finished run is resumed only by its id")
  func finished() throws {
    let held = try makeJournal().begin(Self.script, seed: Self.seed, unless: .none)
    try held.end(.finished)
    #expect(try makeJournal().resume(Self.script) == nil)
    #expect(try makeJournal().resume(id: String(held.run.id.prefix(4))).run.id == held.run.id)
  }

  @Test("crashes in a call are counted until an attempt makes progress")
  func crashes() async throws {
    var held: (any ActiveRun)? = try makeJournal().begin(
      Self.script, seed: Self.seed, unless: .none)
    for crashes in 1...3 {
      var call = sent(makeCall(try #require(held?.run), "a trap"))
      call.attempt = crashes
      call.crashCount = crashes - 1
      try await held?.record(call)
      held = nil
      held = try makeJournal().resume(Self.script)
      #expect(held?.earlierCalls.map(\.crashCount) == [crashes])
    }
    var good = makeCall(try #require(held?.run), "a cat")
    good.state = .stored
    good.attempt = 4
    try await held?.record(good)
    held = nil
    held = try makeJournal().resume(Self.script)
    #expect(held?.earlierCalls.map(\.crashCount) == [0, 0])
  }

  @Test("the last run is the one with the highest number, whatever the clock says")
  func clock() throws {
    let first = try makeJournal().begin(Self.script, seed: Self.seed, unless: .none)
    try first.end(.failed)
    let database = JournalDatabase(path: "\(folder)/journal.sqlite")
    try database.queue().write { database in
      try database.execute(sql: "UPDATE run SET started_at = started_at + 1e8")
    }
    let second = try makeJournal().begin(Self.script, seed: Self.seed, unless: .none)
    try second.end(.failed)
    #expect(try makeJournal().runs().map(\.run.id) == [second.run.id, first.run.id])
    #expect(try makeJournal().resume(Self.script)?.run.id == second.run.id)
  }

  @Test("if two processes resume a script without an unfinished run, only one begins a run")
  func onlyOne() throws {
    let first = try makeJournal().begin(Self.script, seed: Self.seed, unless: .unfinished)
    let error = #expect(throws: ImagineError.self) {
      try makeJournal().begin(Self.script, seed: Self.seed, unless: .unfinished)
    }
    #expect(error?.message.contains("still alive") == true, "\(error?.message ?? "")")
    #expect(try makeJournal().runs().count == 1)
    try first.end(.finished)
    #expect(throws: Never.self) {
      try makeJournal().begin(Self.script, seed: Self.seed, unless: .unfinished)
    }
  }

  /// Locks the database, as another program may, while `body` runs.
  private func withLockedDatabase(_ body: () async throws -> Void) async throws {
    var configuration = Configuration()
    configuration.allowsUnsafeTransactions = true
    let other = try DatabaseQueue(path: "\(folder)/journal.sqlite", configuration: configuration)
    try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
    try await body()
    try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
  }

  @Test("a failed transaction is an error for its caller and for the end of the run")
  func lockedDatabase() async throws {
    let held = try makeJournal().begin(Self.script, seed: Self.seed, unless: .none)
    try await withLockedDatabase {
      await #expect(throws: ImagineError.self) {
        try await held.record(sent(makeCall(held.run, "a cat")))
      }
      let error = #expect(throws: ImagineError.self) { try held.end(.finished) }
      #expect(error?.kind == .io && error?.message.contains("locked") == true)
    }
    #expect(try makeJournal().run(held.run.id).run.state == .running)
  }

  @Test("after a background write has failed, no call is sent and the run cannot end")
  func lostWrite() async throws {
    let held = try makeJournal().begin(Self.script, seed: Self.seed, unless: .none)
    try await withLockedDatabase {
      try await held.record(makeCall(held.run, "a cat"))
      // Waits until that write was attempted.
      await #expect(throws: ImagineError.self) {
        try await held.record(sent(makeCall(held.run, "a dog")))
      }
    }
    let error = await #expect(throws: ImagineError.self) {
      try await held.record(sent(makeCall(held.run, "a fox")))
    }
    #expect(error?.kind == .io)
    #expect(throws: ImagineError.self) { try held.end(.finished) }
  }

  @Test("a journal that is removed during a run is an error")
  func removed() async throws {
    let held = try makeJournal().begin(Self.script, seed: Self.seed, unless: .none)
    for suffix in ["", "-wal", "-shm"] {
      try FileManager.default.removeItem(atPath: "\(folder)/journal.sqlite\(suffix)")
    }
    let error = await #expect(throws: ImagineError.self) {
      try await held.record(sent(makeCall(held.run, "a cat")))
    }
    #expect(error?.message.contains("removed or replaced") == true, "\(error?.message ?? "")")
  }

  @Test("a database of a newer version is refused with an error that says so")
  func newer() throws {
    try makeJournal().begin(Self.script, seed: Self.seed, unless: .none).end(.finished)
    try JournalDatabase(path: "\(folder)/journal.sqlite").queue().write { database in
      try database.execute(sql: "INSERT INTO grdb_migrations VALUES ('of the future')")
    }
    let error = #expect(throws: ImagineError.self) { try makeJournal().runs() }
    #expect(error?.message.contains("a newer version of imagine") == true)
  }

  @Test("two providers may use the same job id")
  func jobs() throws {
    let ledger = SQLiteJobLedger(database: JournalDatabase(path: "\(folder)/journal.sqlite"))
    for provider in ["a", "b"] {
      try ledger.record(
        SubmittedJob(
          id: "7", provider: provider, operation: "video", prompt: provider, submittedAt: 1,
          state: "processing"))
    }
    #expect(try ledger.jobs(id: "7").map(\.prompt) == ["a", "b"])
    try ledger.forget(SubmittedJob.Key(provider: "a", id: "7"))
    #expect(try ledger.jobs().map(\.provider) == ["b"])
  }
}
