import ImagineCore
import Logging
import Synchronization

/// Charges calls to balances: holds the price while the work is done, and takes it with the result.
///
/// What is held lives in memory alone, so a server that dies in mid-work has charged nothing. That
/// balances never fall below zero is the store's promise; holding makes sure that, on one server,
/// no picture is drawn that cannot be paid.
struct Till: Sendable {
  /// A reference, so that all copies of a till share it.
  private final class Ledger: Sendable {
    /// Tokens held for work that goes on, by account.
    let held = Mutex<[String: Int64]>([:])
  }

  private let accounts: any AccountStore
  private let logger: Logger
  private let ledger = Ledger()
  /// A balance is read and what is held of it changed without another call in between.
  private let turns = Turns()

  init(accounts: any AccountStore, logger: Logger) {
    self.accounts = accounts
    self.logger = logger
  }

  /// Opens the accounts of a token file.
  func open(_ list: TokenList) async throws {
    let grants = list.entries.compactMapValues(\.balance)
    if !grants.isEmpty { try await accounts.open(grants: grants) }
  }

  /// Does work for an account, and charges it once the work is done.
  ///
  /// - Throws: ``Failure`` 1101 where the balance does not cover the price; what the work throws,
  ///   and then nothing is charged.
  func charge<Result>(
    _ price: Int64, to account: Account, for purpose: String, work: () async throws -> Result
  ) async throws -> Result {
    guard account.isMetered, price > 0 else { return try await work() }
    try await hold(price, of: account.id)
    let result: Result
    do {
      result = try await work()
    } catch {
      letGo(price, of: account.id)
      throw error
    }
    let isPaid = try await turns.take(account.id) {
      defer { letGo(price, of: account.id) }
      // The store tells its charges apart by what they are for.
      let number = String(UInt64.random(in: .min ... .max), radix: 16)
      return try await settle(price, with: account.id, for: "\(purpose) \(number)")
    }
    guard isPaid else { throw Self.tooLittle(price) }
    return result
  }

  static func tooLittle(_ price: Int64) -> Failure {
    Failure(.paymentRequired, "not enough tokens: this call costs \(price)")
  }

  private func hold(_ price: Int64, of account: String) async throws {
    try await turns.take(account) {
      let balance = try await accounts.balance(of: account) ?? Int64.max
      let isEnough = ledger.held.withLock { held in
        guard balance - held[account, default: 0] >= price else { return false }
        held[account, default: 0] += price
        return true
      }
      guard isEnough else { throw Self.tooLittle(price) }
    }
  }

  private func letGo(_ price: Int64, of account: String) {
    ledger.held.withLock { held in
      let rest = held[account, default: 0] - price
      held[account] = rest > 0 ? rest : nil
    }
  }

  /// Takes the price, asking again where the store does not answer.
  ///
  /// Where it never does, the caller has the result and the charge is lost or made: a refusal would
  /// make the caller pay for the same work a second time.
  private func settle(
    _ price: Int64, with account: String, for purpose: String
  ) async throws -> Bool {
    for _ in 0..<3 {
      do {
        return try await accounts.charge(price, to: account, for: purpose)
      } catch let fault as StoreUnreachable {
        logger.error(
          "a charge was not recorded",
          metadata: ["purpose": .string(purpose), "cause": .string("\(fault)")])
        try? await Task.sleep(for: .milliseconds(200))
      }
    }
    return true
  }
}
