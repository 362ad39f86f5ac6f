import ImagineCore
import Synchronization

/// Charges calls to balances: holds the price while the work is done, and takes it with the result.
///
/// What is held lives in memory alone, so a server that dies in mid-work has charged nothing. That
/// balances never fall below zero is the store's promise; holding makes sure that, on one server,
/// no picture is drawn that cannot be paid.
struct Till: Sendable {
  private struct Holdings {
    /// Tokens held for work that goes on.
    var held: Int64 = 0
    /// Holds that are being taken from the balance at this moment.
    var settling = 0
    /// Grows whenever a balance may have changed.
    var generation = 0
  }

  /// A reference, so that all copies of a till share it.
  private final class Ledger: Sendable {
    let accounts = Mutex<[String: Holdings]>([:])
  }

  let accounts: any AccountStore
  private let ledger = Ledger()

  init(accounts: any AccountStore) {
    self.accounts = accounts
  }

  /// Opens the accounts of a token file.
  func open(_ list: TokenList) async throws {
    let grants = list.entries.compactMapValues(\.balance)
    if !grants.isEmpty { try await asking { try await accounts.open(grants: grants) } }
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
      change(account.id) { $0.held -= price }
      throw error
    }
    change(account.id) { $0.settling += 1 }
    defer {
      change(account.id) {
        $0.settling -= 1
        $0.generation += 1
        $0.held -= price
      }
    }
    let paid = try await asking {
      try await accounts.charge(price, to: account.id, for: purpose)
    }
    guard paid else { throw Self.tooLittle(price) }
    return result
  }

  static func tooLittle(_ price: Int64) -> Failure {
    Failure(.paymentRequired, "not enough tokens: this call costs \(price)")
  }

  private func hold(_ price: Int64, of account: String) async throws {
    while true {
      let before = ledger.accounts.withLock { $0[account] ?? Holdings() }
      let balance =
        try await asking { try await accounts.balance(of: account) } ?? Int64.max
      let isEnough: Bool? = ledger.accounts.withLock { accounts in
        var holdings = accounts[account] ?? Holdings()
        // Between the charge and its entry here the same tokens would count twice.
        guard holdings.settling == 0, holdings.generation == before.generation else { return nil }
        guard balance - holdings.held >= price else { return false }
        holdings.held += price
        accounts[account] = holdings
        return true
      }
      switch isEnough {
      case true?: return
      case false?: throw Self.tooLittle(price)
      case nil: try await Task.sleep(for: .milliseconds(2))
      }
    }
  }

  private func change(_ account: String, _ body: (inout Holdings) -> Void) {
    ledger.accounts.withLock { body(&$0[account, default: Holdings()]) }
  }
}
