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
  private var folder: String { temporary.file("new") }

  init() throws { temporary = try TemporaryFolder() }
  private static let script = Script(path: "/scripts/a.lua", arguments: ["1", "zwei"])
  private static let seed = RandomSeed(first: 7, second: -11)

  /// A journal with its own connection, as in another process.
  private func makeJournal(dailyLimit: Price? = nil) -> SQLiteJournal {
    SQLiteJournal(
      database: JournalDatabase(path: "\(folder)/journal.sqlite", busyTimeout: 0.2),
      locks: "\(folder)/runs", dailyLimit: { dailyLimit })
  }

  private func makeCall(
    _ run: Run, _ prompt: String, occurrence: Int = 1, price: Price? = .tokens(5)
  ) -> JournaledCall {
    let request = RequestDescription(operation: "generate", fields: ["prompt": .text(prompt)])
    return JournaledCall(
      run: run.id,
      key: CallKey(provider: "imagine", request: request, count: nil, occurrence: occurrence),
      provider: "imagine", request: request, price: price, beganAt: 1, attempt: run.attempt)
  }

  private func sent(_ call: JournaledCall) -> JournaledCall {
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

  @Test("two journals on one home share one daily limit")
  func dailyLimit() async throws {
    let limit = Price.tokens(100)
    let runs = try [makeJournal(dailyLimit: limit), makeJournal(dailyLimit: limit)].map {
      try $0.begin(Self.script, seed: Self.seed, unless: .none)
    }
    let accepted = await withTaskGroup(of: Bool.self) { group in
      for number in 1...60 {
        group.addTask {
          let held = runs[number % 2]
          let call = sent(makeCall(held.run, "image \(number)"))
          do {
            try await held.record(call)
            return true
          } catch let error as ImagineError {
            #expect(error.kind == .budget && error.message.contains("0 tokens of today's"))
            return false
          } catch {
            Issue.record(error)
            return false
          }
        }
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(accepted == 20)
    // A refused, unbilled call frees its part of the limit.
    let calls = try makeJournal().calls(of: nil, limit: nil)
    var refused = try #require(calls.first { $0.state == .sent })
    let held = try #require(runs.first { $0.run.id == refused.run })
    refused.state = .failed
    refused.sends = []
    try await held.record(refused)
    try await held.record(sent(makeCall(held.run, "one more")))
    let spent = try runs.map { try makeJournal().run($0.run.id).spent["tokens"] ?? 0 }
    #expect(spent[0] + spent[1] == 100)
  }

  @Test("a call that cannot be recorded does not fail the others")
  func failingWrite() async throws {
    let held = try makeJournal(dailyLimit: .tokens(7)).begin(
      Self.script, seed: Self.seed, unless: .none)
    async let first: Void = held.record(sent(makeCall(held.run, "a", price: .tokens(3))))
    async let second: Void = held.record(sent(makeCall(held.run, "b", price: .tokens(50))))
    async let third: Void = held.record(sent(makeCall(held.run, "c", price: .tokens(3))))
    try await first
    do {
      try await second
      Issue.record("a call over the limit was written")
    } catch {
      #expect((error as? ImagineError)?.kind == .budget)
    }
    try await third
    #expect(try makeJournal().calls(of: nil, limit: nil).count == 2)
  }

  @Test("pruning deletes old finished runs and unreferenced files")
  func pruned() async throws {
    let store = FileAssetStore(root: "\(folder)/assets")
    let journal = makeJournal()
    var kept: [Asset] = []
    for (name, state) in [("old", Run.State.finished), ("unfinished", .failed)] {
      let held = try journal.begin(Script(path: "/\(name)"), seed: Self.seed, unless: .none)
      let asset = try await store.store(Array(name.utf8))
      kept.append(asset)
      var call = makeCall(held.run, name)
      call.state = .stored
      let original = try await store.store(Array("\(name), as it was paid for".utf8))
      kept.append(original)
      var result = StoredResult(asset, engine: nil)
      result.original = .init(original)
      result.drift = 0.25
      call.results = [result]
      try await held.record(call)
      #expect(try makeJournal().calls(of: held.run.id, limit: nil).first?.results == [result])
      try held.end(state)
    }
    let stray = try await store.store(Array("stray".utf8))
    #expect(try journal.prune(keeping: Retention(), assets: "\(folder)/assets").runs == 0)
    let pruned = try journal.prune(keeping: Retention(days: -1), assets: "\(folder)/assets")
    #expect(pruned.runs == 1 && pruned.files == 3)
    #expect(try journal.runs().map(\.run.script.path) == ["/unfinished"])
    for asset in kept[2...] { #expect(try store.asset(sha256: asset.sha256) != nil) }
    for asset in kept[..<2] { #expect(try store.asset(sha256: asset.sha256) == nil) }
    #expect(try store.asset(sha256: stray.sha256) == nil)
  }

  @Test("pruning deletes no files while a script runs")
  func prunedBeside() async throws {
    let store = FileAssetStore(root: "\(folder)/assets")
    let journal = makeJournal()
    let alive = try journal.begin(Self.script, seed: Self.seed, unless: .none)
    let opened = try await store.store(Array("an image that it opened".utf8))
    let keepsNothing = Retention(days: -1)
    #expect(try makeJournal().prune(keeping: keepsNothing, assets: "\(folder)/assets").files == 0)
    #expect(try store.asset(sha256: opened.sha256) != nil)
    try alive.end(.finished)
    #expect(try makeJournal().prune(keeping: keepsNothing, assets: "\(folder)/assets").files == 1)
  }

  @Test("pruning is due once a day, also after the clock was changed")
  func pruningIsDue() throws {
    let journal = makeJournal()
    try journal.begin(Self.script, seed: Self.seed, unless: .none).end(.finished)
    #expect(try journal.isPruningDue())
    #expect(try !journal.isPruningDue())
    for days in [-2.0, 400] {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: days * 86_400)],
        ofItemAtPath: "\(folder)/runs/pruned")
      #expect(try journal.isPruningDue())
      #expect(try !journal.isPruningDue())
    }
  }

  @Test("a file that is stored again is not pruned before the journal refers to it")
  func storedAgain() async throws {
    let store = FileAssetStore(root: "\(folder)/assets")
    let journal = makeJournal()
    try journal.begin(Self.script, seed: Self.seed, unless: .none).end(.finished)
    let asset = try await store.store(Array("an image".utf8))
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: asset.path)
    #expect(try await store.store(Array("an image".utf8)) == asset)
    #expect(try journal.prune(keeping: Retention(), assets: "\(folder)/assets").files == 0)
  }

  @Test("a price that the service names replaces the reserved one, and its counts are kept")
  func settled() async throws {
    let held = try makeJournal(dailyLimit: .tokens(9)).begin(
      Self.script, seed: Self.seed, unless: .none)
    var call = sent(makeCall(held.run, "a cat"))
    try await held.record(call)
    call.sends[0].price = .tokens(2)
    call.sends[0].usage = ["output_tokens": 300, "input_tokens": 7]
    call.sends[0].charged = .yes
    call.state = .stored
    try await held.record(call)
    #expect(try makeJournal().calls(of: held.run.id, limit: nil) == [call])
    #expect(try makeJournal().run(held.run.id).spent == ["tokens": 2])
    #expect(call.cost == .tokens(2))
    // 2 of 9 are spent, so another 5 are allowed.
    var second = sent(makeCall(held.run, "a dog"))
    try await held.record(second)
    // A bill above the limit is recorded: it is paid.
    second.sends[0].price = .tokens(50)
    second.state = .stored
    try await held.record(second)
    #expect(try makeJournal().run(held.run.id).spent == ["tokens": 52])
  }

  @Test("each send of a call counts towards its day and its run, even if a later send fails")
  func sends() async throws {
    let held = try makeJournal(dailyLimit: .tokens(12)).begin(
      Self.script, seed: Self.seed, unless: .none)
    var call = sent(makeCall(held.run, "a cat"))
    try await held.record(call)
    call = sent(call)
    call.sends[1].at += 1
    try await held.record(call)
    #expect(try makeJournal().run(held.run.id).spent == ["tokens": 10])
    // A third send would exceed the daily limit and changes nothing.
    var third = sent(call)
    third.sends[2].at += 2
    await #expect(throws: ImagineError.self) { try await held.record(third) }
    #expect(try makeJournal().calls(of: held.run.id, limit: nil) == [call])
    // The second send was refused unbilled; the first is still uncertain.
    call.sends.removeLast()
    call.state = .failed
    try await held.record(call)
    third = sent(call)
    third.sends[1].at += 2
    try await held.record(third)
    let summary = try makeJournal().run(held.run.id)
    #expect(summary.spent == ["tokens": 10] && summary.uncertain == 1)
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
