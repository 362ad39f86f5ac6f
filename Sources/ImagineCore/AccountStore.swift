/// The balances of accounts, in tokens.
///
/// Every function is one transaction, and throws ``StoreUnreachable`` where the store does not
/// answer. None leaves a balance below zero.
public protocol AccountStore: Sendable {
  /// Opens accounts with what they are granted.
  ///
  /// An account that is open already gets the difference to its last grant, so that raising a
  /// grant of 1000 to 1500 adds 500 to whatever is left.
  func open(grants: [String: Int64]) async throws

  /// What an account has left; nil where it was never opened.
  func balance(of account: String) async throws -> Int64?

  /// Takes tokens from an account and records what for. False where too few are left: then
  /// nothing is taken. Asked again for the same purpose, it takes nothing more and answers true, so
  /// a caller that got no answer can ask again.
  func charge(_ amount: Int64, to account: String, for purpose: String) async throws -> Bool
}
