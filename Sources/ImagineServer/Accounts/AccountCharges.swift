import ImagineAPI
import Logging
import ServerStore

/// Charges calls to balances: holds the price during the work, then settles or releases it.
///
/// The holds are in the store, so all servers together never start work that an account cannot pay
/// for. A server that dies during the work charges nothing: its holds expire.
struct AccountCharges: Sendable {
  private let accounts: any AccountStore
  /// Seconds after which a hold expires. Longer than any call.
  private let holdSeconds: @Sendable () -> Double
  private let logger: Logger

  init(accounts: any AccountStore, holdSeconds: @escaping @Sendable () -> Double, logger: Logger) {
    self.accounts = accounts
    self.holdSeconds = holdSeconds
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
    let hold = Hold(key: try RandomID.next(), account: account.id, amount: price)
    _ = try await self.hold(hold)
    let result: Result
    do {
      result = try await work()
    } catch {
      await release(hold)
      throw error
    }
    try await settle(hold, for: purpose)
    return result
  }

  /// Puts the price of a call on hold.
  ///
  /// - Returns: false if the call was charged already, in an earlier attempt.
  /// - Throws: ``APIError`` 1101 if the balance does not cover it; ``StoreUnreachable``: then the
  ///   hold expires, if there is one.
  func hold(_ hold: Hold) async throws -> Bool {
    switch try await again(hold, "hold", { try await accounts.hold(hold, for: holdSeconds()) }) {
    case .held: return true
    case .settled: return false
    case .balanceTooLow: throw Self.balanceTooLow(hold.amount)
    }
  }

  /// Charges a hold whose work is done.
  ///
  /// If the store does not answer, the caller still gets the result: after an error the caller would
  /// retry, and might pay twice. The charge is tried again until the hold expires.
  ///
  /// - Throws: ``APIError`` 1101 if the hold has expired and the balance does not cover it.
  func settle(_ hold: Hold, for purpose: String) async throws {
    let isPaid: Bool
    do {
      isPaid = try await again(hold, "charge") { try await accounts.settle(hold, for: purpose) }
    } catch is StoreUnreachable {
      settleLater(hold, for: purpose)
      return
    }
    guard isPaid else { throw Self.balanceTooLow(hold.amount) }
  }

  /// A database that recovers from a crash takes seconds.
  private func settleLater(_ hold: Hold, for purpose: String) {
    Task {
      do {
        let isPaid = try await untilAnswered(by: Deadline(in: holdSeconds()), pause: 1) {
          try await accounts.settle(hold, for: purpose)
        }
        if isPaid { return }
        logger.error("a call was not charged", metadata: ["call": .string(hold.key)])
      } catch {
        logger.error(
          "a call was not charged",
          metadata: ["call": .string(hold.key), "cause": .string("\(error)")])
      }
    }
  }

  /// Gives the tokens of a call back that failed. If the store does not answer, they come back when
  /// the hold expires.
  func release(_ hold: Hold) async {
    // A task of its own, because the store refuses queries of a cancelled one.
    await Task { try? await again(hold, "release") { try await accounts.release(hold) } }.value
  }

  static func balanceTooLow(_ price: Int64) -> APIError {
    APIError(.paymentRequired, "not enough tokens: this call costs \(price)")
  }

  /// Does a query again that may or may not have been executed. The hold's key makes it safe.
  private func again<Answer: Sendable>(
    _ hold: Hold, _ action: String, _ query: () async throws -> Answer
  ) async throws -> Answer {
    try await untilAnswered(
      onFault: { fault in
        logger.error(
          "the store does not answer",
          metadata: [
            "action": .string(action), "call": .string(hold.key), "cause": .string("\(fault)"),
          ])
      }, query)
  }
}
