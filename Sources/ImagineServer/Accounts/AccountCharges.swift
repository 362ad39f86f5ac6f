import ImagineAPI
import Logging
import ServerStore
import Synchronization

/// Charges calls to balances: holds the price during the work, then captures or releases it.
///
/// Holds are kept in memory, so a server that dies during the work charges nothing. The store ensures
/// that no balance falls below zero. The holds ensure that one server does not start work that the
/// account cannot pay for.
struct AccountCharges: Sendable {
  /// A class, so that copies of ``AccountCharges`` share it.
  private final class BalanceHolds: Sendable {
    /// Tokens on hold, by account.
    let tokens = Mutex<[String: Int64]>([:])
  }

  private let accounts: any AccountStore
  private let logger: Logger
  private let holds = BalanceHolds()
  /// Makes reading a balance and changing its hold one step.
  private let locks = KeyedLock()

  init(accounts: any AccountStore, logger: Logger) {
    self.accounts = accounts
    self.logger = logger
  }

  /// Opens the accounts of a token file.
  func open(_ list: TokenList) async throws {
    let grants = list.entries.compactMapValues(\.balance)
    if !grants.isEmpty { try await accounts.open(grants: grants) }
  }

  /// Does work for an account, and charges the account when the work is done.
  ///
  /// - Throws: ``APIError`` 1101 if the balance does not cover the price; what the work throws, and
  ///   then nothing is charged.
  func charge<Result>(
    _ price: Int64, to account: Account, for purpose: String, work: () async throws -> Result
  ) async throws -> Result {
    guard account.isMetered, price > 0 else { return try await work() }
    try await hold(price, of: account.id)
    let result: Result
    do {
      result = try await work()
    } catch {
      release(price, of: account.id)
      throw error
    }
    let isPaid = try await locks.withLock(account.id) {
      defer { release(price, of: account.id) }
      // The store recognizes a repeated charge by its purpose, so each call needs its own.
      let number = String(UInt64.random(in: .min ... .max), radix: 16)
      return try await capture(price, from: account.id, for: "\(purpose) \(number)")
    }
    guard isPaid else { throw Self.balanceTooLow(price) }
    return result
  }

  static func balanceTooLow(_ price: Int64) -> APIError {
    APIError(.paymentRequired, "not enough tokens: this call costs \(price)")
  }

  private func hold(_ price: Int64, of account: String) async throws {
    try await locks.withLock(account) {
      let balance = try await accounts.balance(of: account) ?? Int64.max
      let isEnough = holds.tokens.withLock { held in
        guard balance - held[account, default: 0] >= price else { return false }
        held[account, default: 0] += price
        return true
      }
      guard isEnough else { throw Self.balanceTooLow(price) }
    }
  }

  private func release(_ price: Int64, of account: String) {
    holds.tokens.withLock { held in
      let rest = held[account, default: 0] - price
      held[account] = rest > 0 ? rest : nil
    }
  }

  /// Takes the price; retries if the store does not answer.
  ///
  /// If the store never answers, the caller still gets the result, whether or not the charge was
  /// recorded: after an error the caller would retry, and might pay twice.
  private func capture(
    _ price: Int64, from account: String, for purpose: String
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
