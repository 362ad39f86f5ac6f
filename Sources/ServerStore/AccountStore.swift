/// The balances of accounts, in tokens.
///
/// Every function is one transaction, and throws ``StoreUnreachable`` if the store does not answer.
/// A balance never falls below zero.
public protocol AccountStore: Sendable {
  /// Opens accounts with their grants.
  ///
  /// An account that is already open gets the difference from its last grant: raising a grant from
  /// 1000 to 1500 adds 500 to the balance.
  func open(grants: [String: Int64]) async throws

  /// The balance of an account; nil if it was never opened.
  func balance(of account: String) async throws -> Int64?

  /// Takes tokens from an account and records the purpose. False if the balance is too low: then
  /// nothing is taken.
  ///
  /// A retry is safe: a second charge for the same purpose takes nothing and returns true.
  func charge(_ amount: Int64, to account: String, for purpose: String) async throws -> Bool
}
