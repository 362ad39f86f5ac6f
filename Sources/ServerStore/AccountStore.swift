/// Tokens of an account that a call has on hold.
public struct Hold: Sendable, Hashable {
  /// Names the call and its charge; made by the caller, and used for nothing else.
  public var key: String
  public var account: String
  /// Tokens, more than 0.
  public var amount: Int64

  public init(key: String, account: String, amount: Int64) {
    self.key = key
    self.account = account
    self.amount = amount
  }
}

/// The result of a hold.
public enum HoldResult: Sendable, Hashable {
  /// The tokens are on hold.
  case held
  /// The balance, less what is on hold, does not cover the amount; nothing is on hold.
  case balanceTooLow
  /// The call has been charged already: an earlier attempt settled it.
  case settled
}

/// The figures of an account, in tokens.
public struct AccountStatement: Sendable, Hashable {
  /// What the account was ever given.
  public var granted: Int64
  /// What is left of it. Below 0 only if the grant was lowered to less than was spent.
  public var balance: Int64
  /// What calls in work have on hold.
  public var held: Int64
  /// The sum of all charges, less refunds.
  public var charged: Int64
  /// The sum of the holds, one by one.
  public var onHold: Int64

  public init(granted: Int64, balance: Int64, held: Int64, charged: Int64, onHold: Int64) {
    self.granted = granted
    self.balance = balance
    self.held = held
    self.charged = charged
    self.onHold = onHold
  }

  /// Whether the books are right: what was granted is the balance and all charges, and what is held
  /// is the sum of the holds.
  public var isBalanced: Bool { granted == balance + charged && held == onHold }
}

/// The balances of accounts, in tokens.
///
/// A call takes three steps: ``hold(_:for:)`` before the work, ``settle(_:for:)`` when its answer is
/// stored, or ``release(_:)`` if it failed. A hold whose server died expires. An account that was
/// never opened pays nothing.
public protocol AccountStore: Sendable {
  /// Opens accounts with their grants.
  ///
  /// An account that is already open gets the difference from its last grant: raising a grant from
  /// 1000 to 1500 adds 500 to the balance.
  func open(grants: [String: Int64]) async throws

  /// What is left to an account, holds included; nil if it was never opened.
  func balance(of account: String) async throws -> Int64?

  /// The figures of an account; nil if it was never opened.
  func statement(of account: String) async throws -> AccountStatement?

  /// Puts tokens on hold. A repetition changes nothing, not even the expiry.
  ///
  /// - Parameter seconds: after that time the hold expires.
  func hold(_ hold: Hold, for seconds: Double) async throws -> HoldResult

  /// Charges a hold, once: a repetition takes nothing and returns true.
  ///
  /// A hold that has expired is charged if the balance still covers it.
  ///
  /// - Parameter purpose: what was done, for whoever reads the charges.
  /// - Returns: false if the balance does not cover the amount: then nothing is taken, and what it
  ///   was for must not be handed out.
  func settle(_ hold: Hold, for purpose: String) async throws -> Bool

  /// Ends a hold without a charge. Does nothing if there is none.
  func release(_ hold: Hold) async throws

  /// The number of holds, of all accounts.
  func holdCount() async throws -> Int
}
