import ImagineAPI
import ImagineRuns
import Testing

@testable import HostStore

extension JournalTests {
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
}
